#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/format.hpp"
#include "tools/devcluster/api/schema_node.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace devcluster {
namespace {

using boost::json::object;
using k8s::array_at;
using k8s::object_at;
using k8s::text_at;

constexpr std::string_view reference_prefix = "#/components/schemas/";

bool is_true(const object& in, std::string_view name) {
    const auto* value = in.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<double> number_at(const object& in, std::string_view name) {
    const auto* value = in.if_contains(name);
    if (value == nullptr || !value->is_number())
        return {};
    return value->to_number<double>();
}

std::optional<std::int64_t> count_at(const object& in, std::string_view name) {
    auto number = number_at(in, name);
    if (!number || std::fabs(*number) > 9e15)
        return {};
    return static_cast<std::int64_t>(*number);
}

std::vector<std::string> texts_at(const object& in, std::string_view name) {
    std::vector<std::string> made;
    if (const auto* list = array_at(in, name))
        for (const auto& element : *list)
            if (const auto* text = element.if_string())
                made.emplace_back(text->data(), text->size());
    return made;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> made;
    while (!text.empty()) {
        auto end = std::min(text.find(','), text.size());
        made.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return made;
}

/// The zero value of a Go string, number or bool. An empty object is not one: kube-apiserver does show `spec: {}`.
bool is_zero(const boost::json::value& value) {
    if (const auto* text = value.if_string())
        return text->empty();
    if (value.is_number())
        return value.to_number<double>() == 0;
    return value.is_bool() && !value.get_bool();
}

struct arena {
    std::deque<schema_node> nodes;
};

class compiler {
public:
    compiler(arena& nodes, const object* components) : nodes_(nodes), components_(components) {}

    schema_node& compile(const object& source) {
        auto& node = nodes_.nodes.emplace_back();
        fill(node, source);
        return node;
    }

private:
    void fill(schema_node& node, const object& source) {
        node.base = referred(source);
        node.nullable = is_true(source, "nullable");
        if (const auto* value = source.if_contains("default"); value != nullptr && !value->is_null())
            node.default_value = *value;
        node.patch_merge_key = text_at(source, "x-kubernetes-patch-merge-key");
        node.patch_strategies = split(text_at(source, "x-kubernetes-patch-strategy"));
        if (node.base != nullptr)
            return;
        fill_type(node, source);
        fill_limits(node, source);
        fill_members(node, source);
        fill_junctors(node, source);
        fill_extensions(node, source);
    }

    /// "$ref", or an allOf of nothing else, which Kubernetes writes to give a reference a description and a default.
    const schema_node* referred(const object& source) {
        if (components_ == nullptr)
            return nullptr;
        auto reference = text_at(source, "$ref");
        const auto* all_of = array_at(source, "allOf");
        if (reference.empty() && all_of != nullptr && all_of->size() == 1 && all_of->front().is_object())
            reference = text_at(all_of->front().get_object(), "$ref");
        if (!reference.starts_with(reference_prefix))
            return nullptr;
        reference.remove_prefix(reference_prefix.size());
        if (auto known = references_.find(reference); known != references_.end())
            return known->second;
        const auto* target = object_at(*components_, reference);
        if (target == nullptr)
            return nullptr;
        auto& node = nodes_.nodes.emplace_back();
        references_.emplace(reference, &node); // before it is filled: it may refer to itself
        fill(node, *target);
        return &node;
    }

    static void fill_type(schema_node& node, const object& source) {
        if (auto type = text_at(source, "type"); !type.empty())
            node.types.emplace_back(type);
        if (is_true(source, "x-kubernetes-int-or-string"))
            node.types = {"integer", "string"};
        if (auto format = text_at(source, "format"); is_known_format(node.types, format))
            node.format = format;
    }

    static void fill_limits(schema_node& node, const object& source) {
        node.properties_min = count_at(source, "minProperties");
        node.properties_max = count_at(source, "maxProperties");
        node.items_min = count_at(source, "minItems");
        node.items_max = count_at(source, "maxItems");
        node.length_min = count_at(source, "minLength");
        node.length_max = count_at(source, "maxLength");
        node.minimum = number_at(source, "minimum");
        node.maximum = number_at(source, "maximum");
        node.multiple_of = number_at(source, "multipleOf");
        node.exclusive_minimum = is_true(source, "exclusiveMinimum");
        node.exclusive_maximum = is_true(source, "exclusiveMaximum");
        node.unique_items = is_true(source, "uniqueItems");
        node.pattern_source = text_at(source, "pattern");
        if (!node.pattern_source.empty())
            node.text_pattern.emplace(node.pattern_source);
        if (const auto* values = array_at(source, "enum"))
            node.enumeration.assign(values->begin(), values->end());
    }

    void fill_members(schema_node& node, const object& source) {
        node.required = texts_at(source, "required");
        if (const auto* members = object_at(source, "properties"))
            for (const auto& [name, member] : *members)
                if (const auto* is = member.if_object())
                    node.properties.emplace(std::string(name), &compile_part(node, *is));
        if (const auto* elements = object_at(source, "items"))
            node.elements = &compile_part(node, *elements);
        if (const auto* others = source.if_contains("additionalProperties")) {
            if (const auto* is = others->if_object())
                node.additional = &compile_part(node, *is);
            else if (others->is_bool())
                node.allows_additional = others->get_bool();
        }
        if (components_ != nullptr)
            for (const auto& name : node.required)
                if (auto member = node.properties.find(name); member != node.properties.end())
                    if (auto& value = member->second->default_value; value && is_zero(*value))
                        value.reset();
    }

    void fill_junctors(schema_node& node, const object& source) {
        node.all_of = compile_all(node, source, "allOf");
        node.any_of = compile_all(node, source, "anyOf");
        node.one_of = compile_all(node, source, "oneOf");
        if (const auto* forbidden = object_at(source, "not"))
            node.none_of = &compile_part(node, *forbidden);
    }

    void fill_extensions(schema_node& node, const object& source) const {
        bool has_no_members = node.properties.empty() && node.additional == nullptr && node.elements == nullptr;
        node.is_go_type = components_ != nullptr;
        node.preserves_unknown =
            is_true(source, "x-kubernetes-preserve-unknown-fields") || (components_ != nullptr && has_no_members);
        if (const auto* rules = array_at(source, "x-kubernetes-validations"); rules != nullptr && !rules->empty())
            node.has_rules = true;
        if (components_ != nullptr)
            return;
        node.is_embedded_resource = is_true(source, "x-kubernetes-embedded-resource");
        auto list = text_at(source, "x-kubernetes-list-type");
        node.list = list == "set" ? list_kind::set : list == "map" ? list_kind::map : list_kind::atomic;
        node.map_keys = texts_at(source, "x-kubernetes-list-map-keys");
        node.has_invariants = node.has_invariants || node.is_embedded_resource || node.list != list_kind::atomic;
    }

    std::vector<schema_node*> compile_all(schema_node& node, const object& source, std::string_view name) {
        std::vector<schema_node*> made;
        if (const auto* list = array_at(source, name))
            for (const auto& element : *list)
                if (const auto* is = element.if_object())
                    made.push_back(&compile_part(node, *is));
        return made;
    }

    schema_node& compile_part(schema_node& node, const object& source) {
        auto& part = compile(source);
        node.has_rules = node.has_rules || part.has_rules;
        node.has_invariants = node.has_invariants || part.has_invariants;
        return part;
    }

    arena& nodes_;
    const object* components_;
    std::map<std::string, schema_node*, std::less<>> references_;
};

} // namespace

std::shared_ptr<const schema> schema::compile(const object& source, const object* components) {
    auto nodes = std::make_shared<arena>();
    const auto& root = compiler(*nodes, components).compile(source);
    return {std::move(nodes), &root};
}

const schema_node* schema_node::node_of(std::string_view name) const {
    const auto& is = structure();
    auto found = is.properties.find(name);
    return found != is.properties.end() ? found->second : is.additional;
}

bool schema_node::has_patch_strategy(std::string_view word) const {
    return std::find(patch_strategies.begin(), patch_strategies.end(), word) != patch_strategies.end();
}

} // namespace devcluster
