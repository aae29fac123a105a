#include "tools/devcluster/api/pod_rules.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/metadata_validation.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace devcluster {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 2> container_lists = {"initContainers", "containers"};

void set_default(json::object& in, std::string_view name, json::value value) {
    auto* member = in.if_contains(name);
    if (member == nullptr || member->is_null())
        in[name] = std::move(value);
}

json::object* member_object(json::object& in, std::string_view name) {
    auto* member = in.if_contains(name);
    return member == nullptr ? nullptr : member->if_object();
}

json::array* member_array(json::object& in, std::string_view name) {
    auto* member = in.if_contains(name);
    return member == nullptr ? nullptr : member->if_array();
}

/// Of "registry:5000/a/b:tag" the part after the last '/' decides.
bool is_latest(std::string_view image) {
    auto last = image.substr(image.rfind('/') == std::string_view::npos ? 0 : image.rfind('/') + 1);
    auto colon = last.find(':');
    return colon == std::string_view::npos || last.substr(colon + 1) == "latest";
}

void default_container(json::object& container) {
    set_default(container, "resources", json::object());
    set_default(container, "terminationMessagePath", "/dev/termination-log");
    set_default(container, "terminationMessagePolicy", "File");
    auto image = k8s::text_at(container, "image");
    set_default(container, "imagePullPolicy", is_latest(image) ? "Always" : "IfNotPresent");
    if (auto* ports = member_array(container, "ports"))
        for (auto& port : *ports)
            if (auto* one = port.if_object())
                set_default(*one, "protocol", "TCP");
    if (auto* variables = member_array(container, "env"))
        for (auto& variable : *variables)
            if (auto* one = variable.if_object())
                if (auto* from = member_object(*one, "valueFrom"))
                    if (auto* field = member_object(*from, "fieldRef"))
                        set_default(*field, "apiVersion", "v1");
}

json::array default_tolerations() {
    json::array made;
    for (auto key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
        json::object one;
        one["key"] = key;
        one["operator"] = "Exists";
        one["effect"] = "NoExecute";
        one["tolerationSeconds"] = 300;
        made.push_back(std::move(one));
    }
    return made;
}

void default_spec(json::object& spec) {
    set_default(spec, "restartPolicy", "Always");
    set_default(spec, "terminationGracePeriodSeconds", 30);
    set_default(spec, "dnsPolicy", "ClusterFirst");
    // Two names of one thing.
    if (auto old = k8s::text_at(spec, "serviceAccount"); !old.empty())
        set_default(spec, "serviceAccountName", json::value(old));
    set_default(spec, "serviceAccountName", "default");
    spec["serviceAccount"] = spec["serviceAccountName"];
    set_default(spec, "securityContext", json::object());
    set_default(spec, "schedulerName", "default-scheduler");
    set_default(spec, "tolerations", default_tolerations());
    set_default(spec, "priority", 0);
    set_default(spec, "enableServiceLinks", true);
    set_default(spec, "preemptionPolicy", "PreemptLowerPriority");
    for (auto list : container_lists)
        if (auto* containers = member_array(spec, list))
            for (auto& container : *containers)
                if (auto* one = container.if_object())
                    default_container(*one);
}

/// v1 PodQOSClass by what the containers ask for.
std::string_view quality_of(const json::object& spec) {
    bool asks = false, is_guaranteed = true;
    for (auto list : container_lists) {
        const auto* containers = k8s::array_at(spec, list);
        for (const auto& container : containers == nullptr ? json::array() : *containers) {
            const auto* one = container.if_object();
            const auto* resources = one == nullptr ? nullptr : k8s::object_at(*one, "resources");
            const auto* limits = resources == nullptr ? nullptr : k8s::object_at(*resources, "limits");
            const auto* requests = resources == nullptr ? nullptr : k8s::object_at(*resources, "requests");
            for (auto kind : {"cpu", "memory"}) {
                const auto* limit = limits == nullptr ? nullptr : limits->if_contains(kind);
                const auto* request = requests == nullptr ? nullptr : requests->if_contains(kind);
                asks = asks || limit != nullptr || request != nullptr;
                is_guaranteed = is_guaranteed && limit != nullptr && (request == nullptr || *request == *limit);
            }
        }
    }
    return !asks ? "BestEffort" : is_guaranteed ? "Guaranteed" : "Burstable";
}

