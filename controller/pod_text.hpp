#pragma once

#include "controller/core/types.hpp"

#include <boost/json/fwd.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The status of a pod as the kubelet and the scheduler tell it, and the one line about it that a person reads in an error. Pure.
// Format source: Kubernetes core/v1 PodStatus.

namespace kh {

struct container_text {
    enum class state { waiting, running, ended };

    std::string name;
    state now = state::waiting;
    std::string reason;
    std::string message; ///< one line, cut
    std::int64_t exit_code = 0;
    std::optional<core::unix_seconds> started;  ///< the first start known; none if it never ran (StartError has the epoch)
    std::optional<core::unix_seconds> finished; ///< the last end known
    std::string last_end;                       ///< how the run before this one ended: "exited with code 1 (Error)", or empty

    bool ran() const { return started.has_value(); }
    /// Stages of every start, and what is said of containers before anything went wrong with them.
    bool is_starting() const { return reason == "ContainerCreating" || reason == "PodInitializing"; }
};

struct pod_status_text {
    std::string reason;     ///< of the pod: Evicted, DeadlineExceeded, …
    std::string message;    ///< one line, cut
    std::string disruption; ///< "EvictionByEvictionAPI: Eviction API: evicting" of condition DisruptionTarget, or empty
    std::string not_scheduled_reason;
    std::string not_scheduled_message;
    bool sandbox_ready = true; ///< condition PodReadyToStartContainers is not False: volumes and network are there
    std::vector<container_text> init_containers;
    std::vector<container_text> containers;
};

/// Never throws. Messages are one line and at most 512 bytes each.
pod_status_text read_pod_status(const boost::json::object& status);

/// One line: what the pod waits for, what it does, or how it ended. `pod` gives phase and node.
std::string explain(const pod_status_text& status, const core::pod_view& pod);

} // namespace kh
