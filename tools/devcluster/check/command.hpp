#pragma once

#include "tools/devcluster/check/findings.hpp"

namespace devcluster {

struct command_options {
    std::vector<std::string> arguments; ///< [0] is the program
    proto_http::duration timeout = proto_http::duration::max();
};

/// Runs a program. It passes when that ends with exit code 0. The program does not get KH_RUN_UUID and KH_REPORTING_URL: what it
/// prints is shown, and who reports is this check.
boost::asio::awaitable<findings> check_command(proto_http::runtime& rt, command_options options, proto_http::time_point limit);

} // namespace devcluster
