#pragma once

#include "tools/devcluster/check/findings.hpp"

#include <chrono>
#include <optional>

namespace devcluster {

struct tcp_options {
    std::vector<proto_http::host_port> targets;
    std::string sent;       ///< after the connect
    std::string expected;   ///< to be found in what comes; empty: the connect is enough
    bool must_fail = false; ///< the other way round: it passes if no connection comes about
    proto_http::duration timeout = std::chrono::seconds(10);
};

/// Connects to each target.
boost::asio::awaitable<findings> check_tcp(proto_http::runtime& rt, tcp_options options, proto_http::time_point limit);

/// Text with the escapes \r \n \t \0 \\ and \xHH in place of the bytes, which command lines cannot hold. No value for others.
std::optional<std::string> unescape(std::string_view text);

} // namespace devcluster
