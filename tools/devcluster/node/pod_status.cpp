#include "tools/devcluster/node/pod_status.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "tools/devcluster/api/bounded_seconds.hpp"
#include "tools/devcluster/node/pod_plan.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace devcluster {

namespace json = boost::json;
using namespace std::chrono_literals;
using k8s::array_at;
using k8s::integer_at;
using k8s::object_at;
using k8s::text_at;
using role = container_record::role;
using phase = container_record::phase;

namespace {

constexpr auto lost_reason = "ContainerStatusUnknown";
constexpr auto lost_message = "The container could not be located when the pod was terminated";
constexpr int lost_exit_code = 137;

std::string stamp(unix_seconds at) {
    return k8s::format_rfc3339(at);
}

// From JSON.

container_end lost_end(std::string id) {
    container_end end;
    end.exit_code = lost_exit_code;
    end.reason = lost_reason;
    end.message = lost_message;
    end.id = std::move(id);
    return end;
}

std::optional<container_end> read_end(const json::object* state) {
    const auto* ended = state == nullptr ? nullptr : object_at(*state, "terminated");
    if (ended == nullptr)
        return std::nullopt;
    container_end end;
    end.exit_code = static_cast<int>(integer_at(*ended, "exitCode").value_or(0));
    end.reason = text_at(*ended, "reason");
    end.message = text_at(*ended, "message");
    end.id = text_at(*ended, "containerID");
    end.started = k8s::parse_rfc3339(text_at(*ended, "startedAt"));
    end.finished = k8s::parse_rfc3339(text_at(*ended, "finishedAt"));
    return end;
}

void read_container_status(container_record& one, const json::object& status) {
    one.restarts = static_cast<unsigned>(integer_at(status, "restartCount").value_or(0));
    one.id = text_at(status, "containerID");
    one.end = read_end(object_at(status, "state"));
    one.last = read_end(object_at(status, "lastState"));
    const auto* state = object_at(status, "state");
    if (state != nullptr && object_at(*state, "running") != nullptr)
        one.end = lost_end(one.id);
    one.now = one.end ? phase::ended : phase::waiting;
}

void read_containers(pod_record& record, const json::object& spec, const json::object* status, std::string_view list,
                     std::string_view status_list) {
    const auto* specs = array_at(spec, list);
    for (std::size_t i = 0; specs != nullptr && i < specs->size(); ++i) {
        const auto* one = (*specs)[i].if_object();
        if (one == nullptr)
            continue;
        auto& made = record.containers.emplace_back();
        made.name = text_at(*one, "name");
        made.image = text_at(*one, "image");
        if (list == "initContainers")
            made.is_a = text_at(*one, "restartPolicy") == "Always" ? role::sidecar : role::init;
        const auto* statuses = status == nullptr ? nullptr : array_at(*status, status_list);
        for (std::size_t k = 0; statuses != nullptr && k < statuses->size(); ++k)
            if (const auto* known = (*statuses)[k].if_object(); known != nullptr && text_at(*known, "name") == made.name)
                read_container_status(made, *known);
    }
}

// To JSON.

bool is_first_run(const container_record& one) {
    return one.now == phase::waiting || one.now == phase::starting ? !one.last : false;
}

/// As kubelet's getPhase.
std::string phase_of(const pod_record& pod) {
    if (pod.is_over && pod.stopping == stop_cause::deadline)
        return "Failed";
    unsigned pending_init = 0, failed_init = 0, waiting = 0, running = 0, stopped = 0, succeeded = 0;
    for (const auto& each : pod.containers) {
        const auto* end = each.end ? &*each.end : each.last && each.now != phase::running ? &*each.last : nullptr;
        if (each.is_a == role::init) {
            failed_init += end != nullptr && end->exit_code != 0;
            pending_init += end == nullptr;
            continue;
        }
        running += each.now == phase::running;
        waiting += is_first_run(each);
        if (each.is_a == role::regular) {
            stopped += end != nullptr;
            succeeded += each.end && end->exit_code == 0;
        }
    }
    if (failed_init != 0 && (pod.restarts == restart_policy::never || pod.is_over))
        return "Failed";
    if (pod.is_over)
        return succeeded == stopped && stopped != 0 ? "Succeeded" : "Failed";
    return pending_init != 0 || failed_init != 0 || waiting != 0 || running + stopped == 0 ? "Pending" : "Running";
}

json::object end_to_json(const container_end& end) {
    json::object made{{"exitCode", end.exit_code}, {"reason", end.reason}};
    if (!end.message.empty())
        made["message"] = end.message;
    auto time = [](std::optional<unix_seconds> at) { return at ? json::value(stamp(*at)) : json::value(nullptr); };
    made["startedAt"] = time(end.started);
    made["finishedAt"] = time(end.finished);
    if (!end.id.empty())
        made["containerID"] = end.id;
    return made;
}

json::object state_to_json(const container_record& one, bool has_init) {
    json::object state;
    if (one.now == phase::ended) {
        state["terminated"] = end_to_json(*one.end);
    } else if (one.now == phase::running) {
        state["running"].emplace_object()["startedAt"] = stamp(one.started);
    } else {
        auto& waiting = state["waiting"].emplace_object();
        waiting["reason"] = !one.reason.empty() ? one.reason : has_init ? "PodInitializing" : "ContainerCreating";
        if (!one.message.empty())
            waiting["message"] = one.message;
    }
    return state;
}

bool is_ready(const container_record& one) {
    return one.is_a == role::init ? one.end && one.end->exit_code == 0 : one.now == phase::running;
}

json::object container_to_json(const container_record& one, bool has_init) {
    json::object status;
    status["name"] = one.name;
    status["state"] = state_to_json(one, has_init);
    auto& last = status["lastState"].emplace_object();
    if (one.last)
        last["terminated"] = end_to_json(*one.last);
    status["ready"] = is_ready(one);
    status["restartCount"] = one.restarts;
    status["image"] = one.image;
    status["imageID"] = one.id.empty() ? "" : one.image;
    if (!one.id.empty())
        status["containerID"] = one.id;
    status["started"] = one.now == phase::running;
    return status;
}

struct condition {
    std::string_view type;
    bool holds = false;
    std::string reason;
    std::string message;
};

std::string names_of(const std::vector<std::string_view>& names) {
    return fmt::format("[{}]", fmt::join(names, " "));
}

condition initialized(const pod_record& pod, std::string_view pod_phase) {
    condition made{"Initialized", true, pod_phase == "Succeeded" ? "PodCompleted" : "", ""};
    std::vector<std::string_view> incomplete;
    bool has_started = false; // once initialized, a pod stays so while its sidecars restart
    for (const auto& each : pod.containers) {
        if (each.is_a == role::regular)
            has_started |= !is_first_run(each) && !each.id.empty();
        else if (!is_ready(each))
            incomplete.push_back(each.name);
    }
    if (pod_phase == "Succeeded" || has_started || incomplete.empty())
        return made;
    return {"Initialized", false, "ContainersNotInitialized", "containers with incomplete status: " + names_of(incomplete)};
}

condition containers_ready(const pod_record& pod, std::string_view pod_phase) {
    std::vector<std::string_view> unready;
    for (const auto& each : pod.containers)
        if (each.is_a != role::init && !is_ready(each))
            unready.push_back(each.name);
    if (pod_phase == "Succeeded")
        return {"ContainersReady", false, "PodCompleted", ""};
    if (pod_phase == "Failed")
        return {"ContainersReady", false, "PodFailed", ""};
    if (unready.empty())
        return {"ContainersReady", true, "", ""};
    return {"ContainersReady", false, "ContainersNotReady", "containers with unready status: " + names_of(unready)};
}

const json::object* find_condition(const json::object& status, std::string_view type) {
    const auto* all = array_at(status, "conditions");
    for (std::size_t i = 0; all != nullptr && i < all->size(); ++i)
        if (const auto* one = (*all)[i].if_object(); one != nullptr && text_at(*one, "type") == type)
            return one;
    return nullptr;
}

json::array conditions_of(const pod_record& pod, std::string_view pod_phase, const json::object& before, unix_seconds now) {
    auto ready = containers_ready(pod, pod_phase);
    auto pod_ready = ready;
    pod_ready.type = "Ready";
    const std::array all{condition{"PodReadyToStartContainers", !pod.is_over, "", ""}, initialized(pod, pod_phase), pod_ready,
                         ready, condition{"PodScheduled", true, "", ""}};
    json::array made;
    for (const auto& each : all) {
        auto& one = made.emplace_back(json::object()).get_object();
        const auto* known = find_condition(before, each.type);
        std::string_view status = each.holds ? "True" : "False";
        one["type"] = each.type;
        one["status"] = status;
        one["lastProbeTime"] = nullptr;
        bool is_same = known != nullptr && text_at(*known, "status") == status;
        one["lastTransitionTime"] = is_same ? json::value(text_at(*known, "lastTransitionTime")) : json::value(stamp(now));
        if (!each.reason.empty())
            one["reason"] = each.reason;
        if (!each.message.empty())
            one["message"] = each.message;
    }
    if (const auto* known = array_at(before, "conditions"))
        for (const auto& other : *known)
            if (const auto* one = other.if_object())
                if (std::none_of(all.begin(), all.end(), [&](const auto& ours) { return ours.type == text_at(*one, "type"); }))
                    made.push_back(other);
    return made;
}

} // namespace

