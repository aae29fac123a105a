#pragma once

#include "proto_http/runtime.hpp"

#include <optional>
#include <string>

namespace devcluster {

/// What Kuberhealthy tells a checker by its environment: docs/checks.md.
struct run_contract {
    std::string reporting_url;                           ///< KH_REPORTING_URL; empty: started by hand, nobody waits for a report
    std::string run_uuid;                                ///< KH_RUN_UUID: a secret, it authorises the report
    proto_http::time_point deadline = proto_http::never; ///< KH_CHECK_RUN_DEADLINE, on the clock of waits

    bool has_reporter() const noexcept { return !reporting_url.empty(); }
};

/// A deadline that is missing or no number is Kuberhealthy's default timeout, 5 minutes, from now; `never` by hand.
run_contract read_run_contract(proto_http::runtime& rt);

/// Until when the test may take: the deadline less what a report may need, 5 s or a quarter of the time that is left.
proto_http::time_point test_limit(const proto_http::runtime& rt, const run_contract& of);

} // namespace devcluster
