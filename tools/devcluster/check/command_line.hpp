#pragma once

#include "tools/devcluster/check/findings.hpp"

#include <functional>
#include <string>
#include <vector>

namespace devcluster {

/// What the command line asks for.
struct check_call {
    /// The check, to be started once; empty where there is none to run.
    std::function<boost::asio::awaitable<findings>(proto_http::runtime&, proto_http::time_point limit)> run;
    std::string help;    ///< asked for with --help; for the standard output
    std::string problem; ///< what is wrong with the command line or a variable that stands in for a flag
};

/// `arguments` without the program's name. What a flag does not say is looked up in the variables of Kuberhealthy v2's check
/// images; docs/checks.md has the table.
check_call parse_command_line(proto_http::runtime& rt, std::vector<std::string> arguments);

} // namespace devcluster
