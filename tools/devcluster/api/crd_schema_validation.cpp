#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/crd_validation.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/pattern.hpp"
#include "tools/devcluster/api/schema_node.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

// Three passes, as in apiextensions-apiserver: whether the schema is structural, whether its defaults are good, whether its keywords
// are allowed. One check is left out: that what anyOf, allOf, oneOf and not speak of is defined outside of them too.

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using k8s::array_at;
using k8s::object_at;
using k8s::text_at;

enum class place { root, items, field };

std::string_view view(boost::json::string_view text) {
    return {text.data(), text.size()};
}

value json_text(std::string_view text) {
    return value(boost::json::string(text));
}

bool is_true(const object& in, std::string_view name) {
    const auto* member = in.if_contains(name);
    return member != nullptr && member->is_bool() && member->get_bool();
}

bool has_entries(const object& in, std::string_view name) {
    const auto* member = in.if_contains(name);
    return member != nullptr && ((member->is_object() && !member->get_object().empty()) || (member->is_array() && !member->get_array().empty()));
}

/// Calls visit(schema, path) for properties, items and additionalProperties.
template <class Visit>
void visit_structure(const object& in, const std::string& path, const Visit& visit) {
    if (const auto* others = object_at(in, "additionalProperties"))
        visit(*others, child_path(path, "additionalProperties"));
    if (const auto* members = object_at(in, "properties"))
        for (const auto& member : *members)
            if (const auto* is = member.value().if_object())
                visit(*is, key_path(child_path(path, "properties"), view(member.key())));
    if (const auto* elements = object_at(in, "items"))
        visit(*elements, child_path(path, "items"));
}

/// ... for not, allOf, oneOf and anyOf.
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

/// Keywords that structural schemas cannot be made of; the third pass names them.
bool has_unsupported_keyword(const object& in) {
    bool found = in.contains("$ref") || in.contains("id") || in.contains("$schema") || in.contains("dependencies") ||
                 in.contains("additionalItems") || has_entries(in, "patternProperties") || has_entries(in, "definitions") ||
                 array_at(in, "items") != nullptr || (in.contains("x-kubernetes-preserve-unknown-fields") &&
                                                      !is_true(in, "x-kubernetes-preserve-unknown-fields"));
    auto visit = [&](const object& part, const std::string&) { found = found || has_unsupported_keyword(part); };
    visit_structure(in, {}, visit);
    visit_junctors(in, {}, visit);
    return found;
}

class structure_check {
public:
    explicit structure_check(std::vector<cause>& found) : found_(found) {}

    void check(const object& in, place at, const std::string& path) {
        auto type = text_at(in, "type");
        if (type == "array" && !in.contains("items"))
            found_.push_back(required_value(child_path(path, "items"), "must be specified"));
        if (at == place::root && in.contains("additionalProperties"))
            found_.push_back(forbidden_value(child_path(path, "additionalProperties"), "must not be used at the root"));
        visit_structure(in, path, [&](const object& part, const std::string& part_path) {
            check(part, part_path == child_path(path, "items") ? place::items : place::field, part_path);
        });
        check_extensions(in, path);
        check_values(in, path);
        check_type(in, type, at, path);
        if (at == place::root || is_true(in, "x-kubernetes-embedded-resource"))
            check_resource(in, at, path);
    }

private:
    void check_extensions(const object& in, const std::string& path) {
        if (!is_true(in, "x-kubernetes-int-or-string"))
            return;
        for (std::string_view name : {"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"})
            if (is_true(in, name))
                found_.push_back(
                    invalid_value(child_path(path, name), true, "must be false if x-kubernetes-int-or-string is true"));
    }

    void check_type(const object& in, std::string_view type, place at, const std::string& path) {
        auto field = child_path(path, "type");
        bool is_embedded = is_true(in, "x-kubernetes-embedded-resource");
        constexpr std::string_view must_be_object = "must be object if x-kubernetes-embedded-resource is true";
        if (is_embedded && type != "object")
            found_.push_back(type.empty() ? required_value(field, must_be_object)
                                          : invalid_value(field, json_text(type), must_be_object));
        else if (type.empty() && !is_true(in, "x-kubernetes-int-or-string") && !is_true(in, "x-kubernetes-preserve-unknown-fields"))
            found_.push_back(required_value(field, at == place::root    ? "must not be empty at the root"
                                                   : at == place::items ? "must not be empty for specified array items"
                                                                        : "must not be empty for specified object fields"));
        if (is_embedded && in.contains("additionalProperties"))
            found_.push_back(forbidden_value(child_path(path, "additionalProperties"),
                                             "must not be used if x-kubernetes-embedded-resource is set"));
        if (at == place::root && !type.empty() && type != "object")
            found_.push_back(invalid_value(field, json_text(type), "must be object at the root"));
        if (is_embedded && !is_true(in, "x-kubernetes-preserve-unknown-fields") && !has_entries(in, "properties"))
            found_.push_back(required_value(child_path(path, "properties"),
                                            "must not be empty if x-kubernetes-embedded-resource is true without "
                                            "x-kubernetes-preserve-unknown-fields"));
    }

