#include "controller/pod_builder.hpp"

#include "controller/check_object.hpp"
#include "controller/names.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>

namespace kh {

namespace json = boost::json;

namespace {

json::object member_object(json::object& from, std::string_view name) {
    auto* value = from.if_contains(name);
    auto* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? json::object() : std::move(*object);
}

json::object variable(std::string_view name, std::string_view value) {
    json::object out;
    out["name"] = name;
    out["value"] = value;
    return out;
}

bool is_ours(const json::value& entry) {
    constexpr std::array ours{names::reporting_url_variable, names::run_uuid_variable, names::deadline_variable,
                              names::pod_namespace_variable};
    const auto* object = entry.if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("name");
    if (name == nullptr || !name->is_string())
        return false;
    for (const auto known : ours)
        if (std::string_view(name->get_string()) == known)
            return true;
    return false;
}

// v2's order; variables of the user with these names give way.
void inject_variables(json::object& container, const pod_order& order, const std::string& reporting_url) {
    json::array env;
    if (const auto* value = container.if_contains("env"); value != nullptr && value->is_array())
        for (const auto& entry : value->get_array())
            if (!is_ours(entry))
                env.push_back(entry);
    env.push_back(variable(names::reporting_url_variable, reporting_url));
    env.push_back(variable(names::run_uuid_variable, order.secret));
    env.push_back(variable(names::deadline_variable, std::to_string(order.deadline)));
    json::object field;
    field["fieldPath"] = "metadata.namespace";
    json::object source;
    source["fieldRef"] = std::move(field);
    json::object pod_namespace;
    pod_namespace["name"] = names::pod_namespace_variable;
    pod_namespace["valueFrom"] = std::move(source);
    env.push_back(std::move(pod_namespace));
    container["env"] = std::move(env);
}

json::object metadata_of(json::object& from, const pod_order& order) {
    auto labels = member_object(from, "extraLabels");
    labels[names::run_id_label] = order.run_id;
    labels[names::check_name_label] = order.key.name;
    labels[names::app_label] = names::app_label_value;
    auto annotations = member_object(from, "extraAnnotations");
    annotations[names::check_name_annotation] = order.key.name;
    annotations[names::check_uid_annotation] = order.check_uid;
    annotations[names::slot_annotation] = std::to_string(order.slot);
    annotations[names::attempt_annotation] = std::to_string(order.attempt);
    annotations[names::generation_annotation] = std::to_string(order.generation);
    annotations[names::deadline_annotation] = std::to_string(order.deadline);
    json::object owner;
    owner["apiVersion"] = names::api_version;
    owner["kind"] = v1::kind_of(order.kind);
    owner["name"] = order.key.name;
    owner["uid"] = order.check_uid;
    owner["controller"] = true;
    owner["blockOwnerDeletion"] = false;
    json::array owners;
    owners.push_back(std::move(owner));
    json::object out;
    out["name"] = order.pod_name;
    out["namespace"] = order.key.ns;
    out["labels"] = std::move(labels);
    out["annotations"] = std::move(annotations);
    out["ownerReferences"] = std::move(owners);
    return out;
}

} // namespace

std::string build_pod(const std::string& pod_template, const pod_order& order, const std::string& reporting_url) {
    json::error_code error;
    auto parsed = json::parse(pod_template, error);
    auto from = !error && parsed.is_object() ? std::move(parsed.get_object()) : json::object();
    auto spec = member_object(from, "podSpec");
    spec["restartPolicy"] = "Never";
    if (auto* containers = spec.if_contains("containers"); containers != nullptr && containers->is_array())
        for (auto& container : containers->get_array())
            if (container.is_object()) {
                // Examples of v2's documentation put it here, where v2's CRD pruned it and the API server refuses it.
                container.get_object().erase("restartPolicy");
                inject_variables(container.get_object(), order, reporting_url);
            }
    json::object out;
    out["apiVersion"] = "v1";
    out["kind"] = "Pod";
    out["metadata"] = metadata_of(from, order);
    out["spec"] = std::move(spec);
    return json::serialize(out);
}

} // namespace kh
