#include "tools/devcluster/api/core_types.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/core_schemas.hpp"
#include "tools/devcluster/api/crd_validation.hpp"
#include "tools/devcluster/api/custom_types.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/metadata_validation.hpp"
#include "tools/devcluster/api/objects.hpp"
#include "tools/devcluster/api/pod_rules.hpp"

#include <boost/json/array.hpp>

namespace devcluster {

namespace json = boost::json;

namespace {

resource_type make(std::string group, std::string version, std::string plural, std::string kind) {
    resource_type made;
    made.group = std::move(group);
    made.version = std::move(version);
    made.plural = std::move(plural);
    made.singular = made.plural.substr(0, made.plural.size() - 1);
    made.list_kind = kind + "List";
    made.kind = std::move(kind);
    return made;
}

json::object& object_member(json::object& in, std::string_view name) {
    auto& member = in[name];
    if (!member.is_object())
        member.emplace_object();
    return member.get_object();
}

resource_type namespaces() {
    auto type = make("", "v1", "namespaces", "Namespace");
    type.namespaced = false;
    type.has_status = true;
    type.has_deletecollection = false;
    type.short_names = {"ns"};
    type.selectable_fields = {"status.phase"};
    auto name_label = [](json::object& object) {
        auto& labels = object_member(object_member(object, "metadata"), "labels");
        labels["kubernetes.io/metadata.name"] = metadata_text(object, "name");
    };
    type.rules.prepare_create = [=](json::object& object, const rule_context&) -> outcome<void> {
        name_label(object);
        object_member(object, "spec")["finalizers"] = json::array{"kubernetes"};
        object_member(object, "status") = json::object{{"phase", "Active"}};
        return {};
    };
    type.rules.prepare_update = [=](json::object& next, const json::object& stored, const rule_context&) -> outcome<void> {
        name_label(next);
        next["spec"] = stored.at("spec"); // only the namespace controller finalizes
        return {};
    };
    type.rules.prepare_delete = [](json::object& object) { object_member(object, "status")["phase"] = "Terminating"; };
    type.rules.holds_on = [](const json::object& object) {
        const auto* spec = k8s::object_at(object, "spec");
        const auto* finalizers = spec == nullptr ? nullptr : k8s::array_at(*spec, "finalizers");
        return finalizers != nullptr && !finalizers->empty();
    };
    return type;
}

resource_type pods() {
    auto type = make("", "v1", "pods", "Pod");
    type.has_status = true;
    type.has_generation = true;
    type.answers_deleted = true;
    type.short_names = {"po"};
    type.categories = {"all"};
    type.selectable_fields = {"spec.nodeName",    "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                              "spec.hostNetwork", "status.phase",       "status.podIP",       "status.nominatedNodeName"};
    type.rules = pod_rules();
    return type;
}

resource_type events() {
    auto type = make("", "v1", "events", "Event");
    type.short_names = {"ev"};
    type.selectable_fields = {"involvedObject.kind",
                              "involvedObject.namespace",
                              "involvedObject.name",
                              "involvedObject.uid",
                              "involvedObject.apiVersion",
                              "involvedObject.resourceVersion",
                              "involvedObject.fieldPath",
                              "reason",
                              "reportingComponent",
                              "source",
                              "type"};
    type.rules.validate = [](const json::object& object) {
        const auto* about = k8s::object_at(object, "involvedObject");
        auto ns = about == nullptr ? std::string_view() : k8s::text_at(*about, "namespace");
        auto own = metadata_text(object, "namespace");
        std::vector<cause> causes;
        bool is_of_cluster = ns.empty() && own == "default";
        if (ns != own && !is_of_cluster)
            causes.push_back(invalid_value("involvedObject.namespace", json::value(ns), "does not match event.namespace"));
        return causes;
    };
    return type;
}

constexpr std::size_t data_size_max = 1024 * 1024;

/// The keys and the size of a configmap's or secret's maps.
std::vector<cause> check_data(const json::object& object, std::initializer_list<std::string_view> maps, std::string too_long_at) {
    std::vector<cause> causes;
    std::size_t size = 0;
    for (auto name : maps) {
        const auto* map = k8s::object_at(object, name);
        for (const auto& [key, value] : map == nullptr ? json::object() : *map) {
            for (const auto& wrong : wrong_config_key(key))
                causes.push_back(invalid_value(key_path(name, key), json::value(key), wrong));
            if (const auto* text = value.if_string())
                size += name == "data" && maps.size() > 1 ? text->size() : text->size() / 4 * 3;
        }
    }
    if (size > data_size_max)
        causes.push_back(too_long(std::move(too_long_at), data_size_max));
    return causes;
}

/// What `immutable: true` forbids.
outcome<void> check_immutable(const resource_type& type, const json::object& next, const json::object& stored,
                              std::initializer_list<std::string_view> fields) {
    std::vector<cause> causes;
    auto differs = [&](std::string_view field) {
        const auto *now = next.if_contains(field), *before = stored.if_contains(field);
        return (now == nullptr) != (before == nullptr) || (now != nullptr && *now != *before);
    };
    const auto* is_immutable = stored.if_contains("immutable");
    for (auto field : fields)
        if (is_immutable != nullptr && *is_immutable == json::value(true) && differs(field))
            causes.push_back(forbidden_value(std::string(field), "field is immutable when `immutable` is set"));
    if (type.kind == "Secret" && differs("type"))
        causes.push_back(invalid_value("type", next.at("type"), "field is immutable"));
    if (!causes.empty())
        return invalid(type.named(std::string(metadata_text(stored, "name"))), std::move(causes));
    return {};
}

resource_type config_maps() {
    auto type = make("", "v1", "configmaps", "ConfigMap");
    type.short_names = {"cm"};
    type.rules.prepare_update = [](json::object& next, const json::object& stored, const rule_context&) {
        return check_immutable(make("", "v1", "configmaps", "ConfigMap"), next, stored, {"immutable", "data", "binaryData"});
    };
    type.rules.validate = [](const json::object& object) { return check_data(object, {"data", "binaryData"}, "[]"); };
    return type;
}

resource_type leases() {
    auto type = make("coordination.k8s.io", "v1", "leases", "Lease");
    type.rules.validate = [](const json::object& object) {
        std::vector<cause> causes;
        const auto* spec = k8s::object_at(object, "spec");
        auto check = [&](std::string_view field, std::int64_t least, std::string_view words) {
            if (auto value = spec == nullptr ? std::nullopt : k8s::integer_at(*spec, field); value && *value < least)
                causes.push_back(invalid_value(child_path("spec", field), *value, words));
        };
        check("leaseDurationSeconds", 1, "must be greater than 0");
        check("leaseTransitions", 0, "must be greater than or equal to 0");
        return causes;
    };
    return type;
}

resource_type secrets() {
    auto type = make("", "v1", "secrets", "Secret");
    type.selectable_fields = {"type"};
    auto prepare = [](json::object& object) {
        if (k8s::text_at(object, "type").empty())
            object["type"] = "Opaque";
        const auto* plain = k8s::object_at(object, "stringData");
        if (plain == nullptr)
            return;
        auto& data = object_member(object, "data");
        for (const auto& [name, value] : *plain)
            if (const auto* text = value.if_string())
                data[name] = k8s::base64_encode(std::string_view(*text));
        object.erase("stringData");
    };
    type.rules.prepare_create = [=](json::object& object, const rule_context&) -> outcome<void> {
        prepare(object);
        return {};
    };
    type.rules.prepare_update = [=](json::object& next, const json::object& stored, const rule_context&) {
        prepare(next);
        return check_immutable(make("", "v1", "secrets", "Secret"), next, stored, {"immutable", "data"});
    };
    type.rules.validate = [](const json::object& object) { return check_data(object, {"data"}, "data"); };
    return type;
}

resource_type nodes() {
    auto type = make("", "v1", "nodes", "Node");
    type.namespaced = false;
    type.has_status = true;
    type.short_names = {"no"};
    type.selectable_fields = {"spec.unschedulable"};
    return type;
}

resource_type definitions() {
    auto type = make("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition");
    type.namespaced = false;
    type.has_status = true;
    type.has_generation = true;
    type.short_names = {"crd", "crds"};
    type.categories = {"api-extensions"};
    auto check = [](const json::object& object) -> outcome<void> {
        auto read = read_crd(object);
        if (read.has_error())
            return read.error();
        return {};
    };
    type.rules.prepare_create = [=](json::object& object, const rule_context& context) {
        apply_crd_defaults(object);
        auto checked = check(object);
        if (checked)
            object["status"] = established_status(object, context.now);
        return checked;
    };
    type.rules.prepare_update = [=](json::object& next, const json::object&, const rule_context&) {
        apply_crd_defaults(next);
        return check(next);
    };
    return type;
}

std::vector<type_ptr> make_core_types(bool with_schemas) {
    std::vector<resource_type> types;
    types.push_back(namespaces());
    types.push_back(nodes());
    types.push_back(pods());
    types.push_back(events());
    types.push_back(config_maps());
    types.push_back(secrets());
    types.push_back(make("", "v1", "serviceaccounts", "ServiceAccount"));
    types.back().short_names = {"sa"};
    types.back().answers_deleted = true;
    types.push_back(leases());
    types.push_back(definitions());
    std::vector<type_ptr> made;
    for (auto& type : types) {
        type.columns = columns_of_kind(type.kind);
        if (with_schemas)
            type.structure = core_schema(type.group, type.version, type.kind);
        made.push_back(std::make_shared<const resource_type>(std::move(type)));
    }
    return made;
}

/// Made once: a simulation has thousands of servers.
const std::vector<type_ptr>& core_types(bool with_schemas) {
    if (with_schemas) {
        static const auto with = make_core_types(true);
        return with;
    }
    static const auto without = make_core_types(false);
    return without;
}

} // namespace

void add_core_types(registry& to, bool with_schemas) {
    for (const auto& type : core_types(with_schemas))
        to.add(type);
}

} // namespace devcluster
