#include "controller/pod_builder.hpp"

#include "controller/check_object.hpp"
#include "controller/names.hpp"
#include "proto_http/url.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
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

template <std::size_t count>
bool is_named(const json::value& entry, const std::array<std::string_view, count>& names) {
    const auto* object = entry.if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("name");
    return name != nullptr && name->is_string() && std::ranges::find(names, std::string_view(name->get_string())) != names.end();
}

constexpr std::array<std::string_view, 4> ours{names::reporting_url_variable, names::run_uuid_variable, names::deadline_variable,
                                               names::pod_namespace_variable};
constexpr std::array<std::string_view, 6> proxies{"HTTP_PROXY",  "http_proxy", "HTTPS_PROXY",
                                                  "https_proxy", "ALL_PROXY",  "all_proxy"};
constexpr std::array<std::string_view, 2> exceptions{"NO_PROXY", "no_proxy"};

/// A proxy for what the check tests must not catch its report. Where the user names exceptions ours is added to them, and no
/// second spelling is: libraries differ in which of the two they prefer. What comes from elsewhere (valueFrom, envFrom) cannot be
/// seen.
void keep_reports_off_proxies(json::array& env, const std::string& host) {
    if (host.empty() || std::ranges::none_of(env, [](const json::value& entry) { return is_named(entry, proxies); }))
        return;
    bool has_exceptions = false;
    for (auto& entry : env) {
        if (!is_named(entry, exceptions))
            continue;
        has_exceptions = true;
        auto* value = entry.get_object().if_contains("value");
        if (value == nullptr || !value->is_string())
            continue;
        auto& text = value->get_string();
        text += text.empty() ? host : "," + host;
    }
    if (!has_exceptions)
        env.push_back(variable(exceptions.front(), host));
}

// v2's order; variables of the user with these names give way.
void inject_variables(json::object& container, const pod_order& order, const std::string& reporting_url) {
    json::array env;
    if (const auto* value = container.if_contains("env"); value != nullptr && value->is_array())
        for (const auto& entry : value->get_array())
            if (!is_named(entry, ours))
                env.push_back(entry);
    const auto url = proto_http::parse_url(reporting_url);
    keep_reports_off_proxies(env, url ? url->origin.host : std::string());
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
