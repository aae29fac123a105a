#pragma once

#include "proto_http/message.hpp"
#include "tools/devcluster/check/findings.hpp"
#include "tools/devcluster/check/status_set.hpp"
#include "tools/devcluster/check/target.hpp"

#include <chrono>

namespace devcluster {

struct http_options {
    std::vector<std::string> urls; ///< one that begins with '/' is of the host in KH_REPORTING_URL: Kuberhealthy itself
    std::string method = "GET";
    proto_http::header_list headers;
    std::string body;
    status_set expected_status = *status_set::parse("200-399");
    std::string expected_body;                               ///< to be found in the body; empty: whatever
    proto_http::duration timeout = std::chrono::seconds(10); ///< of one request, redirects included
    unsigned redirects_max = 10;
    trust_options trusted;
};

/// Asks each URL, through the proxy of the environment where there is one, and follows redirects. It passes when the last answer
/// has an expected status and the expected text.
boost::asio::awaitable<findings> check_http(proto_http::runtime& rt, http_options options, proto_http::time_point limit);

} // namespace devcluster
