#pragma once

#include <boost/json/fwd.hpp>
#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the embedded API server refuses, as a value: it becomes the `Status` body of the answer (Kubernetes API conventions,
// "Response Status Kind"). The wording is kube-apiserver's, so that what people search for finds the same explanations.

namespace devcluster {

/// One entry of details.causes.
struct cause {
    std::string reason;  ///< "FieldValueInvalid", "FieldValueRequired", ...
    std::string message; ///< without the field
    std::string field;   ///< "spec.containers[0].name"

    bool operator==(const cause&) const = default;
};

struct status_error {
    status_error() = default; // no aggregate: an outcome<integer> must not take its value for an error's code

    unsigned code = 500;
    std::string reason; ///< "NotFound", "Invalid", ...; empty: none, as of an unexpected 500
    std::string message;
    // details; left out where all are empty
    std::string name;
    std::string group;
    std::string kind;
    std::string uid;
    std::vector<cause> causes;
    std::optional<unsigned> retry_after_seconds;
};

template <class T>
using outcome = boost::system::result<T, status_error>;

[[noreturn]] void throw_exception_from_error(const status_error& error, const boost::source_location& location);

/// In UTF-8, whatever bytes of a path, a query or a body the texts quote.
boost::json::object to_json(const status_error& error);

/// What an object is called in messages: khstates.comcast.github.io "dns".
struct object_name {
    std::string group;
    std::string resource; ///< plural
    std::string kind;
    std::string name;
};

status_error bad_request(std::string message);
status_error not_found(const object_name& what);
status_error already_exists(const object_name& what);
/// 409 Conflict; `why` follows 'Operation cannot be fulfilled on PLURAL.GROUP "NAME": '.
status_error conflict(const object_name& what, std::string_view why);
/// 422: 'KIND.GROUP "NAME" is invalid: ...' made of the causes.
status_error invalid(const object_name& what, std::vector<cause> causes);
status_error forbidden(const object_name& what, std::string_view why);
/// 410 Expired.
status_error expired(std::string message);
status_error method_not_allowed(std::string_view verb_sentence);
status_error unsupported_media_type(std::string_view accepted);
/// 415 and 406 of the router, which knows no more than the numbers.
status_error unsupported_media_type();
status_error not_acceptable();
/// 500 without a reason: what kube-apiserver does not tell from its own faults.
status_error internal_error(std::string message);
/// 501: what this server knowingly lacks.
status_error not_implemented(std::string message);

} // namespace devcluster