    void check_resource(const object& in, place at, const std::string& path) {
        const auto* members = object_at(in, "properties");
        if (members == nullptr)
            return;
        auto field_of = [&](std::string_view name) { return key_path(child_path(path, "properties"), name); };
        for (std::string_view name : {"kind", "apiVersion"})
            if (const auto* member = object_at(*members, name); member != nullptr && text_at(*member, "type") != "string")
                found_.push_back(invalid_value(child_path(field_of(name), "type"), json_text(text_at(*member, "type")), "must be string"));
        const auto* metadata = object_at(*members, "metadata");
        if (metadata == nullptr)
            return;
        if (text_at(*metadata, "type") != "object")
            found_.push_back(
                invalid_value(child_path(field_of("metadata"), "type"), json_text(text_at(*metadata, "type")), "must be object"));
        if (at == place::root && !restricts_names_only(*metadata))
            found_.push_back(forbidden_value(
                field_of("metadata"),
                "must not specify anything other than name and generateName, but metadata is implicitly specified"));
    }

    static bool restricts_names_only(const object& metadata) {
        for (const auto& member : metadata) {
            auto name = view(member.key());
            if (name != "type" && name != "default" && name != "properties")
                return false;
        }
        if (const auto* members = object_at(metadata, "properties"))
            for (const auto& member : *members)
                if (member.key() != "name" && member.key() != "generateName")
                    return false;
        return true;
    }

    /// The two ways to write out x-kubernetes-int-or-string may speak of types: an anyOf, or an allOf that begins with it.
    static bool is_integer_or_string(const object& in) {
        const auto* list = array_at(in, "anyOf");
        static const array wanted{{{"type", "integer"}}, {{"type", "string"}}};
        return list != nullptr && *list == wanted;
    }

    void check_values(const object& in, const std::string& path) {
        bool is_int_or_string = is_true(in, "x-kubernetes-int-or-string");
        bool skips_any_of = is_int_or_string && is_integer_or_string(in);
        auto any_of = child_path(path, "anyOf");
        auto first_all_of = index_path(child_path(path, "allOf"), 0);
        visit_junctors(in, path, [&](const object& part, const std::string& part_path) {
            if (skips_any_of && part_path.starts_with(any_of))
                return;
            bool may_have_types = is_int_or_string && part_path == first_all_of && is_integer_or_string(part);
            check_nested(part, part_path, may_have_types);
        });
        check_pattern(in, path);
    }

    void check_pattern(const object& in, const std::string& path) {
        auto source = text_at(in, "pattern");
        if (source.empty())
            return;
        if (auto error = pattern(source).error(); !error.empty())
            found_.push_back(invalid_value(child_path(path, "pattern"), json_text(source),
                                           fmt::format("must be a valid regular expression, but isn't: {}", error)));
    }

    /// Below anyOf, allOf, oneOf and not only values are spoken of, not structure.
    void check_nested(const object& in, const std::string& path, bool may_have_types) {
        if (!may_have_types)
            visit_junctors(in, path, [&](const object& part, const std::string& at) { check_nested(part, at, false); });
        check_pattern(in, path);
        visit_structure(in, path, [&](const object& part, const std::string& at) {
            if (at != child_path(path, "additionalProperties"))
                check_nested(part, at, false);
        });
        for (std::string_view name : {"type", "title", "description"})
            forbid_nested(!text_at(in, name).empty(), path, name, "must be empty to be structural");
        for (std::string_view name : {"default", "additionalProperties", "x-kubernetes-list-type", "x-kubernetes-map-type"})
            forbid_nested(in.contains(name), path, name, "must be undefined to be structural");
        for (std::string_view name : {"nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource",
                                      "x-kubernetes-int-or-string"})
            forbid_nested(is_true(in, name), path, name, "must be false to be structural");
        for (std::string_view name : {"x-kubernetes-list-map-keys", "x-kubernetes-validations"})
            forbid_nested(has_entries(in, name), path, name, "must be empty to be structural");
        if (const auto* members = object_at(in, "properties"); members != nullptr && members->contains("metadata"))
            found_.push_back(forbidden_value(key_path(child_path(path, "properties"), "metadata"),
                                             "must not be specified in a nested context"));
    }

