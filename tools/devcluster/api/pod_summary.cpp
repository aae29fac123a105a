#include "tools/devcluster/api/pod_summary.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace devcluster {
namespace {

namespace json = boost::json;

std::vector<const json::object*> objects_at(const json::object* in, std::string_view name) {
    std::vector<const json::object*> out;
    const auto* list = in == nullptr ? nullptr : k8s::array_at(*in, name);
    if (list != nullptr)
        for (const auto& element : *list)
            if (const auto* object = element.if_object())
                out.push_back(object);
    return out;
}

const json::object* object_in(const json::object& in, std::string_view outer, std::string_view inner) {
    const auto* found = k8s::object_at(in, outer);
    return found == nullptr ? nullptr : k8s::object_at(*found, inner);
}

bool is_true(const json::object& in, std::string_view name) {
    const auto* value = in.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

/// One entry of containerStatuses.
struct container {
    explicit container(const json::object& status)
        : name(k8s::text_at(status, "name")), restarts(k8s::integer_at(status, "restartCount").value_or(0)),
          is_ready(is_true(status, "ready")), is_started(is_true(status, "started")),
          is_running(object_in(status, "state", "running") != nullptr), terminated(object_in(status, "state", "terminated")) {
        if (const auto* waiting = object_in(status, "state", "waiting"))
            waits_for = k8s::text_at(*waiting, "reason");
        if (const auto* last = object_in(status, "lastState", "terminated"))
            last_end = k8s::text_at(*last, "finishedAt");
    }

    std::int64_t exit_code() const { return k8s::integer_at(*terminated, "exitCode").value_or(0); }

    std::string why_terminated() const {
        if (const auto reason = k8s::text_at(*terminated, "reason"); !reason.empty())
            return std::string(reason);
        if (const auto signal = k8s::integer_at(*terminated, "signal").value_or(0); signal != 0)
            return fmt::format("Signal:{}", signal);
        return fmt::format("ExitCode:{}", exit_code());
    }

    std::string_view name;
    std::int64_t restarts;
    bool is_ready;
    bool is_started;
    bool is_running;
    const json::object* terminated;
    std::string_view waits_for;
    std::string_view last_end;
};

void count_restarts(const container& of, pod_summary& into) {
    into.restarts += of.restarts;
    const auto end = k8s::parse_rfc3339(of.last_end);
    const auto latest = k8s::parse_rfc3339(into.last_restart);
    if (end && (!latest || *latest < *end))
        into.last_restart = of.last_end;
}

/// What keeps the pod from being initialized; empty if nothing does. A sidecar (restartPolicy Always) that has started does not.
std::string init_status(const json::object& pod, pod_summary& all, pod_summary& sidecars) {
    const auto specs = objects_at(k8s::object_at(pod, "spec"), "initContainers");
    const auto is_sidecar = [&](std::string_view name) {
        return std::any_of(specs.begin(), specs.end(), [&](const auto* spec) {
            return k8s::text_at(*spec, "name") == name && k8s::text_at(*spec, "restartPolicy") == "Always";
        });
    };
    all.total += std::count_if(specs.begin(), specs.end(),
                               [](const auto* spec) { return k8s::text_at(*spec, "restartPolicy") == "Always"; });
    const auto statuses = objects_at(k8s::object_at(pod, "status"), "initContainerStatuses");
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        const container one(*statuses[i]);
        count_restarts(one, all);
        if (is_sidecar(one.name))
            count_restarts(one, sidecars);
        if (one.terminated != nullptr && one.exit_code() == 0)
            continue;
        if (is_sidecar(one.name) && one.is_started) {
            all.ready += one.is_ready ? 1 : 0;
            continue;
        }
        if (one.terminated != nullptr)
            return "Init:" + one.why_terminated();
        if (!one.waits_for.empty() && one.waits_for != "PodInitializing")
            return fmt::format("Init:{}", one.waits_for);
        return fmt::format("Init:{}/{}", i, specs.size());
    }
    return {};
}

void read_containers(const json::object& pod, pod_summary& into) {
    auto statuses = objects_at(k8s::object_at(pod, "status"), "containerStatuses");
    std::reverse(statuses.begin(), statuses.end()); // the first one has the last word
    bool has_running = false;
    std::string failure;
    for (const auto* status : statuses) {
        const container one(*status);
        count_restarts(one, into);
        if (!one.waits_for.empty()) {
            into.status = one.waits_for;
        } else if (one.terminated != nullptr) {
            into.status = one.why_terminated();
            if (one.exit_code() != 0)
                failure = into.status;
        } else if (one.is_ready && one.is_running) {
            has_running = true;
            ++into.ready;
        }
    }
    if (into.status != "Completed")
        return;
    if (has_running && has_condition(pod, "Ready"))
        into.status = "Running";
    else if (!failure.empty())
        into.status = failure;
    else if (has_running)
        into.status = "NotReady";
}

bool is_gated(const json::object* status) {
    const auto conditions = objects_at(status, "conditions");
    return std::any_of(conditions.begin(), conditions.end(), [](const auto* one) {
        return k8s::text_at(*one, "type") == "PodScheduled" && k8s::text_at(*one, "reason") == "SchedulingGated";
    });
}

} // namespace

bool has_condition(const json::object& object, std::string_view type) {
    const auto conditions = objects_at(k8s::object_at(object, "status"), "conditions");
    return std::any_of(conditions.begin(), conditions.end(), [&](const auto* one) {
        return k8s::text_at(*one, "type") == type && k8s::text_at(*one, "status") == "True";
    });
}

pod_summary summarize_pod(const json::object& pod) {
    static const json::object nothing;
    const auto* status = k8s::object_at(pod, "status");
    const auto phase = k8s::text_at(status == nullptr ? nothing : *status, "phase");
    const auto reason = k8s::text_at(status == nullptr ? nothing : *status, "reason");

    pod_summary made;
    made.status = reason.empty() ? phase : reason;
    if (is_gated(status))
        made.status = "SchedulingGated";
    made.total = static_cast<std::int64_t>(objects_at(k8s::object_at(pod, "spec"), "containers").size());

    pod_summary sidecars;
    auto waits = init_status(pod, made, sidecars);
    const bool is_initialized = waits.empty() || has_condition(pod, "Initialized");
    if (!waits.empty())
        made.status = std::move(waits);
    if (is_initialized) {
        made.restarts = sidecars.restarts;
        made.last_restart = sidecars.last_restart;
        read_containers(pod, made);
    }

    const auto* metadata = k8s::object_at(pod, "metadata");
    if (metadata != nullptr && !k8s::text_at(*metadata, "deletionTimestamp").empty()) {
        if (reason == "NodeLost")
            made.status = "Unknown";
        else if (phase != "Succeeded" && phase != "Failed")
            made.status = "Terminating";
    }
    return made;
}

} // namespace devcluster
