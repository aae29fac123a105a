#pragma once

#include "tools/devcluster/api/schema.hpp"
#include "tools/devcluster/api/status.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

// The three kinds of PATCH body. Pure: original and patch in, result out. Their errors, and where they differ from the RFCs, are
// those of kube-apiserver. None recurs deeper than its input does, but for a JSON patch, which is refused when it makes the
// object too deep.

namespace devcluster {

/// RFC 6902, with the licences that kube-apiserver takes: negative indices count from the end, `replace` adds a member that is
/// not there, `copy` copies a member that is not there as null. Errors: 400 for a body that is not a patch, 413 for one of more
/// than 10000 operations, 422 (reason Invalid) for one that does not apply.
outcome<boost::json::value> apply_json_patch(boost::json::value original, const boost::json::value& patch);

/// RFC 7386, but nulls within lists' objects are removed, too. Errors: 400 for a patch that is not an object.
outcome<boost::json::object> apply_merge_patch(boost::json::object original, const boost::json::value& patch);

/// Kubernetes' strategic merge patch: lists merge by x-kubernetes-patch-merge-key, with $patch (replace, delete), $retainKeys,
/// $setElementOrder/NAME and $deleteFromPrimitiveList/NAME. A schema that is not known (null) merges as RFC 7386.
/// Errors: 400 and 422; 500 without a reason for what kube-apiserver does not tell from its own faults (an element without its
/// merge key, an unknown directive, an order that the list does not have).
outcome<boost::json::object> apply_strategic_merge_patch(boost::json::object original, const boost::json::object& patch,
                                                         const schema* of);

/// 400: what Go says of a JSON value that is not the object it wants, "json: cannot unmarshal array into Go value of type ...".
status_error not_unmarshalled(std::string_view prefix, const boost::json::value& found, std::string_view wanted);

} // namespace devcluster
