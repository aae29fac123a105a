#include "tools/devcluster/api/openapi.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/core_schemas.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr std::string_view reference_prefix = "#/components/schemas/";
constexpr std::string_view meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

object reference(std::string_view name) {
    return {{"$ref", fmt::format("{}{}", reference_prefix, name)}};
}

std::string meta_name(std::string_view kind) {
    return fmt::format("{}{}", meta, kind);
}

std::string list_kind(const served_resource& of) {
    return fmt::format("{}List", of.kind);
}

/// "comcast.github.io" gives "io.github.comcast.v1.KuberhealthyCheck".
std::string custom_name(const served_resource& of, std::string_view kind) {
    std::vector<std::string_view> labels;
    for (std::string_view rest = of.group; !rest.empty();) {
        auto end = std::min(rest.find('.'), rest.size());
        labels.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::reverse(labels.begin(), labels.end());
    return fmt::format("{}.{}.{}", fmt::join(labels, "."), of.version, kind);
}

std::string schema_name(const served_resource& of, std::string_view kind) {
    return of.schema == nullptr ? std::string(core_schema_name(of.group, of.version, kind)) : custom_name(of, kind);
}

object kind_json(const served_resource& of, std::string_view kind) {
    return {{"group", of.group}, {"version", of.version}, {"kind", kind}};
}

/// What all objects have, in the words of Kubernetes' own kinds.
void describe_members(object& members, const object& as) {
    for (const char* name : {"apiVersion", "kind", "metadata"})
        members[name] = as.at("properties").at(name);
}

object custom_schema(const served_resource& of) {
    object made = *of.schema;
    auto& members = made["properties"];
    if (!members.is_object())
        members = object();
    describe_members(members.get_object(), core_components().at(core_schema_name("", "v1", "ConfigMap")).get_object());
    made["x-kubernetes-group-version-kind"] = array{kind_json(of, of.kind)};
    return made;
}

object custom_list_schema(const served_resource& of) {
    object members{{"items",
                    {{"description", fmt::format("List of {}.", of.plural)},
                     {"type", "array"},
                     {"items", reference(schema_name(of, of.kind))}}}};
    describe_members(members, core_components().at(core_schema_name("", "v1", "ConfigMapList")).get_object());
    return {{"description", fmt::format("{} is a list of {}", list_kind(of), of.kind)},
            {"type", "object"},
            {"required", {"items"}},
            {"properties", std::move(members)},
            {"x-kubernetes-group-version-kind", array{kind_json(of, list_kind(of))}}};
}

/// Collects schemas with what they refer to.
class components {
public:
    void add(const std::string& name) {
        if (made_.contains(name))
            return;
        if (const auto* known = core_components().if_contains(name))
            add(name, known->get_object());
    }
    void add(const std::string& name, const object& schema) {
        made_[name] = schema;
        follow(schema);
    }
    object take() { return std::move(made_); }

private:
    void follow(const value& in) {
        if (const auto* members = in.if_object())
            follow(*members);
        else if (const auto* elements = in.if_array())
            for (const auto& element : *elements)
                follow(element);
    }
    void follow(const object& in) {
        if (auto target = k8s::text_at(in, "$ref"); target.starts_with(reference_prefix))
            add(std::string(target.substr(reference_prefix.size())));
        for (const auto& member : in)
            follow(member.value());
    }

    object made_;
};

object parameter(std::string_view name, std::string_view in, std::string_view type) {
    object made{{"name", name}, {"in", in}, {"schema", {{"type", type}, {"uniqueItems", true}}}};
    if (in == "path")
        made["required"] = true;
    return made;
}

object body(std::string_view type, const std::string& schema) {
    return {{type, {{"schema", reference(schema)}}}};
}

object patch_bodies(bool is_custom) {
    object made;
    for (std::string_view type : {"json-patch+json", "merge-patch+json", "strategic-merge-patch+json"})
        if (!is_custom || !type.starts_with("strategic")) // kubectl takes the absence for: use a merge patch
            made[fmt::format("application/{}", type)] = {{"schema", reference(meta_name("Patch"))}};
    return made;
}

/// No more than clients look at: which kind it is about, its parameters and its bodies.
object operation(const served_resource& of, std::string_view action, const std::string& schema) {
    object made{{"responses", {{"200", {{"description", "OK"}, {"content", body("application/json", schema)}}}}},
                {"x-kubernetes-action", action},
                {"x-kubernetes-group-version-kind", kind_json(of, of.kind)}};
    if (action != "post" && action != "put" && action != "patch")
        return made;
    made["parameters"] = array{parameter("dryRun", "query", "string"), parameter("fieldManager", "query", "string"),
                               parameter("fieldValidation", "query", "string")};
    made["requestBody"] = {{"required", true},
                           {"content", action == "patch" ? patch_bodies(of.schema != nullptr) : body("*/*", schema)}};
    return made;
}

void add_paths(object& paths, const served_resource& of) {
    auto one = schema_name(of, of.kind);
    auto list = schema_name(of, list_kind(of));
    auto root = of.group.empty() ? fmt::format("/api/{}", of.version) : fmt::format("/apis/{}/{}", of.group, of.version);
    auto collection = fmt::format("{}/{}{}", root, of.namespaced ? "namespaces/{namespace}/" : "", of.plural);
    object for_all{{"get", operation(of, "list", list)}};
    if (of.namespaced)
        paths[fmt::format("{}/{}", root, of.plural)] = for_all;
    array parameters;
    if (of.namespaced)
        parameters.push_back(parameter("namespace", "path", "string"));
    object of_collection = std::move(for_all);
    of_collection["post"] = operation(of, "post", one);
    of_collection["delete"] = operation(of, "deletecollection", meta_name("Status"));
    of_collection["parameters"] = parameters;
    paths[collection] = std::move(of_collection);

    parameters.push_back(parameter("name", "path", "string"));
    object of_one{{"get", operation(of, "get", one)},
                  {"put", operation(of, "put", one)},
                  {"patch", operation(of, "patch", one)},
                  {"parameters", parameters}};
    if (of.has_status)
        paths[fmt::format("{}/{{name}}/status", collection)] = of_one;
    of_one["delete"] = operation(of, "delete", meta_name("Status"));
    paths[fmt::format("{}/{{name}}", collection)] = std::move(of_one);
}

void add_components(components& to, const served_resource& of) {
    auto one = schema_name(of, of.kind);
    auto list = schema_name(of, list_kind(of));
    if (of.schema == nullptr) {
        to.add(one);
        to.add(list);
    } else {
        to.add(one, custom_schema(of));
        to.add(list, custom_list_schema(of));
    }
}

} // namespace

