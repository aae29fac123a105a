#pragma once

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// What kube-apiserver makes of a pod's status for `kubectl get pods` (k8s.io/kubernetes/pkg/printers/internalversion). Pure.

namespace devcluster {

struct pod_summary {
    std::string status; ///< "Running", "Init:0/1", "CrashLoopBackOff", "Completed", "ExitCode:3", "Terminating", ...
    std::int64_t ready = 0;
    std::int64_t total = 0;
    std::int64_t restarts = 0;
    std::string_view last_restart; ///< RFC 3339, of the pod's text; empty if not known
};

pod_summary summarize_pod(const boost::json::object& pod);

/// status.conditions has that type as "True".
bool has_condition(const boost::json::object& object, std::string_view type);

} // namespace devcluster
