#pragma once

#include "tools/devcluster/api/schema.hpp"
#include "tools/devcluster/api/status.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

// The three kinds of PATCH body. Pure: original and patch in, result out.

namespace devcluster {

/// RFC 6902. Errors: 400 for a body that is not a patch, 422 (reason Invalid) for one that does not apply, in the API server's words.
outcome<boost::json::value> apply_json_patch(boost::json::value original, const boost::json::value& patch);

/// RFC 7386.
boost::json::value apply_merge_patch(boost::json::value original, const boost::json::value& patch);

/// Kubernetes' strategic merge patch: lists merge by x-kubernetes-patch-merge-key, with $patch (replace, delete, merge),
/// $retainKeys, $setElementOrder/NAME and $deleteFromPrimitiveList/NAME. A schema that is not known merges as RFC 7386.
/// Errors: 400/422 in the API server's words.
outcome<boost::json::object> apply_strategic_merge_patch(boost::json::object original, const boost::json::object& patch,
                                                         const schema* of);

} // namespace devcluster