pod_record read_pod(const json::object& pod, const moment& at) {
    pod_record record;
    auto identity = k8s::identity_of(pod);
    record.ns = identity.ns;
    record.name = identity.name;
    record.uid = identity.uid;
    const auto* status = object_at(pod, "status");
    if (const auto* spec = object_at(pod, "spec")) {
        auto policy = text_at(*spec, "restartPolicy");
        if (policy == "Never")
            record.restarts = restart_policy::never;
        else if (policy == "OnFailure")
            record.restarts = restart_policy::on_failure;
        read_containers(record, *spec, status, "initContainers", "initContainerStatuses");
        read_containers(record, *spec, status, "containers", "containerStatuses");
    }
    if (status != nullptr)
        record.started = k8s::parse_rfc3339(text_at(*status, "startTime"));
    if (!record.started)
        record.started = at.seconds();
    update_pod(record, pod, at);
    return record;
}

void update_pod(pod_record& record, const json::object& pod, const moment& at) {
    const auto* spec = object_at(pod, "spec");
    const auto* metadata = object_at(pod, "metadata");
    if (spec == nullptr || metadata == nullptr)
        return;
    if (record.stopping == stop_cause::none)
        record.grace = bounded_seconds(integer_at(*spec, "terminationGracePeriodSeconds").value_or(30));
    if (auto seconds = integer_at(*spec, "activeDeadlineSeconds")) {
        auto started = std::clamp(*record.started, at.seconds() - longest_time.count(), at.seconds() + longest_time.count());
        record.deadline = at.now + (proto_http::wall_time(std::chrono::seconds(started) + bounded_seconds(*seconds)) - at.wall);
    } else {
        record.deadline = proto_http::never;
    }
    if (text_at(*metadata, "deletionTimestamp").empty())
        return;
    // A second deletion may shorten the grace.
    auto grace = bounded_seconds(integer_at(*metadata, "deletionGracePeriodSeconds").value_or(record.grace.count()));
    record.grace = grace;
    if (record.stopping == stop_cause::none)
        record.stopping = stop_cause::deleted;
    if (record.kill_at != proto_http::never)
        record.kill_at = std::min(record.kill_at, at.now + grace);
}