    void forbid_nested(bool is_there, const std::string& path, std::string_view name, std::string_view why) {
        if (is_there)
            found_.push_back(forbidden_value(child_path(path, name), why));
    }

    std::vector<cause>& found_;
};

void check_defaults(const object& in, const std::string& path, std::vector<cause>& found) {
    auto field = child_path(path, "default");
    if (const auto* given = in.if_contains("default"); given != nullptr && !given->is_null()) {
        auto compiled = schema::compile(in, nullptr);
        if (const auto* members = given->if_object()) {
            object pruned = *members;
            if (!compiled->prune(pruned).empty())
                found.push_back(invalid_value(field, *given, "must not have unknown fields"));
        }
        for (auto one : validate_value(static_cast<const schema_node&>(*compiled), *given)) {
            one.field = one.field == "<nil>" ? field : child_path(field, one.field);
            found.push_back(std::move(one));
        }
    }
    visit_structure(in, path, [&](const object& part, const std::string& at) { check_defaults(part, at, found); });
}

class keyword_check {
public:
    explicit keyword_check(std::vector<cause>& found) : found_(found) {}

    void check(const object& in, const std::string& path) {
        check_supported(in, path);
        auto visit = [&](const object& part, const std::string& at) { check(part, at); };
        visit_structure(in, path, visit);
        visit_junctors(in, path, visit);
        const auto* preserves = in.if_contains("x-kubernetes-preserve-unknown-fields");
        if (preserves != nullptr && preserves->is_bool() && !preserves->get_bool())
            found_.push_back(
                invalid_value(child_path(path, "x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"));
        check_kind_of(in, path, "x-kubernetes-map-type", "object", {"atomic", "granular"});
        check_kind_of(in, path, "x-kubernetes-list-type", "array", {"atomic", "set", "map"});
        check_map_keys(in, path);
    }

private:
    void forbid(bool is_there, const std::string& path, std::string_view name, std::string_view why) {
        if (is_there)
            found_.push_back(forbidden_value(child_path(path, name), why));
    }

    void check_supported(const object& in, const std::string& path) {
        static const std::vector<std::string> types{"array", "boolean", "integer", "number", "object", "string"};
        if (auto type = text_at(in, "type"); !type.empty() && std::find(types.begin(), types.end(), type) == types.end())
            found_.push_back(unsupported_value(child_path(path, "type"), json_text(type), types));
        forbid(!text_at(in, "id").empty(), path, "id", "id is not supported");
        forbid(in.contains("additionalItems"), path, "additionalItems", "additionalItems is not supported");
        forbid(has_entries(in, "patternProperties"), path, "patternProperties", "patternProperties is not supported");
        forbid(has_entries(in, "definitions"), path, "definitions", "definitions is not supported");
        forbid(in.contains("dependencies"), path, "dependencies", "dependencies is not supported");
        forbid(in.contains("$ref"), path, "$ref", "$ref is not supported");
        forbid(array_at(in, "items") != nullptr, path, "items", "items must be a schema object and not an array");
        forbid(is_true(in, "uniqueItems"), path, "uniqueItems",
               "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        bool allows_all = is_true(in, "additionalProperties");
        forbid(in.contains("additionalProperties") && !allows_all && has_entries(in, "properties"), path, "additionalProperties",
               "additionalProperties and properties are mutual exclusive");
    }

    void check_kind_of(const object& in, const std::string& path, std::string_view keyword, std::string_view type,
                       const std::vector<std::string>& supported) {
        auto is = text_at(in, keyword);
        if (is.empty())
            return;
        auto why = fmt::format("must be {} if {} is specified", type, keyword);
        if (auto given = text_at(in, "type"); given.empty())
            found_.push_back(required_value(child_path(path, "type"), why));
        else if (given != type)
            found_.push_back(invalid_value(child_path(path, "type"), json_text(given), why));
        if (std::find(supported.begin(), supported.end(), is) == supported.end())
            found_.push_back(unsupported_value(child_path(path, keyword), json_text(is), supported));
    }

    void check_map_keys(const object& in, const std::string& path) {
        auto list_type = text_at(in, "x-kubernetes-list-type");
        bool has_keys = has_entries(in, "x-kubernetes-list-map-keys");
        constexpr std::string_view must_be_map = "must be map if x-kubernetes-list-map-keys is non-empty";
        auto type_field = child_path(path, "x-kubernetes-list-type");
        if (has_keys && list_type != "map")
            found_.push_back(list_type.empty() ? required_value(type_field, must_be_map)
                                               : invalid_value(type_field, json_text(list_type), must_be_map));
        if (list_type == "map" && !has_keys)
            found_.push_back(required_value(child_path(path, "x-kubernetes-list-map-keys"),
                                            "must not be empty if x-kubernetes-list-type is map"));
        const auto* items = object_at(in, "items");
        if (items == nullptr || (list_type != "map" && list_type != "set"))
            return;
        auto items_path = child_path(path, "items");
        if (list_type == "map" && text_at(*items, "type") != "object")
            found_.push_back(invalid_value(child_path(items_path, "type"), json_text(text_at(*items, "type")),
                                           "must be object if parent array's x-kubernetes-list-type is map"));
        else if (list_type == "map" && has_keys)
            check_keys(in.at("x-kubernetes-list-map-keys").get_array(), *items, path);
        forbid(is_true(*items, "nullable"), items_path, "nullable",
               fmt::format("cannot be nullable when x-kubernetes-list-type is {}", list_type));
        if (list_type == "map" && has_keys)
            check_key_defaults(in.at("x-kubernetes-list-map-keys").get_array(), *items, items_path);
    }

    void check_keys(const array& keys, const object& items, const std::string& path) {
        auto field = child_path(path, "x-kubernetes-list-map-keys");
        const auto* members = object_at(items, "properties");
        std::set<std::string_view> seen;
        for (const auto& key : keys) {
            auto name = key.is_string() ? view(key.get_string()) : std::string_view();
            const auto* member = members == nullptr ? nullptr : object_at(*members, name);
            if (member == nullptr)
                found_.push_back(invalid_value(field, keys, "entries must all be names of item properties"));
            else if (auto type = text_at(*member, "type"); type == "array" || type == "object")
                found_.push_back(invalid_value(key_path(child_path(path, "items.properties"), name) + ".type",
                                               json_text(text_at(items, "type")),
                                               "must be a scalar type if parent array's x-kubernetes-list-type is map"));
            if (!seen.insert(name).second)
                found_.push_back(invalid_value(field, keys, "must not contain duplicate entries"));
        }
    }

    void check_key_defaults(const array& keys, const object& items, const std::string& path) {
        const auto* members = object_at(items, "properties");
        const auto* required = array_at(items, "required");
        for (const auto& key : keys) {
            const auto* member = members == nullptr || !key.is_string() ? nullptr : object_at(*members, view(key.get_string()));
            if (member == nullptr)
                continue;
            auto field = key_path(child_path(path, "properties"), view(key.get_string()));
            bool is_required = required != nullptr && std::find(required->begin(), required->end(), key) != required->end();
            if (!is_required && !member->contains("default"))
                found_.push_back(required_value(
                    child_path(field, "default"),
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"));
            forbid(is_true(*member, "nullable"), field, "nullable",
                   "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
        }
    }

    std::vector<cause>& found_;
};

/// So that the status' part of the schema can be taken alone.
void check_root_keywords(const object& in, const std::string& path, std::vector<cause>& found) {
    static const std::set<std::string_view> allowed{
        "description", "type",        "format",      "title",    "maximum",    "exclusiveMaximum", "minimum", "exclusiveMinimum",
        "maxLength",   "minLength",   "pattern",     "maxItems", "minItems",   "uniqueItems",      "multipleOf",
        "required",    "items",       "properties",  "externalDocs", "example", "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations"};
    if (auto type = text_at(in, "type"); !type.empty() && type != "object")
        found.push_back(invalid_value(child_path(path, "type"), json_text(type),
                                      "only \"object\" is allowed as the type at the root of the schema if the status subresource is "
                                      "enabled"));
    for (const auto& member : in) {
        if (allowed.contains(view(member.key())))
            continue;
        found.push_back(invalid_value(
            path, in,
            "only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems "
            "MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields "
            "are allowed at the root of the schema if the status subresource is enabled"));
        return;
    }
}

} // namespace

std::vector<cause> validate_crd_schema(const object& schema, const std::string& path, bool has_status) {
    std::vector<cause> found;
    if (has_status)
        check_root_keywords(schema, path, found);
    if (is_true(schema, "nullable"))
        found.push_back(forbidden_value(child_path(path, "nullable"), "nullable cannot be true at the root"));
    if (!has_unsupported_keyword(schema)) {
        std::vector<cause> structural;
        structure_check(structural).check(schema, place::root, path);
        std::sort(structural.begin(), structural.end(), [](const cause& a, const cause& b) {
            return fmt::format("{}: {}", a.field, a.message) < fmt::format("{}: {}", b.field, b.message);
        });
        if (structural.empty())
            check_defaults(schema, path, structural);
        found.insert(found.end(), structural.begin(), structural.end());
    }
    keyword_check(found).check(schema, path);
    return found;
}

} // namespace devcluster
