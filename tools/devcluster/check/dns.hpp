#pragma once

#include "tools/devcluster/check/findings.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>

namespace devcluster {

struct dns_options {
    std::vector<std::string> names;
    std::vector<boost::asio::ip::address> expected; ///< each of them must be among the addresses of each name
    std::string server;                             ///< address[:port] of the one to ask; empty: the system's way
    proto_http::duration timeout = std::chrono::seconds(10);
};

/// Resolves each name. It passes when each has an address, and those that are expected.
boost::asio::awaitable<findings> check_dns(proto_http::runtime& rt, dns_options options, proto_http::time_point limit);

} // namespace devcluster
