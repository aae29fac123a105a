#include "controller/core/verdict.hpp"

#include "proto_http/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kh::core {

namespace {

/// Waiting reasons that are an error of the pod itself; others (Unschedulable, ContainerCreating) are a lack of time.
constexpr std::array<std::string_view, 7> broken_pod_reasons{
    "ErrImagePull",         "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "CreateContainerConfigError",
    "CreateContainerError", "RunContainerError"};

std::string about(const pod_record& pod) {
    return pod.view.explanation.empty() ? fmt::format("pod {}", pod.view.name)
                                        : fmt::format("pod {}: {}", pod.view.name, pod.view.explanation);
}

verdict conclude(const pod_record& pod, outcome how, std::string_view text) {
    verdict v;
    v.how = how;
    v.text = fmt::format("{}: {}", text, about(pod));
    v.retry = how == outcome::infrastructure && pod.view.attempt == 0 && !pod.legacy;
    return v;
}

verdict at_deadline(const pod_record& pod) {
    if (pod.view.ran)
        return conclude(pod, outcome::timed_out_before_report, "timed out waiting for checker pod to report in");
    const std::string& reason = pod.view.waiting_reason;
    if (std::find(broken_pod_reasons.begin(), broken_pod_reasons.end(), reason) == broken_pod_reasons.end())
        return conclude(pod, outcome::timed_out_before_start, "failed to see pod running within timeout");
    // v2 knows one word for an image that does not come, and people alert on it.
    std::string_view known = reason == "ImagePullBackOff" ? "ErrImagePull" : std::string_view(reason);
    return conclude(pod, outcome::could_not_start, fmt::format("error when waiting for pod to start: {}", known));
}

} // namespace

std::optional<verdict> judge(const pod_record& pod, time_point now, const verdict_rules& rules) {
    const pod_view& view = pod.view;
    if (view.ended()) {
        if (!pod.vanished && (!pod.ended_at || now < *pod.ended_at + rules.end_grace))
            return std::nullopt;
        if (view.infrastructure_fault)
            return conclude(pod, outcome::infrastructure, "checker pod lost to its infrastructure");
        return conclude(pod, outcome::ended_without_report, "pod ended without a report");
    }
    if (pod.vanished || view.terminating) {
        if (view.infrastructure_fault)
            return conclude(pod, outcome::infrastructure, "checker pod lost to its infrastructure");
        return conclude(pod, outcome::pod_deleted, "pod deleted unexpectedly");
    }
    if (!view.fatal_reason.empty())
        return conclude(pod, outcome::could_not_start, fmt::format("error when waiting for pod to start: {}", view.fatal_reason));
    if (now >= pod.deadline && !KH_MUTATION(never_end_at_the_deadline))
        return at_deadline(pod);
    return std::nullopt;
}

time_point judge_again(const pod_record& pod, const verdict_rules& rules) {
    if (pod.view.ended())
        return pod.ended_at ? *pod.ended_at + rules.end_grace : proto_http::never;
    return pod.deadline;
}

std::string error_text(const check_key& key, workload kind, std::string_view text) {
    return fmt::format("{} execution error: {}: {}", kind == workload::check ? "Check" : "Job", key.text(), text);
}

} // namespace kh::core
