#include "tools/devcluster/api/core_types.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/core_schemas.hpp"
#include "tools/devcluster/api/crd_validation.hpp"
#include "tools/devcluster/api/custom_types.hpp"
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
    type.rules.prepare_update = [=](json::object& next, const json::object&, const rule_context&) -> outcome<void> {
        prepare(next);
        return {};
    };
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

} // namespace

void add_core_types(registry& to, bool with_schemas) {
    std::vector<resource_type> types;
    types.push_back(namespaces());
    types.push_back(nodes());
    types.push_back(pods());
    types.push_back(events());
    types.push_back(make("", "v1", "configmaps", "ConfigMap"));
    types.back().short_names = {"cm"};
    types.push_back(secrets());
    types.push_back(make("", "v1", "serviceaccounts", "ServiceAccount"));
    types.back().short_names = {"sa"};
    types.push_back(make("coordination.k8s.io", "v1", "leases", "Lease"));
    types.push_back(definitions());
    for (auto& type : types) {
        type.columns = columns_of_kind(type.kind);
        if (with_schemas)
            type.structure = core_schema(type.group, type.version, type.kind);
        to.add(std::make_shared<const resource_type>(std::move(type)));
    }
}

} // namespace devcluster