std::string content_hash(const object& document) {
    std::uint64_t hash = 0xcbf29ce484222325U; // FNV-1a: tells versions of a document from each other, no more
    for (char character : boost::json::serialize(document)) {
        hash ^= static_cast<unsigned char>(character);
        hash *= 0x100000001b3U;
    }
    return fmt::format("{:016X}", hash);
}

object openapi_document(const std::vector<served_resource>& all, std::string_view group, std::string_view version) {
    object paths;
    components schemas;
    for (const char* kind : {"DeleteOptions", "Patch", "Status"})
        schemas.add(meta_name(kind));
    for (const auto& one : all) {
        if (one.group != group || one.version != version)
            continue;
        add_paths(paths, one);
        add_components(schemas, one);
    }
    return {{"openapi", "3.0.0"},
            {"info", {{"title", "Kubernetes"}, {"version", "1.36"}}},
            {"paths", std::move(paths)},
            {"components", {{"schemas", schemas.take()}}}};
}

object openapi_index(const std::vector<served_resource>& all) {
    std::set<std::pair<std::string, std::string>> documents;
    for (const auto& one : all)
        documents.emplace(one.group, one.version);
    object paths;
    for (const auto& [group, version] : documents) {
        auto path = group.empty() ? fmt::format("api/{}", version) : fmt::format("apis/{}/{}", group, version);
        auto hash = content_hash(openapi_document(all, group, version));
        paths[path] = {{"serverRelativeURL", fmt::format("/openapi/v3/{}?hash={}", path, hash)}};
    }
    return {{"paths", std::move(paths)}};
}

} // namespace devcluster
