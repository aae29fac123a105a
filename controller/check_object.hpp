#pragma once

#include "asio_k8s/resource.hpp"
#include "controller/core/types.hpp"

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>

// The dialect comcast.github.io/v1: its objects to the core's values, and the core's results to its objects. Pure. Format source:
// Kuberhealthy v2.7.1, pkg/apis (khcheck, khjob, khstate).

namespace kh::v1 {

extern const k8s::resource khchecks;
extern const k8s::resource khjobs;
extern const k8s::resource khstates;

/// "KuberhealthyCheck" or "KuberhealthyJob".
std::string_view kind_of(core::workload kind);

struct parsed_check {
    core::check_view view;
    /// JSON text {"podSpec":{…},"extraLabels":{…},"extraAnnotations":{…}}, kept as text because it is small and used once per
    /// run. Empty where `view.spec_error` is not.
    std::string pod_template;
};

/// Never throws. What is wrong with the spec goes to `view.spec_error` and names the field, for example
/// `spec.runInterval: "10 minutes" is not a duration (want e.g. 90s, 10m, 1h30m)`.
parsed_check parse_check(const boost::json::object& object, core::workload kind);

/// Never throws; what is missing or of a wrong type stays at its default.
core::state_view parse_state(const boost::json::object& object);

/// A whole KuberhealthyState, owned by the check or job.
std::string state_create_body(const core::run_result& result, std::string_view authoritative_pod);

/// A merge patch of our own fields (spec, our annotations, the owner) for the object as it was at `resource_version`.
std::string state_patch_body(const core::run_result& result, std::string_view authoritative_pod,
                             std::string_view resource_version);

/// A merge patch of a job's phase: "Running", "Completed". With a blank resource version it holds whatever was stored.
std::string job_phase_patch_body(std::string_view phase, std::string_view resource_version);

} // namespace kh::v1
