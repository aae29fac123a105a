#pragma once

#include "tools/devcluster/api/field_path.hpp"
#include "tools/devcluster/api/pattern.hpp"
#include "tools/devcluster/api/schema.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What schema::compile makes. Private to the schema_*.cpp files: one node for each schema object, in an arena that the root's
// shared_ptr keeps. Pointers go inside the arena, so that a schema can contain itself.

namespace devcluster {

enum class list_kind { atomic, set, map };

class schema_node final : public schema {
public:
    /// Set: this is a $ref (perhaps with a default of its own); what it is made of stands there.
    const schema_node* base = nullptr;
    const schema_node& structure() const noexcept { return base == nullptr ? *this : base->structure(); }

    std::vector<std::string> types; ///< empty: any
    std::string format;             ///< empty where there is none that kube-apiserver checks
    bool nullable = false;
    std::optional<boost::json::value> default_value;

    std::map<std::string, schema_node*, std::less<>> properties;
    schema_node* additional = nullptr;     ///< the schema of additionalProperties
    std::optional<bool> allows_additional; ///< additionalProperties, where it is no schema
    schema_node* elements = nullptr;       ///< items
    std::vector<std::string> required;
    std::optional<std::int64_t> properties_min, properties_max, items_min, items_max, length_min, length_max;
    bool unique_items = false;

    std::optional<double> minimum, maximum, multiple_of;
    bool exclusive_minimum = false;
    bool exclusive_maximum = false;
    std::string pattern_source;
    std::optional<devcluster::pattern> text_pattern;
    std::vector<boost::json::value> enumeration;

    std::vector<schema_node*> all_of, any_of, one_of;
    schema_node* none_of = nullptr; ///< not

    bool is_go_type = false; ///< of a kind of Kubernetes' own: what is empty and may be left out is left out
    bool preserves_unknown = false;
    bool is_embedded_resource = false;
    bool has_rules = false;      ///< x-kubernetes-validations, here or further in
    bool has_invariants = false; ///< an embedded resource, or a list that is a set or a map, here or further in
    list_kind list = list_kind::atomic;
    std::vector<std::string> map_keys;
    std::string patch_merge_key;
    std::vector<std::string> patch_strategies;

    /// properties, else additionalProperties.
    const schema_node* node_of(std::string_view name) const;

    void apply_defaults(boost::json::object& value) const override;
    std::vector<std::string> prune(boost::json::object& value) const override;
    std::vector<cause> validate(const boost::json::object& value) const override;
    const schema* member(std::string_view name) const override { return node_of(name); }
    const schema* items() const override { return structure().elements; }
    std::string_view merge_key() const override { return patch_merge_key; }
    bool has_patch_strategy(std::string_view word) const override;
    bool has_validation_rules() const override { return has_rules; }
};

/// schema::validate for a value of any type: a default.
std::vector<cause> validate_value(const schema_node& of, const boost::json::value& value);

/// Appends to `found` what is wrong with lists of x-kubernetes-list-type set and map.
void check_lists(const schema_node& of, const boost::json::value& value, const field_path& path, std::vector<cause>& found);
/// ... and with x-kubernetes-embedded-resource objects.
void check_embedded(const schema_node& of, const boost::json::value& value, const field_path& path, std::vector<cause>& found);

} // namespace devcluster
