#pragma once

#include "controller/core/types.hpp"

#include <string>

// The checker pod of one run, as Kuberhealthy v2.7.1 makes it (pkg/checks/external/main.go) but owned by its check. Pure.

namespace kh {

struct pod_order {
    core::check_key key;
    core::workload kind = core::workload::check;
    std::string check_uid;
    core::unix_seconds slot = 0;
    int attempt = 0;
    std::string run_id; ///< public
    std::string secret; ///< KH_RUN_UUID; stands in the pod's spec and nowhere else
    std::int64_t generation = 0;
    core::unix_seconds deadline = 0;
    std::string pod_name;
};

/// The JSON of the pod. `pod_template` is `v1::parsed_check::pod_template`. The user's labels, annotations and variables give way
/// to ours of the same name; restartPolicy is Never whatever the user says. A container with a proxy in its `env` gets the host
/// of `reporting_url` as an exception (NO_PROXY).
std::string build_pod(const std::string& pod_template, const pod_order& order, const std::string& reporting_url);

} // namespace kh
