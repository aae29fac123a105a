#pragma once

#include "proto_http/server.hpp"

#include <optional>
#include <string>

// The bytes before a response's body. Internal to this floor; no I/O.

namespace proto_http {

/// 1xx, 204 and 304 have no body (RFC 9110, 6.4.1).
bool has_body(unsigned status) noexcept;

struct connection_fate {
    bool is_kept;    ///< the server goes on reading
    bool is_http_10; ///< the client has to be told when it is kept, not when it is not
};

/// Status line and header. Content-Length, Transfer-Encoding and Connection are ours; of the handler's headers, one that could
/// end its line early is left out. `body_size` nothing: a streamed body, in chunks unless the client speaks HTTP/1.0.
std::string response_head(const server_response& what, std::optional<std::size_t> body_size, connection_fate fate);

/// The refusal's own wording where the route has none.
server_response plain_refusal(const refusal& what);

} // namespace proto_http
