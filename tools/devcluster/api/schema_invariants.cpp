#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/schema_node.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <map>

// What is wanted of whole lists and of embedded objects (whose names and labels are not looked at), beyond the schema's own
// words.

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

/// A repeated one is told once, where it is repeated first.
void find_duplicates(const std::vector<value>& all, const field_path& path, std::vector<cause>& found) {
    std::map<std::string, int> seen;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (++seen[go_json(all[i])] == 2)
            found.push_back(duplicate_value(path.index(i).text(), all[i]));
}

void check_map_list(const schema_node& of, const array& list, const field_path& path, std::vector<cause>& found) {
    std::vector<value> keys;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (!list[i].is_object() && !list[i].is_null()) {
            found.push_back(invalid_value(path.index(i).text(), list[i], "must be an object for an array of list-type map"));
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
void visit_parts(const schema_node& of, const value& in, const field_path& path, const Visit& visit) {
    if (const auto* members = in.if_object()) {
        for (const auto& member : *members) {
            auto name = member.key();
            bool is_property = of.properties.contains(name);
            if (const auto* known = of.node_of(name))
                visit(known->structure(), member.value(), is_property ? path.child(name) : path.key(name));
        }
    } else if (const auto* elements = in.if_array(); elements != nullptr && of.elements != nullptr) {
        for (std::size_t i = 0; i < elements->size(); ++i)
            visit(of.elements->structure(), (*elements)[i], path.index(i));
    }
}

} // namespace

void check_lists(const schema_node& of, const value& in, const field_path& path, std::vector<cause>& found) {
    if (!of.has_invariants)
        return;
    if (const auto* list = in.if_array()) {
        if (of.list == list_kind::set)
            find_duplicates({list->begin(), list->end()}, path, found);
        else if (of.list == list_kind::map)
            check_map_list(of, *list, path, found);
    }
    visit_parts(of, in, path,
                [&](const schema_node& part, const value& is, const field_path& at) { check_lists(part, is, at, found); });
}

void check_embedded(const schema_node& of, const value& in, const field_path& path, std::vector<cause>& found) {
    if (!of.has_invariants)
        return;
    if (const auto* members = in.if_object(); members != nullptr && of.is_embedded_resource)
        for (std::string_view name : {"apiVersion", "kind"})
            if (!members->contains(name))
                found.push_back(required_value(path.child(name).text()));
    visit_parts(of, in, path,
                [&](const schema_node& part, const value& is, const field_path& at) { check_embedded(part, is, at, found); });
}

} // namespace devcluster
