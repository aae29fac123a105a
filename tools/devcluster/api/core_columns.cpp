#include "tools/devcluster/api/core_columns.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/pod_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>
#include <set>

// k8s.io/kubernetes/pkg/printers/internalversion. The API server always sends the columns of -o wide, too; kubectl goes by
// priority.

namespace devcluster {
namespace {

namespace json = boost::json;
using cell_function = std::function<json::value(const json::object&, proto_http::wall_time)>;
using path = std::initializer_list<std::string_view>;

constexpr int wide = 1;

const json::value* value_at(const json::object& object, path names) {
    const json::object* in = &object;
    const json::value* found = nullptr;
    for (const auto name : names) {
        found = in == nullptr ? nullptr : in->if_contains(name);
        in = found == nullptr ? nullptr : found->if_object();
    }
    return found;
}

std::string text_at(const json::object& object, path names) {
    const auto* value = value_at(object, names);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string or_else(std::string text, const char* instead) {
    return text.empty() ? instead : text;
}

std::int64_t size_at(const json::object& object, std::string_view name) {
    const auto* members = k8s::object_at(object, name);
    return members == nullptr ? 0 : static_cast<std::int64_t>(members->size());
}

json::value as_cell(std::string_view text) {
    return json::string(text.data(), text.size());
}

table_column column(const char* name, int priority, const char* description, cell_function cell) {
    return {name, "string", "", description, priority, std::move(cell)};
}

/// A column that shows a text of the object.
table_column text_column(const char* name, int priority, const char* description, path names, const char* instead = "") {
    return column(name, priority, description,
                  [names = std::vector<std::string>(names.begin(), names.end()), instead](const json::object& object, auto) {
                      const json::object* in = &object;
                      for (std::size_t i = 0; i + 1 < names.size() && in != nullptr; ++i)
                          in = k8s::object_at(*in, names[i]);
                      const auto text = in == nullptr ? std::string_view() : k8s::text_at(*in, names.back());
                      return as_cell(text.empty() ? instead : text);
                  });
}

// Pod

json::value restarts(const json::object& pod, proto_http::wall_time now) {
    const auto summary = summarize_pod(pod);
    if (summary.restarts == 0 || summary.last_restart.empty())
        return as_cell(fmt::to_string(summary.restarts));
    return as_cell(fmt::format("{} ({} ago)", summary.restarts, age_since(summary.last_restart, now)));
}

json::value pod_ip(const json::object& pod, proto_http::wall_time) {
    auto ip = text_at(pod, {"status", "podIP"});
    const auto* all = value_at(pod, {"status", "podIPs"});
    if (ip.empty() && all != nullptr && all->is_array() && !all->get_array().empty() && all->get_array()[0].is_object())
        ip = k8s::text_at(all->get_array()[0].get_object(), "ip");
    return as_cell(or_else(std::move(ip), "<none>"));
}

json::value readiness_gates(const json::object& pod, proto_http::wall_time) {
    const auto* gates = value_at(pod, {"spec", "readinessGates"});
    if (gates == nullptr || !gates->is_array() || gates->get_array().empty())
        return "<none>";
    const auto& list = gates->get_array();
    const auto open = std::count_if(list.begin(), list.end(), [&](const json::value& gate) {
        return gate.is_object() && has_condition(pod, k8s::text_at(gate.get_object(), "conditionType"));
    });
    return as_cell(fmt::format("{}/{}", open, list.size()));
}

table_columns pod_columns() {
    return {
        name_column(),
        column("Ready", 0, "The aggregate readiness state of this pod for accepting traffic.",
               [](const json::object& pod, auto) {
                   const auto summary = summarize_pod(pod);
                   return as_cell(fmt::format("{}/{}", summary.ready, summary.total));
               }),
        column("Status", 0, "The aggregate status of the containers in this pod.",
               [](const json::object& pod, auto) { return as_cell(summarize_pod(pod).status); }),
        column("Restarts", 0,
               "The number of times the containers in this pod have been restarted and when the last container in this pod has "
               "restarted.",
               restarts),
        age_column(),
        column("IP", wide,
               "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.", pod_ip),
        text_column("Node", wide, "NodeName indicates in which node this pod is scheduled.", {"spec", "nodeName"}, "<none>"),
        text_column("Nominated Node", wide, "nominatedNodeName is set only when this pod preempts other pods on the node.",
                    {"status", "nominatedNodeName"}, "<none>"),
        column("Readiness Gates", wide, "If specified, all readiness gates will be evaluated for pod readiness.",
               readiness_gates),
    };
}

// Event

std::string first_seen(const json::object& event, proto_http::wall_time now) {
    return age_since(or_else(text_at(event, {"firstTimestamp"}), text_at(event, {"eventTime"}).c_str()), now);
}

std::string last_seen(const json::object& event, proto_http::wall_time now) {
    if (k8s::object_at(event, "series") != nullptr)
        return age_since(text_at(event, {"series", "lastObservedTime"}), now);
    const auto last = text_at(event, {"lastTimestamp"});
    return last.empty() ? first_seen(event, now) : age_since(last, now);
}

json::value times_seen(const json::object& event, proto_http::wall_time) {
    const auto* series = k8s::object_at(event, "series");
    const auto count = k8s::integer_at(series == nullptr ? event : *series, "count").value_or(0);
    return series == nullptr && count == 0 ? 1 : count; // those of events.k8s.io count nothing
}

std::string event_object(const json::object& event) {
    auto made = text_at(event, {"involvedObject", "kind"});
    std::transform(made.begin(), made.end(), made.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    const auto name = text_at(event, {"involvedObject", "name"});
    return name.empty() ? made : made + "/" + name;
}

std::string event_source(const json::object& event) {
    const auto component = or_else(text_at(event, {"source", "component"}), text_at(event, {"reportingComponent"}).c_str());
    const auto instance = or_else(text_at(event, {"source", "host"}), text_at(event, {"reportingInstance"}).c_str());
    return instance.empty() ? component : component + ", " + instance;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view spaces = " \t\r\n\v\f";
    const auto begin = std::min(text.find_first_not_of(spaces), text.size());
    return text.substr(begin, text.find_last_not_of(spaces) + 1 - begin);
}

table_columns event_columns() {
    auto name = name_column();
    name.priority = wide;
    return {
        column("Last Seen", 0, "The time at which the most recent occurrence of this event was recorded.",
               [](const json::object& event, auto now) { return as_cell(last_seen(event, now)); }),
        text_column("Type", 0, "Type of this event (Normal, Warning), new types could be added in the future", {"type"}),
        text_column("Reason", 0,
                    "This should be a short, machine understandable string that gives the reason for the transition into the "
                    "object's current status.",
                    {"reason"}),
        column("Object", 0, "The object that this event is about.",
               [](const json::object& event, auto) { return as_cell(event_object(event)); }),
        text_column("Subobject", wide, "If referring to a piece of an object instead of an entire object: which.",
                    {"involvedObject", "fieldPath"}),
        column("Source", wide, "The component reporting this event. Should be a short machine understandable string.",
               [](const json::object& event, auto) { return as_cell(event_source(event)); }),
        column("Message", 0, "A human-readable description of the status of this operation.",
               [](const json::object& event, auto) { return as_cell(trimmed(k8s::text_at(event, "message"))); }),
        column("First Seen", wide, "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
               [](const json::object& event, auto now) { return as_cell(first_seen(event, now)); }),
        column("Count", wide, "The number of times this event has occurred.", times_seen),
        std::move(name),
    };
}

// Node

json::value node_status(const json::object& node, proto_http::wall_time) {
    const auto* conditions = value_at(node, {"status", "conditions"});
    std::string made = "Unknown";
    if (conditions != nullptr && conditions->is_array())
        for (const auto& one : conditions->get_array())
            if (one.is_object() && k8s::text_at(one.get_object(), "type") == "Ready")
                made = has_condition(node, "Ready") ? "Ready" : "NotReady";
    const auto* unschedulable = value_at(node, {"spec", "unschedulable"});
    if (unschedulable != nullptr && *unschedulable == true)
        made += ",SchedulingDisabled";
    return as_cell(made);
}

json::value node_roles(const json::object& node, proto_http::wall_time) {
    constexpr std::string_view prefix = "node-role.kubernetes.io/";
    std::set<std::string> roles;
    const auto* labels = value_at(node, {"metadata", "labels"});
    if (labels != nullptr && labels->is_object())
        for (const auto& label : labels->get_object()) {
            const std::string_view key = label.key();
            if (key.starts_with(prefix) && key != prefix)
                roles.emplace(key.substr(prefix.size()));
            else if (key == "kubernetes.io/role" && label.value().is_string() && !label.value().get_string().empty())
                roles.emplace(label.value().get_string());
        }
    return as_cell(or_else(fmt::format("{}", fmt::join(roles, ",")), "<none>"));
}

cell_function node_address(const char* type) {
    return [type](const json::object& node, auto) {
        const auto* addresses = value_at(node, {"status", "addresses"});
        if (addresses != nullptr && addresses->is_array())
            for (const auto& one : addresses->get_array())
                if (one.is_object() && k8s::text_at(one.get_object(), "type") == type)
                    return as_cell(k8s::text_at(one.get_object(), "address"));
        return as_cell("<none>");
    };
}

json::value kernel_version(const json::object& node, proto_http::wall_time) {
    auto made = or_else(text_at(node, {"status", "nodeInfo", "kernelVersion"}), "<unknown>");
    const auto architecture = text_at(node, {"status", "nodeInfo", "architecture"});
    return as_cell(architecture.empty() ? made : fmt::format("{} ({})", made, architecture));
}

table_columns node_columns() {
    return {
        name_column(),
        column("Status", 0, "The status of the node", node_status),
        column("Roles", 0, "The roles of the node", node_roles),
        age_column(),
        text_column("Version", 0, "Kubelet Version reported by the node.", {"status", "nodeInfo", "kubeletVersion"}),
        column("Internal-IP", wide, "List of addresses reachable to the node.", node_address("InternalIP")),
        column("External-IP", wide, "List of addresses reachable to the node.", node_address("ExternalIP")),
        text_column("OS-Image", wide, "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).",
                    {"status", "nodeInfo", "osImage"}, "<unknown>"),
        column("Kernel-Version", wide, "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
               kernel_version),
        text_column("Container-Runtime", wide,
                    "ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).",
                    {"status", "nodeInfo", "containerRuntimeVersion"}, "<unknown>"),
    };
}

table_column created_at_column() {
    auto made = text_column("Created At", 0, "", {"metadata", "creationTimestamp"}, "0001-01-01T00:00:00Z");
    made.type = "date";
    made.description = age_column().description;
    return made;
}

} // namespace

table_column name_column() {
    auto made =
        text_column("Name", 0,
                    "Name must be unique within a namespace. Is required when creating resources, although some resources "
                    "may allow a client to request the generation of an appropriate name automatically. Name is primarily "
                    "intended for creation idempotence and configuration definition. Cannot be updated. More info: "
                    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
                    {"metadata", "name"});
    made.format = "name";
    return made;
}

table_column age_column() {
    return column(
        "Age", 0,
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not "
        "guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is "
        "represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
        "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
        [](const json::object& object, auto now) {
            return as_cell(age_since(text_at(object, {"metadata", "creationTimestamp"}), now));
        });
}

table_columns columns_of_kind(std::string_view kind) {
    if (kind == "Pod")
        return pod_columns();
    if (kind == "Event")
        return event_columns();
    if (kind == "Node")
        return node_columns();
    if (kind == "Namespace")
        return {name_column(), text_column("Status", 0, "The status of the namespace", {"status", "phase"}), age_column()};
    if (kind == "ConfigMap")
        return {
            name_column(),
            column("Data", 0, "Data contains the configuration data.",
                   [](const json::object& map, auto) { return json::value(size_at(map, "data") + size_at(map, "binaryData")); }),
            age_column()};
    if (kind == "Secret")
        return {name_column(), text_column("Type", 0, "Used to facilitate programmatic handling of secret data.", {"type"}),
                column("Data", 0, "Data contains the secret data.",
                       [](const json::object& secret, auto) { return json::value(size_at(secret, "data")); }),
                age_column()};
    if (kind == "ServiceAccount")
        return {name_column(), age_column()};
    if (kind == "Lease")
        return {name_column(),
                text_column("Holder", 0, "holderIdentity contains the identity of the holder of a current lease.",
                            {"spec", "holderIdentity"}),
                age_column()};
    return {name_column(), created_at_column()};
}

} // namespace devcluster
