#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/crd_validation.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/pattern.hpp"
#include "tools/devcluster/api/schema_node.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

// Whether an openAPIV3Schema is structural, has good defaults and only known keywords. Left out: the finer rules of embedded
// resources, of keys of lists, and that what anyOf, allOf, oneOf and not speak of is defined outside of them too.

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using k8s::array_at;
using k8s::object_at;
using k8s::text_at;

enum class place { root, items, field };

bool is_true(const object& in, std::string_view name) {
    const auto* member = in.if_contains(name);
    return member != nullptr && member->is_bool() && member->get_bool();
}

/// Calls visit(schema, path, place) for properties, items and additionalProperties.
template <class Visit>
void visit_structure(const object& in, const std::string& path, const Visit& visit) {
    if (const auto* others = object_at(in, "additionalProperties"))
        visit(*others, child_path(path, "additionalProperties"), place::field);
    if (const auto* members = object_at(in, "properties"))
        for (const auto& member : *members)
            if (const auto* is = member.value().if_object())
                visit(*is, key_path(child_path(path, "properties"), member.key()), place::field);
    if (const auto* elements = object_at(in, "items"))
        visit(*elements, child_path(path, "items"), place::items);
}

/// Calls visit(schema, path) for not, allOf, oneOf and anyOf.
template <class Visit>
void visit_junctors(const object& in, const std::string& path, const Visit& visit) {
    if (const auto* forbidden = object_at(in, "not"))
        visit(*forbidden, child_path(path, "not"));
    for (std::string_view name : {"allOf", "oneOf", "anyOf"})
        if (const auto* list = array_at(in, name))
            for (std::size_t i = 0; i < list->size(); ++i)
                if (const auto* is = (*list)[i].if_object())
                    visit(*is, index_path(child_path(path, name), i));
}

class checker {
public:
    std::vector<cause> take() { return std::move(found_); }

    void check(const object& in, place at, const std::string& path) {
        check_keywords(in, path);
        check_type(in, at, path);
        check_list(in, path);
        visit_structure(in, path, [&](const object& part, const std::string& to, place where) { check(part, where, to); });
        // The way to write out x-kubernetes-int-or-string speaks of types.
        static const array integer_or_string{{{"type", "integer"}}, {{"type", "string"}}};
        const auto* any_of = array_at(in, "anyOf");
        if (!is_true(in, "x-kubernetes-int-or-string") || any_of == nullptr || *any_of != integer_or_string)
            visit_junctors(in, path, [&](const object& part, const std::string& to) { check_nested(part, to); });
        if (at == place::root)
            check_root(in, path);
    }

    void check_defaults(const object& in, const std::string& path) {
        if (const auto* given = in.if_contains("default"); given != nullptr && !given->is_null())
            check_default(in, *given, child_path(path, "default"));
        visit_structure(in, path, [&](const object& part, const std::string& to, place) { check_defaults(part, to); });
    }

private:
    void forbid(bool is_there, const std::string& path, std::string_view name, std::string_view why) {
        if (is_there)
            found_.push_back(forbidden_value(child_path(path, name), why));
    }

    void check_keywords(const object& in, const std::string& path) {
        for (std::string_view name : {"id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"})
            forbid(in.contains(name), path, name, fmt::format("{} is not supported", name));
        forbid(array_at(in, "items") != nullptr, path, "items", "items must be a schema object and not an array");
        forbid(is_true(in, "uniqueItems"), path, "uniqueItems",
               "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        forbid(in.contains("additionalProperties") && !is_true(in, "additionalProperties") && in.contains("properties"), path,
               "additionalProperties", "additionalProperties and properties are mutual exclusive");
        constexpr std::string_view preserve = "x-kubernetes-preserve-unknown-fields";
        if (in.contains(preserve) && !is_true(in, preserve))
            found_.push_back(invalid_value(child_path(path, preserve), false, "must be true or undefined"));
        if (is_true(in, preserve) && is_true(in, "x-kubernetes-int-or-string"))
            found_.push_back(
                invalid_value(child_path(path, preserve), true, "must be false if x-kubernetes-int-or-string is true"));
        check_pattern(in, path);
    }

    void check_pattern(const object& in, const std::string& path) {
        auto source = text_at(in, "pattern");
        if (auto error = pattern(source).error(); !error.empty())
            found_.push_back(invalid_value(child_path(path, "pattern"), in.at("pattern"),
                                           fmt::format("must be a valid regular expression, but isn't: {}", error)));
    }

