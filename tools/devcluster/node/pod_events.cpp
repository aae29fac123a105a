#include "tools/devcluster/node/pod_events.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/request.hpp"
#include "asio_k8s/rfc3339.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace devcluster {

namespace json = boost::json;

namespace {

const k8s::resource events{"", "v1", "events", true};

unix_seconds seconds_of(proto_http::wall_time at) {
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

} // namespace

pod_events::pod_events(proto_http::runtime& rt, outbox& out, std::string node_name)
    : rt_(rt), out_(out), node_name_(std::move(node_name)) {}

void pod_events::scheduled(const json::object& pod) {
    auto identity = k8s::identity_of(pod);
    auto event = base_of(pod, new_name(identity.name));
    event["type"] = "Normal";
    event["reason"] = "Scheduled";
    event["message"] = fmt::format("Successfully assigned {}/{} to {}", identity.ns, identity.name, node_name_);
    event["action"] = "Binding";
    event["source"].emplace_object();
    event["firstTimestamp"] = nullptr;
    event["lastTimestamp"] = nullptr;
    auto now = rt_.wall_now();
    auto text = k8s::format_rfc3339(seconds_of(now));
    text.pop_back();
    auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - std::chrono::floor<std::chrono::seconds>(now));
    event["eventTime"] = fmt::format("{}.{:06}Z", text, micros.count());
    event["reportingComponent"] = "default-scheduler";
    event["reportingInstance"] = "default-scheduler-" + node_name_;
    out_.send(k8s::create_request(events, identity.ns, json::serialize(event)));
}

void pod_events::tell(const json::object& pod, const container_record* container, std::string_view reason,
                      std::string_view message, bool is_warning) {
    auto identity = k8s::identity_of(pod);
    std::string field;
    if (container != nullptr)
        field = fmt::format("spec.{}{{{}}}", container->is_a == container_record::role::regular ? "containers" : "initContainers",
                            container->name);
    auto now = k8s::format_rfc3339(seconds_of(rt_.wall_now()));
    auto& known = known_[fmt::format("{}\n{}\n{}\n{}", identity.uid, field, reason, message)];
    if (++known.count > 1) {
        json::object again{{"count", known.count}, {"lastTimestamp", now}};
        out_.send(
            k8s::merge_patch_request(events, k8s::object_key{std::string(identity.ns), known.name}, json::serialize(again)));
        return;
    }
    known.name = new_name(identity.name);
    auto event = base_of(pod, known.name);
    if (!field.empty())
        event["involvedObject"].get_object()["fieldPath"] = field;
    event["type"] = is_warning ? "Warning" : "Normal";
    event["reason"] = reason;
    event["message"] = message;
    event["source"] = {{"component", "kubelet"}, {"host", node_name_}};
    event["firstTimestamp"] = now;
    event["lastTimestamp"] = now;
    event["count"] = 1;
    event["eventTime"] = nullptr;
    event["reportingComponent"] = "kubelet";
    event["reportingInstance"] = node_name_;
    out_.send(k8s::create_request(events, identity.ns, json::serialize(event)));
}

void pod_events::forget(std::string_view uid) {
    auto first = known_.lower_bound(uid);
    auto last = first;
    while (last != known_.end() && last->first.starts_with(uid))
        ++last;
    known_.erase(first, last);
}

json::object pod_events::base_of(const json::object& pod, std::string_view name) const {
    auto identity = k8s::identity_of(pod);
    json::object event{{"apiVersion", "v1"}, {"kind", "Event"}};
    event["metadata"] = {{"name", name}, {"namespace", identity.ns}};
    event["involvedObject"] = {{"kind", "Pod"},       {"namespace", identity.ns}, {"name", identity.name},
                               {"uid", identity.uid}, {"apiVersion", "v1"},       {"resourceVersion", identity.resource_version}};
    return event;
}

// As client-go names them: the pod's name and the time in hexadecimal; the random part keeps two of one moment apart.
std::string pod_events::new_name(std::string_view pod_name) {
    auto nanoseconds = static_cast<std::uint64_t>(rt_.wall_now().time_since_epoch().count());
    return fmt::format("{}.{:x}", pod_name.substr(0, 230), nanoseconds ^ (rt_.random() & 0xffff));
}

} // namespace devcluster
