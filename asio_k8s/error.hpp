#pragma once

#include "proto_http/result.hpp"
#include "proto_http/time.hpp"

#include <optional>
#include <string>
#include <type_traits>

// What a Kubernetes API call can end with. A `Status` body of the server (Kubernetes API conventions, "Response Status Kind")
// becomes a code that is ours and the server's own words beside it.

namespace k8s {

enum class errc {
    bad_request = 1,     ///< 400
    unauthorized,        ///< 401: check the credentials; the token file is read again at once
    forbidden,           ///< 403: check the RBAC rules of the controller's service account
    not_found,           ///< 404
    conflict,            ///< 409 Conflict: the resourceVersion or a precondition is not the stored one
    already_exists,      ///< 409 AlreadyExists
    gone,                ///< 410: the resourceVersion is too old; list again
    too_large,           ///< 413
    unsupported,         ///< 405, 406, 415
    invalid,             ///< 422: the object was refused by validation
    throttled,           ///< 429: wait as long as Retry-After says
    server_error,        ///< 5xx
    unexpected_status,   ///< any other status
    malformed,           ///< a body that is not the JSON that it should be
    no_resource_version, ///< a list without a resourceVersion: no watch can start from it
    bad_configuration,   ///< kubeconfig, in-cluster files or credentials are not usable
};

const boost::system::error_category& category() noexcept;
proto_http::error_code make_error_code(errc value) noexcept;

struct api_error {
    proto_http::error_code code; ///< k8s::errc, proto_http::errc or a system code
    unsigned http_status = 0;    ///< 0: no answer came (the call may still have taken effect)
    std::string reason;          ///< Status.reason
    std::string message;         ///< Status.message, or the first 512 bytes of another body
    std::optional<proto_http::duration> retry_after;

    /// The server answered; false where the outcome of the call is unknown.
    bool answered() const noexcept { return http_status != 0; }
    /// "403 Forbidden: pods is forbidden: …" or "connection refused".
    std::string text() const;
};

template <class T>
using api_result = boost::system::result<T, api_error>;

[[noreturn]] void throw_exception_from_error(const api_error& error, const boost::source_location& location);

} // namespace k8s

template <>
struct boost::system::is_error_code_enum<k8s::errc> : std::true_type {};
