#include "controller/pod_object.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "controller/names.hpp"
#include "controller/pod_text.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace kh {

namespace json = boost::json;

const k8s::resource pods{"", "v1", "pods", true};

namespace {

// Pod-level reasons of kubelet and controllers under which a pod ends through no fault of its own; the OutOf… family (OutOfcpu,
// OutOfmemory, OutOfpods) beside them. Sources: kubelet pkg/kubelet/{eviction,nodeshutdown,preemption,lifecycle}, node lifecycle
// controller, v1.20 to v1.36.
constexpr std::array<std::string_view, 14> fault_reasons{
    "Evicted",
    "NodeLost",
    "Preempting",
    "Preempted",
    "Shutdown",
    "NodeShutdown",
    "Terminated",
    "NodeAffinity",
    "NodeName",
    "NodePorts",
    "NodeUnreachable",
    "UnexpectedAdmissionError",
    "TopologyAffinityError",
    "DeletionByPodGC",
};

bool is_fault_reason(std::string_view reason) {
    return std::find(fault_reasons.begin(), fault_reasons.end(), reason) != fault_reasons.end() || reason.starts_with("OutOf");
}

// Nothing but a new spec heals these.
bool is_fatal_waiting(std::string_view reason) {
    return reason == "InvalidImageName" || reason == "ErrImageNeverPull";
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return text.empty() || error != std::errc() || end != text.data() + text.size() ? std::nullopt : std::optional(value);
}

core::pod_phase phase_of(std::string_view text) {
    if (text == "Running")
        return core::pod_phase::running;
    if (text == "Succeeded")
        return core::pod_phase::succeeded;
    if (text == "Failed")
        return core::pod_phase::failed;
    return text == "Unknown" ? core::pod_phase::unknown : core::pod_phase::pending;
}

void read_owner(const json::object& metadata, core::pod_view& out) {
    const auto* owners = k8s::array_at(metadata, "ownerReferences");
    if (owners == nullptr || !out.check_uid.empty())
        return;
    for (const auto& entry : *owners) {
        const auto* owner = entry.if_object();
        if (owner == nullptr || !k8s::text_at(*owner, "apiVersion").starts_with("comcast.github.io/"))
            continue;
        const auto kind = k8s::text_at(*owner, "kind");
        if (kind == "KuberhealthyCheck" || kind == "KuberhealthyJob")
            out.check_uid = k8s::text_at(*owner, "uid");
    }
}

void read_metadata(const json::object& metadata, core::pod_view& out) {
    const json::object none;
    const auto* found_labels = k8s::object_at(metadata, "labels");
    const auto& labels = found_labels == nullptr ? none : *found_labels;
    const auto* found_annotations = k8s::object_at(metadata, "annotations");
    const auto& annotations = found_annotations == nullptr ? none : *found_annotations;
    auto name = k8s::text_at(annotations, names::check_name_annotation);
    if (name.empty())
        name = k8s::text_at(labels, names::check_name_label);
    out.check = {std::string(k8s::text_at(metadata, "namespace")), std::string(name)};
    out.name = k8s::text_at(metadata, "name");
    out.uid = k8s::text_at(metadata, "uid");
    out.created = k8s::parse_rfc3339(k8s::text_at(metadata, "creationTimestamp")).value_or(0);
    out.terminating = !k8s::text_at(metadata, "deletionTimestamp").empty();
    out.check_uid = k8s::text_at(annotations, names::check_uid_annotation);
    read_owner(metadata, out);
    out.slot = number_of<core::unix_seconds>(k8s::text_at(annotations, names::slot_annotation));
    // v2's pods have this label too, but there it is the secret itself.
    if (out.slot)
        out.run_id = k8s::text_at(labels, names::run_id_label);
    out.attempt = number_of<int>(k8s::text_at(annotations, names::attempt_annotation)).value_or(0);
    out.generation = number_of<std::int64_t>(k8s::text_at(annotations, names::generation_annotation)).value_or(0);
    out.deadline = number_of<core::unix_seconds>(k8s::text_at(annotations, names::deadline_annotation));
}

// The last literal KH_RUN_UUID, as v2 reads it.
std::string secret_of(const json::object& spec) {
    std::string secret;
    const auto* containers = k8s::array_at(spec, "containers");
    if (containers == nullptr)
        return secret;
    for (const auto& entry : *containers) {
        const auto* container = entry.if_object();
        const auto* env = container == nullptr ? nullptr : k8s::array_at(*container, "env");
        if (env == nullptr)
            continue;
        for (const auto& variable : *env)
            if (const auto* object = variable.if_object();
                object != nullptr && k8s::text_at(*object, "name") == names::run_uuid_variable)
                if (const auto value = k8s::text_at(*object, "value"); !value.empty())
                    secret = value;
    }
    return secret;
}

void read_times(const pod_status_text& status, core::pod_view& out) {
    for (const auto& container : status.containers) {
        out.ran = out.ran || container.ran();
        out.container_ended = out.container_ended || container.now == container_text::state::ended;
        if (container.started)
            out.started = out.started ? std::min(*out.started, *container.started) : *container.started;
        if (out.ended() && container.finished)
            out.finished = out.finished ? std::max(*out.finished, *container.finished) : *container.finished;
    }
}

void read_waiting(const pod_status_text& status, core::pod_view& out) {
    if (out.ended())
        return;
    for (const auto* group : {&status.init_containers, &status.containers})
        for (const auto& container : *group) {
            if (container.now != container_text::state::waiting || container.is_starting() || container.reason.empty())
                continue;
            if (is_fatal_waiting(container.reason))
                out.fatal_reason = container.reason;
            else if (out.waiting_reason.empty())
                out.waiting_reason = container.reason;
        }
    if (!out.fatal_reason.empty())
        out.waiting_reason.clear();
    else if (out.waiting_reason.empty() && status.containers.empty())
        out.waiting_reason = status.not_scheduled_reason;
}

} // namespace

core::pod_view parse_pod(const json::object& object) {
    core::pod_view out;
    if (const auto* metadata = k8s::object_at(object, "metadata"))
        read_metadata(*metadata, out);
    if (const auto* spec = k8s::object_at(object, "spec")) {
        out.secret = secret_of(*spec);
        out.node = k8s::text_at(*spec, "nodeName");
        const auto* host_network = spec->if_contains("hostNetwork");
        out.host_network = host_network != nullptr && host_network->is_bool() && host_network->get_bool();
    }
    const json::object none;
    const auto* found = k8s::object_at(object, "status");
    const auto& status = found == nullptr ? none : *found;
    out.ip = k8s::text_at(status, "podIP");
    out.phase = phase_of(k8s::text_at(status, "phase"));
    const auto said = read_pod_status(status);
    out.infrastructure_fault = !said.disruption.empty() || is_fault_reason(said.reason);
    read_times(said, out);
    read_waiting(said, out);
    out.explanation = explain(said, out);
    return out;
}

} // namespace kh