outcome<void> check_service_account(const json::object& pod, std::string_view account, const rule_context& context) {
    auto ns = metadata_text(pod, "namespace");
    if (context.objects.in("serviceaccounts").find(object_key(ns, account)))
        return {};
    auto name = std::string(metadata_text(pod, "name"));
    return forbidden(
        object_name{"", "pods", "Pod", name},
        fmt::format("error looking up service account {}/{}: serviceaccount \"{}\" not found", ns, account, account));
}

outcome<void> prepare_create(json::object& pod, const rule_context& context) {
    auto* spec = member_object(pod, "spec");
    if (spec == nullptr)
        spec = &pod["spec"].emplace_object();
    default_spec(*spec);
    auto account = check_service_account(pod, k8s::text_at(*spec, "serviceAccountName"), context);
    if (account.has_error())
        return account.error();
    json::object status;
    status["phase"] = "Pending";
    status["qosClass"] = quality_of(*spec);
    pod["status"] = std::move(status);
    return {};
}

/// What an update may change, taken out.
json::object without_mutable_fields(json::object spec) {
    for (auto list : container_lists)
        if (auto* containers = member_array(spec, list))
            for (auto& container : *containers)
                if (auto* one = container.if_object())
                    one->erase("image");
    for (auto name : {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"})
        spec.erase(name);
    return spec;
}

outcome<void> prepare_update(json::object& next, const json::object& stored, const rule_context&) {
    auto* spec = member_object(next, "spec");
    if (spec == nullptr)
        spec = &next["spec"].emplace_object();
    default_spec(*spec);
    // What the scheduler wrote is not repeated by whoever applies a manifest.
    const auto& before = stored.at("spec").get_object();
    if (const auto* node = before.if_contains("nodeName"))
        set_default(*spec, "nodeName", *node);
    if (without_mutable_fields(*spec) == without_mutable_fields(before))
        return {};
    std::vector<cause> causes = {
        {"FieldValueForbidden",
         "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
         "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
         "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
         "spec"}};
    return invalid(object_name{"", "pods", "Pod", std::string(metadata_text(stored, "name"))}, std::move(causes));
}

void validate_container(const json::object& container, const std::string& path, const std::set<std::string_view>& volumes,
                        std::set<std::string>& names, std::vector<cause>& causes) {
    auto name = k8s::text_at(container, "name");
    if (name.empty())
        causes.push_back({"FieldValueRequired", "Required value", path + ".name"});
    else if (auto wrong = wrong_dns_label(name); !wrong.empty())
        causes.push_back(invalid_value(path + ".name", json::value(name), wrong.front()));
    else if (!names.emplace(name).second)
        causes.push_back({"FieldValueDuplicate", fmt::format("Duplicate value: \"{}\"", name), path + ".name"});
    if (k8s::text_at(container, "image").empty())
        causes.push_back({"FieldValueRequired", "Required value", path + ".image"});
    const auto* mounts = k8s::array_at(container, "volumeMounts");
    for (std::size_t i = 0; mounts != nullptr && i < mounts->size(); ++i)
        if (const auto* mount = (*mounts)[i].if_object(); mount != nullptr && !volumes.contains(k8s::text_at(*mount, "name")))
            causes.push_back(
                not_found_value(fmt::format("{}.volumeMounts[{}].name", path, i), json::value(k8s::text_at(*mount, "name"))));
}

std::vector<cause> validate(const json::object& pod) {
    std::vector<cause> causes;
    const auto* spec = k8s::object_at(pod, "spec");
    if (spec == nullptr)
        return causes;
    std::set<std::string_view> volumes;
    if (const auto* all = k8s::array_at(*spec, "volumes"))
        for (const auto& volume : *all)
            if (const auto* one = volume.if_object())
                volumes.insert(k8s::text_at(*one, "name"));
    std::set<std::string> names;
    for (auto list : container_lists) {
        const auto* containers = k8s::array_at(*spec, list);
        if (list == "containers" && (containers == nullptr || containers->empty()))
            causes.push_back({"FieldValueRequired", "Required value", "spec.containers"});
        std::size_t index = 0;
        for (const auto& container : containers == nullptr ? json::array() : *containers) {
            auto path = fmt::format("spec.{}[{}]", list, index++);
            if (const auto* one = container.if_object())
                validate_container(*one, path, volumes, names, causes);
        }
    }
    auto policy = k8s::text_at(*spec, "restartPolicy");
    if (policy != "Always" && policy != "OnFailure" && policy != "Never")
        causes.push_back(
            {"FieldValueNotSupported",
             fmt::format("Unsupported value: \"{}\": supported values: \"Always\", \"OnFailure\", \"Never\"", policy),
             "spec.restartPolicy"});
    if (auto limit = k8s::integer_at(*spec, "activeDeadlineSeconds"); limit && (*limit < 1 || *limit > 2'147'483'647))
        causes.push_back({"FieldValueInvalid",
                          fmt::format("Invalid value: {}: must be between 1 and 2147483647, inclusive", *limit),
                          "spec.activeDeadlineSeconds"});
    return causes;
}

std::int64_t grace_seconds(const json::object& pod, std::optional<std::int64_t> asked) {
    const auto& spec = pod.at("spec").get_object();
    const auto* status = k8s::object_at(pod, "status");
    auto phase = status == nullptr ? std::string_view() : k8s::text_at(*status, "phase");
    // Nobody runs it: nobody has to be waited for.
    if (k8s::text_at(spec, "nodeName").empty() || phase == "Succeeded" || phase == "Failed")
        return 0;
    auto grace = asked ? *asked : k8s::integer_at(spec, "terminationGracePeriodSeconds").value_or(30);
    return grace < 0 ? 1 : grace;
}

json::object scheduled_condition(proto_http::wall_time now) {
    json::object made;
    made["type"] = "PodScheduled";
    made["status"] = "True";
    made["lastProbeTime"] = nullptr;
    made["lastTransitionTime"] = rfc3339_seconds(now);
    return made;
}

} // namespace

kind_rules pod_rules() {
    kind_rules rules;
    rules.prepare_create = prepare_create;
    rules.prepare_update = prepare_update;
    rules.validate = validate;
    rules.grace_seconds = grace_seconds;
    return rules;
}

outcome<void> bind_pod(objects& all, const resource_type& pods, const object_key& key, const json::object& binding) {
    auto found = all.get(pods, key);
    if (found.has_error())
        return found.error();
    const auto* target = k8s::object_at(binding, "target");
    auto node = target == nullptr ? std::string_view() : k8s::text_at(*target, "name");
    if (node.empty())
        return invalid(object_name{"", "bindings", "Binding", key.second},
                       {{"FieldValueRequired", "Required value", "target.name"}});
    const auto& pod = (*found)->value;
    object_name what{"", "pods/binding", "Binding", key.second};
    if (auto assigned = k8s::text_at(pod.at("spec").get_object(), "nodeName"); !assigned.empty())
        return conflict(what, fmt::format("pod {} is already assigned to node \"{}\"", key.second, assigned));
    if (!metadata_text(pod, "deletionTimestamp").empty())
        return conflict(what, fmt::format("pod {} is being deleted, cannot be assigned to a host", key.second));
    auto next = pod;
    next["spec"].get_object()["nodeName"] = node;
    auto& status = next["status"].get_object();
    auto& conditions = status["conditions"];
    if (!conditions.is_array())
        conditions.emplace_array();
    conditions.get_array().push_back(scheduled_condition(all.wall_now()));
    all.stored().put(all.stored().in(pods.collection_name()), key, std::move(next));
    return {};
}

} // namespace devcluster
