#include "tools/devcluster/api/discovery.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace devcluster {

namespace json = boost::json;

namespace {

/// In the order in which kube-apiserver tells them: custom kinds have another one.
json::array verbs_of(const resource_type& type) {
    if (type.is_custom)
        return {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
    json::array made{"create", "delete"};
    if (type.has_deletecollection)
        made.emplace_back("deletecollection");
    for (auto verb : {"get", "list", "patch", "update", "watch"})
        made.emplace_back(verb);
    return made;
}

struct subresource {
    std::string_view name;
    std::string_view kind;
    std::vector<std::string_view> verbs;
};

std::vector<subresource> subresources_of(const resource_type& type) {
    std::vector<subresource> made;
    if (type.kind == "Pod" && type.group.empty()) {
        made.push_back({"binding", "Binding", {"create"}});
        made.push_back({"log", "Pod", {"get"}});
    }
    if (type.has_status)
        made.push_back({"status", type.kind, {"get", "patch", "update"}});
    return made;
}

template <class Texts>
json::array to_array(const Texts& texts) {
    json::array made;
    for (const auto& text : texts)
        made.emplace_back(std::string_view(text));
    return made;
}

/// Group versions in the order of their first appearance.
std::vector<std::pair<std::string, std::string>> group_versions(const registry& types) {
    std::vector<std::pair<std::string, std::string>> made;
    for (const auto& type : types.all()) {
        std::pair<std::string, std::string> one(type->group, type->version);
        if (std::find(made.begin(), made.end(), one) == made.end())
            made.push_back(std::move(one));
    }
    return made;
}

json::object version_entry(std::string_view group, std::string_view version) {
    json::object made;
    made["groupVersion"] = std::string(group) + '/' + std::string(version);
    made["version"] = version;
    return made;
}

json::object response_kind(const resource_type& type, std::string_view kind) {
    json::object made;
    made["group"] = type.group;
    made["version"] = type.version;
    made["kind"] = kind;
    return made;
}

json::object aggregated_resource(const resource_type& type) {
    json::object made;
    made["resource"] = type.plural;
    made["responseKind"] = response_kind(type, type.kind);
    made["scope"] = type.namespaced ? "Namespaced" : "Cluster";
    made["singularResource"] = type.singular;
    made["verbs"] = verbs_of(type);
    if (!type.short_names.empty())
        made["shortNames"] = to_array(type.short_names);
    if (!type.categories.empty())
        made["categories"] = to_array(type.categories);
    json::array subs;
    for (const auto& sub : subresources_of(type)) {
        json::object one;
        one["subresource"] = sub.name;
        one["responseKind"] = response_kind(type, sub.kind);
        one["verbs"] = to_array(sub.verbs);
        subs.push_back(std::move(one));
    }
    if (!subs.empty())
        made["subresources"] = std::move(subs);
    return made;
}

void add_classic_resources(const resource_type& type, json::array& to) {
    json::object made;
    made["name"] = type.plural;
    made["singularName"] = type.singular;
    made["namespaced"] = type.namespaced;
    made["kind"] = type.kind;
    made["verbs"] = verbs_of(type);
    if (!type.short_names.empty())
        made["shortNames"] = to_array(type.short_names);
    if (!type.categories.empty())
        made["categories"] = to_array(type.categories);
    to.push_back(std::move(made));
    for (const auto& sub : subresources_of(type)) {
        json::object one;
        one["name"] = type.plural + '/' + std::string(sub.name);
        one["singularName"] = "";
        one["namespaced"] = type.namespaced;
        one["kind"] = sub.kind;
        one["verbs"] = to_array(sub.verbs);
        to.push_back(std::move(one));
    }
}

} // namespace

json::object version_document() {
    json::object made;
    made["major"] = "1";
    made["minor"] = "36";
    made["gitVersion"] = "v1.36.3-kuberhealthy-dev";
    made["gitCommit"] = "";
    made["gitTreeState"] = "clean";
    made["buildDate"] = "1970-01-01T00:00:00Z";
    made["goVersion"] = "none";
    made["compiler"] = "gcc";
    made["platform"] = "linux";
    return made;
}

json::object core_versions() {
    json::object made;
    made["kind"] = "APIVersions";
    made["versions"] = json::array{"v1"};
    made["serverAddressByClientCIDRs"] = json::array();
    return made;
}

std::optional<json::object> group_document(const registry& types, std::string_view group) {
    json::array versions;
    for (const auto& [name, version] : group_versions(types))
        if (name == group)
            versions.push_back(version_entry(name, version));
    if (versions.empty() || group.empty())
        return std::nullopt;
    json::object made;
    made["kind"] = "APIGroup";
    made["apiVersion"] = "v1";
    made["name"] = group;
    made["preferredVersion"] = versions.front();
    made["versions"] = std::move(versions);
    return made;
}

json::object group_list(const registry& types) {
    json::array groups;
    std::vector<std::string> told;
    for (const auto& [group, version] : group_versions(types)) {
        if (group.empty() || std::find(told.begin(), told.end(), group) != told.end())
            continue;
        told.push_back(group);
        auto one = *group_document(types, group);
        one.erase("kind");
        one.erase("apiVersion");
        groups.push_back(std::move(one));
    }
    json::object made;
    made["kind"] = "APIGroupList";
    made["apiVersion"] = "v1";
    made["groups"] = std::move(groups);
    return made;
}

std::optional<json::object> resource_list(const registry& types, std::string_view group, std::string_view version) {
    json::array resources;
    std::string group_version;
    for (const auto& type : types.all())
        if (type->group == group && type->version == version) {
            group_version = type->api_version();
            add_classic_resources(*type, resources);
        }
    if (resources.empty())
        return std::nullopt;
    json::object made;
    made["kind"] = "APIResourceList";
    if (!group.empty())
        made["apiVersion"] = "v1";
    made["groupVersion"] = group_version;
    made["resources"] = std::move(resources);
    return made;
}

json::object aggregated(const registry& types, bool is_core, std::string_view version) {
    std::vector<std::string> names;
    for (const auto& type : types.all())
        if (type->group.empty() == is_core && std::find(names.begin(), names.end(), type->group) == names.end())
            names.push_back(type->group);
    json::array items;
    for (const auto& name : names) {
        json::array versions;
        for (const auto& [group, of_group] : group_versions(types)) {
            if (group != name)
                continue;
            json::array resources;
            for (const auto& type : types.all())
                if (type->group == group && type->version == of_group)
                    resources.push_back(aggregated_resource(*type));
            json::object one;
            one["version"] = of_group;
            one["resources"] = std::move(resources);
            one["freshness"] = "Current";
            versions.push_back(std::move(one));
        }
        json::object item;
        item["metadata"] = name.empty() ? json::object() : json::object{{"name", name}};
        item["versions"] = std::move(versions);
        items.push_back(std::move(item));
    }
    json::object made;
    made["kind"] = "APIGroupDiscoveryList";
    made["apiVersion"] = "apidiscovery.k8s.io/" + std::string(version);
    made["metadata"] = json::object();
    made["items"] = std::move(items);
    return made;
}

} // namespace devcluster