void note_stopped(pod_record& record) {
    bool is_initialized = std::all_of(record.containers.begin(), record.containers.end(),
                                      [](const auto& each) { return each.is_a != role::init || is_ready(each); });
    for (auto& each : record.containers)
        if (is_initialized && each.now == phase::waiting) {
            each.end = each.last ? each.last : lost_end({});
            each.last = {};
            each.now = phase::ended;
        }
}

json::object make_status(const pod_record& record, const json::object& pod, const json::object& before, std::string_view host_ip,
                         unix_seconds now) {
    json::object status;
    const auto* metadata = object_at(pod, "metadata");
    if (auto generation = metadata == nullptr ? std::nullopt : integer_at(*metadata, "generation"))
        status["observedGeneration"] = *generation;
    auto pod_phase = phase_of(record);
    status["phase"] = pod_phase;
    if (record.is_over && record.stopping == stop_cause::deadline) {
        status["reason"] = "DeadlineExceeded";
        status["message"] = "Pod was active on the node longer than the specified deadline";
    }
    status["conditions"] = conditions_of(record, pod_phase, before, now);
    json::array ips{json::object{{"ip", host_ip}}};
    status["hostIP"] = host_ip;
    status["hostIPs"] = ips;
    status["podIP"] = host_ip; // the processes share the machine's network
    status["podIPs"] = ips;
    status["startTime"] = stamp(*record.started);
    bool has_init = !record.containers.empty() && record.containers[0].is_a != role::regular;
    for (const auto& each : record.containers) {
        auto& list = status[each.is_a == role::regular ? "containerStatuses" : "initContainerStatuses"];
        if (!list.is_array())
            list.emplace_array();
        list.get_array().push_back(container_to_json(each, has_init));
    }
    return status;
}

std::string pod_title(const pod_record& record) {
    return fmt::format("{}_{}({})", record.name, record.ns, record.uid);
}

} // namespace devcluster
