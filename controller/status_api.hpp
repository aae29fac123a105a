#pragma once

#include "controller/status_board.hpp"
#include "proto_http/server.hpp"

#include <functional>
#include <string>
#include <vector>

// The pages that people, dashboards and probes read: /status (and /), /metrics, /healthz, /livez, /readyz.

namespace kh {

struct readiness {
    bool ready = false;
    std::string body; ///< JSON
};

struct status_sources {
    std::function<board_globals()> globals;
    std::function<std::vector<metric_family>()> process_metrics;
    std::function<readiness()> ready;
    std::function<bool()> alive; ///< false: only a restart helps
    /// Puts what decides who may read before a page; the probes are not asked about.
    std::function<proto_http::request_handler(proto_http::request_handler)> guard;
};

/// The routes; `board` and what the sources refer to must outlive the server.
std::vector<proto_http::route> status_routes(status_board& board, status_sources sources);

} // namespace kh
