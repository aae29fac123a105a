#pragma once

#include "proto_http/server.hpp"
#include "proto_http/time.hpp"
#include "tools/devcluster/api/status.hpp"

#include <cstdint>
#include <optional>
#include <string>

// What may go wrong with a request, for tests: the program that is shipped to people has no way to ask for it.

namespace devcluster {

/// One request's fate. The default is none.
struct fault {
    proto_http::duration latency_before{};    ///< before it is looked at
    proto_http::duration latency_after{};     ///< after it has taken effect, before the answer
    std::optional<status_error> answer;       ///< instead of doing anything: 410, 429, 500, a refused write
    std::optional<status_error> answer_after; ///< it has taken effect, and the client is told otherwise
    bool resets_before = false;               ///< the connection breaks, nothing has happened
    bool resets_after = false;                ///< it has taken effect, the connection breaks without an answer
    std::optional<std::size_t> cuts_after; ///< the connection breaks after that many bytes of the body: half a JSON, half a watch
    std::uint64_t stale_by = 0;            ///< a list is answered as of that many revisions ago (a lagging watch cache)
    std::optional<proto_http::duration> bookmark_interval; ///< a watch sends a bookmark that often: a flood
};

class fault_source {
public:
    virtual ~fault_source() = default;
    /// Asked once for each request.
    virtual fault next(const proto_http::server_request& request) = 0;
};

} // namespace devcluster
