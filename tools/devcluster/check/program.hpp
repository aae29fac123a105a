#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace devcluster {

/// Where lines go, each without its end.
struct printer {
    std::function<void(std::string_view)> out;
    std::function<void(std::string_view)> error;
};

/// The whole of kuberhealthy-check: reads command line and environment, tests, prints what it found, and reports it where
/// somebody waits for it. Returns the exit code.
///
///             by hand                             with KH_REPORTING_URL
///     0       the check passes                    the report was accepted, whatever it says
///     1       it fails                            the report could not be delivered
///     2       the command line is wrong           the same, and that could not be reported either
boost::asio::awaitable<int> run_program(proto_http::runtime& rt, std::vector<std::string> arguments, printer print);

} // namespace devcluster
