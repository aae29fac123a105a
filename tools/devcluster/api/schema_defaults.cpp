#include "tools/devcluster/api/core_schemas.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/schema_node.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

// What happens to an object before it is validated: members that the schema does not know go, defaults come.

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

bool is_unwanted_null(const value& is, const schema_node* of) {
    return is.is_null() && of != nullptr && !of->nullable;
}

void add_defaults(value& to, const schema_node* of);

void replace_null(value& is, const schema_node* of) {
    if (is_unwanted_null(is, of) && of->default_value)
        is = *of->default_value;
}

void add_defaults(object& to, const schema_node& of) {
    for (const auto& [name, member] : of.properties) {
        if (!member->default_value)
            continue;
        auto* present = to.if_contains(name);
        if (present == nullptr)
            to.emplace(name, *member->default_value);
        else
            replace_null(*present, member);
    }
    for (auto& member : to) {
        const auto* known = of.node_of(member.key());
        replace_null(member.value(), known);
        add_defaults(member.value(), known);
    }
}

void add_defaults(value& to, const schema_node* of) {
    if (of == nullptr)
        return;
    const auto& is = of->structure();
    if (auto* members = to.if_object())
        add_defaults(*members, is);
    else if (auto* elements = to.if_array())
        for (auto& element : *elements) {
            replace_null(element, is.elements);
            add_defaults(element, is.elements);
        }
}

/// The metadata of objects has its own schema, whatever theirs says.
const schema_node* schema_of(std::string_view member, const schema_node* of, bool is_resource) {
    if (is_resource && member == "metadata")
        return static_cast<const schema_node*>(&metadata_schema());
    return of == nullptr ? nullptr : of->node_of(member);
}

bool is_embedded(const schema_node* of) {
    return of != nullptr && of->structure().is_embedded_resource;
}

/// One walk over an object and its schema. A null schema is that of additionalProperties: true (or false), which by
/// kube-apiserver's rules keeps a member but nothing inside of it. `keeps` says that unknown members stay.
class pruner {
public:
    void prune(value& in, const schema_node* of, const field_path& path, bool keeps = false, bool is_root = false) {
        keeps = keeps || (of != nullptr && of->structure().preserves_unknown);
        if (auto* members = in.if_object())
            prune_members(*members, of, path, keeps, is_root || is_embedded(of));
        else if (auto* elements = in.if_array())
            prune_elements(*elements, of, path, keeps);
    }

    std::vector<std::string> take_removed() { return std::move(removed_); }

private:
    void prune_members(object& in, const schema_node* of, const field_path& path, bool keeps, bool is_resource) {
        std::vector<std::string> unknown;
        for (auto& member : in) {
            auto name = member.key();
            if (is_resource && (name == "apiVersion" || name == "kind"))
                continue;
            const auto* known = schema_of(name, of, is_resource);
            if (known != nullptr || (of != nullptr && of->structure().allows_additional))
                prune(member.value(), known, path.child(name));
            else if (!keeps)
                unknown.emplace_back(name);
        }
        for (const auto& name : unknown) {
            removed_.push_back(path.child(name).text());
            in.erase(name);
        }
    }

    void prune_elements(array& in, const schema_node* of, const field_path& path, bool keeps) {
        const auto* element = of == nullptr ? nullptr : of->structure().elements;
        if (keeps && element == nullptr)
            return;
        for (std::size_t i = 0; i < in.size(); ++i)
            prune(in[i], element, path.index(i), keeps);
    }

    std::vector<std::string> removed_;
};

/// `omitempty` of Go's maps and slices; an empty structure is something.
bool is_omitted(const value& is, const schema_node* of, const schema_node* in, std::string_view name) {
    if (of == nullptr || !of->structure().is_go_type)
        return false;
    const auto& known = of->structure();
    bool is_empty_map = is.is_object() && is.get_object().empty() && known.additional != nullptr && known.properties.empty();
    bool is_empty_list = is.is_array() && is.get_array().empty() && known.elements != nullptr;
    if (!is_empty_map && !is_empty_list)
        return false;
    const auto* required = in == nullptr ? nullptr : &in->structure().required;
    return required == nullptr || std::find(required->begin(), required->end(), name) == required->end();
}

void remove_nulls(value& in, const schema_node* of, bool is_root = false) {
    if (auto* members = in.if_object()) {
        std::vector<std::string> unwanted;
        for (auto& member : *members) {
            auto name = member.key();
            const auto* known = schema_of(name, of, is_root || is_embedded(of));
            remove_nulls(member.value(), known);
            bool is_unset = is_unwanted_null(member.value(), known) && !known->default_value;
            if (is_unset || is_omitted(member.value(), known, of, name))
                unwanted.emplace_back(name);
        }
        for (const auto& name : unwanted)
            members->erase(name);
    } else if (auto* elements = in.if_array()) {
        for (auto& element : *elements)
            remove_nulls(element, of == nullptr ? nullptr : of->structure().elements);
    }
}

} // namespace

void schema_node::apply_defaults(object& to) const {
    add_defaults(to, structure());
}

std::vector<std::string> schema_node::prune(object& in) const {
    // The walks are over values; the members move there and back.
    value whole(std::move(in));
    pruner walk;
    walk.prune(whole, this, field_path(), false, true);
    remove_nulls(whole, this, true);
    in = std::move(whole.get_object());
    auto removed = walk.take_removed();
    if (!structure().is_go_type) // Go's decoder tells in the order of the text
        std::sort(removed.begin(), removed.end());
    return removed;
}

} // namespace devcluster
