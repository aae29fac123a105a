#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/metadata_validation.hpp"
#include "tools/devcluster/api/schema_node.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

// What is wanted of whole lists and of embedded objects, beyond the schema's own words.

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

std::string_view view(boost::json::string_view text) {
    return {text.data(), text.size()};
}

/// A repeated one is told once, where it is repeated first.
void find_duplicates(const std::vector<value>& all, const std::string& path, std::vector<cause>& found) {
    std::map<std::string, int> seen;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (++seen[go_json(all[i])] == 2)
            found.push_back(duplicate_value(index_path(path, i), all[i]));
}

void check_map_list(const schema_node& of, const array& list, const std::string& path, std::vector<cause>& found) {
    std::vector<value> keys;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (!list[i].is_object() && !list[i].is_null()) {
            found.push_back(invalid_value(index_path(path, i), list[i], "must be an object for an array of list-type map"));
            return;
        }
        object key;
        if (const auto* element = list[i].if_object())
            for (const auto& name : of.map_keys)
                if (const auto* part = element->if_contains(name))
                    key[name] = *part;
        keys.emplace_back(std::move(key));
    }
    find_duplicates(keys, path, found);
}

/// Calls `visit` for each member or element that the schema describes.
template <class Visit>
void visit_parts(const schema_node& of, const value& in, const std::string& path, const Visit& visit) {
    if (const auto* members = in.if_object()) {
        for (const auto& member : *members) {
            auto name = view(member.key());
            bool is_property = of.properties.contains(name);
            if (const auto* known = of.node_of(name))
                visit(known->structure(), member.value(), is_property ? child_path(path, name) : key_path(path, name));
        }
    } else if (const auto* elements = in.if_array(); elements != nullptr && of.elements != nullptr) {
        for (std::size_t i = 0; i < elements->size(); ++i)
            visit(of.elements->structure(), (*elements)[i], index_path(path, i));
    }
}

void check_api_version(const value& is, const std::string& path, std::vector<cause>& found) {
    const auto* text = is.if_string();
    if (text == nullptr)
        found.push_back(invalid_value(path, is, "must be a string"));
    else if (text->empty())
        found.push_back(invalid_value(path, is, "must not be empty"));
    else if (std::count(text->begin(), text->end(), '/') > 1)
        found.push_back(invalid_value(path, is, fmt::format("unexpected GroupVersion string: {}", view(*text))));
}

void check_kind(const value& is, const std::string& path, std::vector<cause>& found) {
    const auto* text = is.if_string();
    if (text == nullptr)
        found.push_back(invalid_value(path, is, "must be a string"));
    else if (text->empty())
        found.push_back(invalid_value(path, is, "must not be empty"));
    else if (auto wrong = wrong_kind_name(view(*text)); !wrong.empty())
        found.push_back(invalid_value(path, is, wrong));
}

void check_resource(const object& is, const std::string& path, std::vector<cause>& found) {
    using check = void (*)(const value&, const std::string&, std::vector<cause>&);
    constexpr std::pair<std::string_view, check> wanted[] = {{"apiVersion", check_api_version}, {"kind", check_kind}};
    for (const auto& [name, checks] : wanted) {
        if (const auto* member = is.if_contains(name))
            checks(*member, child_path(path, name), found);
        else
            found.push_back(required_value(child_path(path, name)));
    }
    const auto* metadata = k8s::object_at(is, "metadata");
    if (metadata == nullptr)
        return;
    object named = *metadata;
    if (k8s::text_at(named, "name").empty())
        named["name"] = "fakename"; // an embedded object needs none
    for (auto& one : validate_metadata(named, named.contains("namespace"), name_rule::path_segment, child_path(path, "metadata")))
        found.push_back(std::move(one));
}

} // namespace

void check_lists(const schema_node& of, const value& in, const std::string& path, std::vector<cause>& found) {
    if (const auto* list = in.if_array()) {
        if (of.list == list_kind::set)
            find_duplicates({list->begin(), list->end()}, path, found);
        else if (of.list == list_kind::map)
            check_map_list(of, *list, path, found);
    }
    visit_parts(of, in, path,
                [&](const schema_node& part, const value& is, const std::string& at) { check_lists(part, is, at, found); });
}

void check_embedded(const schema_node& of, const value& in, const std::string& path, std::vector<cause>& found) {
    if (const auto* members = in.if_object(); members != nullptr && of.is_embedded_resource)
        check_resource(*members, path, found);
    visit_parts(of, in, path,
                [&](const schema_node& part, const value& is, const std::string& at) { check_embedded(part, is, at, found); });
}

} // namespace devcluster
