#pragma once

#include "proto_http/client.hpp"
#include "proto_http/message.hpp"
#include "proto_http/result.hpp"

#include <string>

// The bytes before a request's body. Internal to this floor; no I/O.

namespace proto_http {

/// "host:port" as the Host header wants it: IPv6 in brackets, no port where it is the scheme's own.
std::string authority_of(const host_port& origin, bool tls);

/// Request line and header. Host and Content-Length are added where the caller gave none; a caller's Content-Length and
/// Transfer-Encoding are ours to say and left out. For plain HTTP over a proxy the target is absolute. Errors: errc::malformed
/// for a method, target or header that would end its line early.
result<std::string> request_head(const request& what, const client_settings& settings, bool tls);

/// The CONNECT request that opens a tunnel to the origin. Errors: as above.
result<std::string> connect_head(const client_settings& settings);

} // namespace proto_http
