#pragma once

#include "proto_http/result.hpp"

#include <exception>
#include <string>
#include <type_traits>

// The errors of this floor. Each message says what to check; what the peer said travels beside the code, not in it.

namespace proto_http {

enum class errc {
    timed_out = 1,     ///< a named time limit ran out
    cancelled,         ///< the caller, or shutdown above it, gave up
    connect_failed,    ///< no address of the host took the connection
    host_not_found,    ///< the name has no address
    tls_failed,        ///< handshake or certificate check failed
    closed,            ///< the peer closed in the middle of a message
    malformed,         ///< not HTTP/1.1
    header_too_large,  ///< header over its limit
    body_too_large,    ///< body over its limit
    line_too_long,     ///< a line of a streamed body over its limit
    proxy_refused,     ///< the proxy answered CONNECT with other than 200
    bad_url,           ///< a URL that does not parse or whose scheme is not http(s)
    file_not_readable, ///< a file is missing, unreadable or over its limit
    bad_pem,           ///< certificate or key do not parse or do not match
    address_in_use,    ///< the listen address is taken
    command_failed,    ///< a child process could not start or ended with a non-zero code
    draining,          ///< the server takes no new work
    name_server_failed ///< no DNS server gave an answer
};

const boost::system::error_category& category() noexcept;
error_code make_error_code(errc value) noexcept;

/// What an exception says of itself, for logs.
std::string what_of(std::exception_ptr exception);

} // namespace proto_http

template <>
struct boost::system::is_error_code_enum<proto_http::errc> : std::true_type {};