    void check_type(const object& in, place at, const std::string& path) {
        static const std::vector<std::string> types{"array", "boolean", "integer", "number", "object", "string"};
        auto type = text_at(in, "type");
        auto field = child_path(path, "type");
        bool may_be_any = is_true(in, "x-kubernetes-int-or-string") || is_true(in, "x-kubernetes-preserve-unknown-fields");
        if (type.empty() && !may_be_any && !in.contains("$ref"))
            found_.push_back(required_value(field, at == place::root    ? "must not be empty at the root"
                                                   : at == place::items ? "must not be empty for specified array items"
                                                                        : "must not be empty for specified object fields"));
        else if (!type.empty() && std::find(types.begin(), types.end(), type) == types.end())
            found_.push_back(unsupported_value(field, in.at("type"), types));
        if (type == "array" && !in.contains("items"))
            found_.push_back(required_value(child_path(path, "items"), "must be specified"));
    }

    void check_list(const object& in, const std::string& path) {
        auto kind = text_at(in, "x-kubernetes-list-type");
        if (!kind.empty() && text_at(in, "type") != "array")
            found_.push_back(invalid_value(child_path(path, "type"), value(text_at(in, "type")),
                                           "must be array if x-kubernetes-list-type is specified"));
        if (!kind.empty() && kind != "atomic" && kind != "set" && kind != "map")
            found_.push_back(unsupported_value(child_path(path, "x-kubernetes-list-type"), in.at("x-kubernetes-list-type"),
                                               {"atomic", "set", "map"}));
        if (kind == "map" && !in.contains("x-kubernetes-list-map-keys"))
            found_.push_back(required_value(child_path(path, "x-kubernetes-list-map-keys"),
                                            "must not be empty if x-kubernetes-list-type is map"));
    }

    /// Below anyOf, allOf, oneOf and not values are spoken of, not structure.
    void check_nested(const object& in, const std::string& path) {
        check_pattern(in, path);
        for (std::string_view name : {"type", "title", "description", "x-kubernetes-list-map-keys", "x-kubernetes-validations"})
            forbid(in.contains(name), path, name, "must be empty to be structural");
        for (std::string_view name : {"default", "additionalProperties", "x-kubernetes-list-type", "x-kubernetes-map-type"})
            forbid(in.contains(name), path, name, "must be undefined to be structural");
        for (std::string_view name :
             {"nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"})
            forbid(is_true(in, name), path, name, "must be false to be structural");
        visit_structure(in, path, [&](const object& part, const std::string& to, place) { check_nested(part, to); });
        visit_junctors(in, path, [&](const object& part, const std::string& to) { check_nested(part, to); });
    }

    void check_root(const object& in, const std::string& path) {
        forbid(in.contains("additionalProperties"), path, "additionalProperties", "must not be used at the root");
        forbid(is_true(in, "nullable"), path, "nullable", "nullable cannot be true at the root");
        if (auto type = text_at(in, "type"); !type.empty() && type != "object")
            found_.push_back(invalid_value(child_path(path, "type"), in.at("type"), "must be object at the root"));
        const auto* members = object_at(in, "properties");
        const auto* metadata = members == nullptr ? nullptr : object_at(*members, "metadata");
        if (metadata != nullptr && !restricts_names_only(*metadata))
            found_.push_back(forbidden_value(key_path(child_path(path, "properties"), "metadata"),
                                             "must not specify anything other than name and generateName, but metadata is "
                                             "implicitly specified"));
    }

    static bool restricts_names_only(const object& metadata) {
        auto is_allowed = [](const auto& member) {
            return member.key() == "type" || member.key() == "default" || member.key() == "properties";
        };
        auto is_name = [](const auto& member) { return member.key() == "name" || member.key() == "generateName"; };
        const auto* members = object_at(metadata, "properties");
        return std::all_of(metadata.begin(), metadata.end(), is_allowed) &&
               (members == nullptr || std::all_of(members->begin(), members->end(), is_name));
    }

    void check_default(const object& in, const value& given, const std::string& field) {
        auto compiled = schema::compile(in, nullptr);
        if (const auto* members = given.if_object()) {
            object pruned = *members;
            if (!compiled->prune(pruned).empty())
                found_.push_back(invalid_value(field, given, "must not have unknown fields"));
        }
        for (auto one : validate_value(static_cast<const schema_node&>(*compiled), given)) {
            one.field = one.field == "<nil>" ? field : child_path(field, one.field);
            found_.push_back(std::move(one));
        }
    }

    std::vector<cause> found_;
};

} // namespace

std::vector<cause> validate_crd_schema(const object& schema, const std::string& path) {
    checker of;
    of.check(schema, place::root, path);
    auto found = of.take();
    if (found.empty()) {
        of.check_defaults(schema, path);
        found = of.take();
    }
    std::sort(found.begin(), found.end(),
              [](const cause& a, const cause& b) { return std::tie(a.field, a.message) < std::tie(b.field, b.message); });
    return found;
}

} // namespace devcluster
