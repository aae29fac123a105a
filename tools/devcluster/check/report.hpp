#pragma once

#include "proto_http/runtime.hpp"
#include "tools/devcluster/check/run_contract.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace devcluster {

/// The body of a report: OK without errors, not OK with at least one, none of them blank.
std::string report_body(const std::vector<std::string>& errors);

/// Sends the report to Kuberhealthy until it is stored (200) or refused for good (400). Any other answer and a connection that
/// does not come are tried again, later each time, until the deadline; once in any case, for the clocks of two machines differ.
/// Never through a proxy of the environment: Kuberhealthy is in the cluster, whatever the targets of the check are.
///
/// Returns an empty text, or why the report did not arrive.
boost::asio::awaitable<std::string> send_report(proto_http::runtime& rt, run_contract to, std::vector<std::string> errors);

} // namespace devcluster
