#include "tools/devcluster/api/custom_types.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/crd_validation.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace devcluster {

namespace json = boost::json;

namespace {

constexpr std::string_view crds_name = "customresourcedefinitions.apiextensions.k8s.io";

json::object condition(std::string_view type, std::string_view reason, std::string_view message, proto_http::wall_time now) {
    json::object made;
    made["type"] = type;
    made["status"] = "True";
    made["lastTransitionTime"] = rfc3339_seconds(now);
    made["reason"] = reason;
    made["message"] = message;
    return made;
}

} // namespace

json::object established_status(const json::object& crd, proto_http::wall_time now) {
    const auto& spec = crd.at("spec").get_object();
    json::array stored;
    for (const auto& version : spec.at("versions").get_array())
        if (const auto* storage = version.get_object().if_contains("storage");
            storage != nullptr && *storage == json::value(true))
            stored.push_back(version.at("name"));
    json::object status;
    status["conditions"] =
        json::array{condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
                    condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now)};
    status["acceptedNames"] = spec.at("names");
    status["storedVersions"] = std::move(stored);
    return status;
}

custom_types::custom_types(objects& all) : all_(all) {
    all_.stored().listeners.push_back([this](collection& in, const object_key& key, const change& what) {
        if (in.name() == crds_name)
            changed(key, what);
    });
}

void custom_types::load() {
    for (const auto& crd : all_.stored().in(crds_name).list({}))
        serve(crd->value);
}

void custom_types::changed(const object_key&, const change& what) {
    const auto& spec = what.object->value.at("spec").get_object();
    auto group = k8s::text_at(spec, "group");
    auto plural = k8s::text_at(spec.at("names").get_object(), "plural");
    all_.types().remove(group, plural);
    if (what.kind != change_kind::deleted) {
        serve(what.object->value);
        return;
    }
    all_.run_later([all = &all_, name = std::string(plural) + '.' + std::string(group)] {
        auto& orphaned = all->stored().in(name);
        for (const auto& object : orphaned.list({}))
            all->stored().erase(orphaned,
                                object_key(metadata_text(object->value, "namespace"), metadata_text(object->value, "name")));
    });
}

void custom_types::serve(const json::object& crd) {
    auto read = read_crd(crd);
    if (read.has_error())
        return; // it was stored by an older version that took it
    for (auto& version : read->versions) {
        if (!version.served)
            continue;
        resource_type type;
        type.group = read->group;
        type.version = version.name;
        type.plural = read->names.plural;
        type.singular = read->names.singular;
        type.kind = read->names.kind;
        type.list_kind = read->names.list_kind;
        type.namespaced = read->namespaced;
        type.has_status = version.has_status;
        type.has_generation = true;
        type.is_custom = true;
        type.short_names = read->names.short_names;
        type.categories = read->names.categories;
        type.selectable_fields = version.selectable_fields;
        type.structure = version.structural;
        type.openapi = std::make_shared<const json::object>(std::move(version.schema_json));
        auto columns = columns_of_printer(version.printer_columns.empty() ? nullptr : &version.printer_columns);
        type.columns = columns ? std::move(*columns) : *columns_of_printer(nullptr);
        all_.types().add(std::make_shared<const resource_type>(std::move(type)));
    }
}

} // namespace devcluster
