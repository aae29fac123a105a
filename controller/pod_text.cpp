#include "controller/pod_text.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "proto_http/text.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace kh {

namespace json = boost::json;

namespace {

constexpr std::size_t message_size_max = 512;
constexpr std::size_t name_size_max = 128;
constexpr std::size_t explanation_size_max = 2048;

std::string message_at(const json::object& in, std::string_view name) {
    return proto_http::one_line(k8s::text_at(in, name), message_size_max);
}

std::string name_at(const json::object& in, std::string_view name) {
    return proto_http::one_line(k8s::text_at(in, name), name_size_max);
}

// A container that never started has the epoch, or null, as its start.
std::optional<core::unix_seconds> time_at(const json::object& in, std::string_view name) {
    const auto value = k8s::parse_rfc3339(k8s::text_at(in, name));
    return value && *value > 0 ? value : std::nullopt;
}

std::string exited(std::int64_t code, std::string_view reason) {
    return reason.empty() ? fmt::format("exited with code {}", code) : fmt::format("exited with code {} ({})", code, reason);
}

// The run before this one; with restartPolicy Never only what an older kubelet left there.
void read_last_state(const json::object& status, container_text& out) {
    const auto* last = k8s::object_at(status, "lastState");
    const auto* ended = last == nullptr ? nullptr : k8s::object_at(*last, "terminated");
    if (ended == nullptr)
        return;
    out.last_end = exited(k8s::integer_at(*ended, "exitCode").value_or(0), name_at(*ended, "reason"));
    if (const auto started = time_at(*ended, "startedAt"))
        out.started = out.started ? std::min(*out.started, *started) : *started;
    if (const auto finished = time_at(*ended, "finishedAt"); finished && !out.finished)
        out.finished = finished;
}

container_text read_container(const json::object& status) {
    container_text out;
    out.name = name_at(status, "name");
    if (const auto* state = k8s::object_at(status, "state")) {
        if (const auto* waiting = k8s::object_at(*state, "waiting")) {
            out.reason = name_at(*waiting, "reason");
            out.message = message_at(*waiting, "message");
        } else if (const auto* running = k8s::object_at(*state, "running")) {
            out.now = container_text::state::running;
            out.started = time_at(*running, "startedAt");
        } else if (const auto* ended = k8s::object_at(*state, "terminated")) {
            out.now = container_text::state::ended;
            out.reason = name_at(*ended, "reason");
            out.message = message_at(*ended, "message");
            out.exit_code = k8s::integer_at(*ended, "exitCode").value_or(0);
            out.started = time_at(*ended, "startedAt");
            out.finished = time_at(*ended, "finishedAt");
        }
    }
    read_last_state(status, out);
    return out;
}

std::vector<container_text> read_containers(const json::object& status, std::string_view name) {
    std::vector<container_text> out;
    if (const auto* list = k8s::array_at(status, name))
        for (const auto& entry : *list)
            if (const auto* container = entry.if_object())
                out.push_back(read_container(*container));
    return out;
}

void read_condition(const json::object& condition, pod_status_text& out) {
    const auto type = k8s::text_at(condition, "type");
    const auto status = k8s::text_at(condition, "status");
    if (type == "DisruptionTarget" && status == "True") {
        const auto reason = name_at(condition, "reason");
        const auto message = message_at(condition, "message");
        out.disruption =
            fmt::format("{}: {}", reason.empty() ? "DisruptionTarget" : reason, message.empty() ? "disrupted" : message);
    } else if (type == "PodScheduled" && status == "False") {
        const auto reason = name_at(condition, "reason");
        out.not_scheduled_reason = reason.empty() ? "Unschedulable" : reason;
        out.not_scheduled_message = message_at(condition, "message");
    } else if (type == "PodReadyToStartContainers" && status == "False") {
        out.sandbox_ready = false;
    }
}

std::string with_message(std::string text, std::string_view message) {
    return message.empty() ? text : std::move(text) + ": " + std::string(message);
}

std::string describe(const container_text& container, std::string_view what, const pod_status_text& status) {
    const auto subject = fmt::format("{} {}", what, container.name);
    switch (container.now) {
    case container_text::state::running:
        return subject + " is running";
    case container_text::state::ended:
        return with_message(subject + " " + exited(container.exit_code, container.reason), container.message);
    case container_text::state::waiting:
        break;
    }
    if (container.reason.empty())
        return subject + " has not started";
    auto text = with_message(subject + ": " + container.reason, container.message);
    if (!container.last_end.empty())
        text += "; it last " + container.last_end;
    if (container.is_starting() && container.message.empty() && !status.sandbox_ready)
        text += " (its volumes or its network are not ready)";
    return text;
}

// A finished init container is no news.
bool is_worth_telling(const container_text& init) {
    return !(init.now == container_text::state::ended && init.exit_code == 0) && init.reason != "PodInitializing";
}

std::vector<std::string> container_lines(const pod_status_text& status, bool ended) {
    std::vector<std::string> lines;
    for (const auto& init : status.init_containers)
        if (is_worth_telling(init))
            lines.push_back(describe(init, "init container", status));
    const bool init_speaks = !lines.empty();
    for (const auto& container : status.containers) {
        // Behind a speaking init container, or in an ended pod, "is being created" is only a leftover.
        const bool created =
            container.now != container_text::state::waiting || !(container.is_starting() || container.reason.empty());
        if (created || !(ended || (init_speaks && container.reason == "PodInitializing")))
            lines.push_back(describe(container, "container", status));
    }
    return lines;
}

} // namespace

pod_status_text read_pod_status(const json::object& status) {
    pod_status_text out;
    out.reason = name_at(status, "reason");
    out.message = message_at(status, "message");
    if (const auto* conditions = k8s::array_at(status, "conditions"))
        for (const auto& entry : *conditions)
            if (const auto* condition = entry.if_object())
                read_condition(*condition, out);
    out.init_containers = read_containers(status, "initContainerStatuses");
    out.containers = read_containers(status, "containerStatuses");
    return out;
}

std::string explain(const pod_status_text& status, const core::pod_view& pod) {
    std::vector<std::string> lines;
    if (!status.reason.empty() || !status.message.empty())
        lines.push_back(with_message(status.reason.empty() ? "pod" : status.reason, status.message));
    if (!status.disruption.empty())
        lines.push_back(status.disruption);
    for (auto& line : container_lines(status, pod.ended()))
        lines.push_back(std::move(line));
    if (lines.empty() && !status.not_scheduled_reason.empty())
        lines.push_back(with_message(status.not_scheduled_reason, status.not_scheduled_message));
    if (lines.empty() && pod.ended())
        lines.push_back("the pod ended and nothing says how");
    if (lines.empty())
        lines.push_back(pod.node.empty() ? "not scheduled yet"
                                         : fmt::format("scheduled to node {}, whose kubelet has not said anything yet",
                                                       proto_http::one_line(pod.node, name_size_max)));
    return proto_http::cut_and_mark(fmt::format("{}", fmt::join(lines, "; ")), explanation_size_max);
}

} // namespace kh
