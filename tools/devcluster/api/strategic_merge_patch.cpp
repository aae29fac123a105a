#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/patch.hpp"

#include "asio_k8s/json_access.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

// k8s.io/apimachinery/pkg/util/strategicpatch.

namespace devcluster {
namespace {

namespace json = boost::json;

constexpr std::string_view directive = "$patch";
constexpr std::string_view retain_keys = "$retainKeys";
constexpr std::string_view delete_prefix = "$deleteFromPrimitiveList";
constexpr std::string_view order_prefix = "$setElementOrder";

/// What went wrong; none if nothing did.
using failure = std::optional<status_error>;

status_error no_merge_key(const json::value& element, std::string_view key) {
    return internal_error(fmt::format("map: {} does not contain declared merge key: {}", go_text(element), key));
}

status_error unknown_directive(const json::value& word, const json::object& where) {
    return internal_error(fmt::format("unknown patch type: {} in map: {}", go_text(word), go_text(where)));
}

const char* go_type(const json::value& value) {
    switch (value.kind()) {
    case json::kind::null:
        return "%!s(<nil>)";
    case json::kind::object:
        return "map[string]interface {}";
    case json::kind::array:
        return "[]interface {}";
    case json::kind::string:
        return "string";
    case json::kind::bool_:
        return "bool";
    case json::kind::double_:
        return "float64";
    default:
        return "int64";
    }
}

bool is_parallel_directive(std::string_view key) {
    return key == retain_keys || key.starts_with(delete_prefix) || key.starts_with(order_prefix);
}

/// A copy for a place where nothing is to be merged with: without nulls, directives and what bears $patch (then maybe nothing).
std::optional<json::value> cleaned(const json::value& patch) {
    if (const auto* object = patch.if_object()) {
        if (object->contains(directive))
            return std::nullopt;
        json::object made;
        for (const auto& member : *object)
            if (auto value = cleaned(member.value()); value && !value->is_null() && !is_parallel_directive(member.key()))
                made[member.key()] = std::move(*value);
        return made;
    }
    if (const auto* array = patch.if_array()) {
        json::array made;
        for (const auto& element : *array)
            if (auto value = cleaned(element))
                made.push_back(std::move(*value));
        return made;
    }
    return patch;
}

void set(json::object& into, std::string_view name, const json::value& patch) {
    if (auto value = cleaned(patch))
        into[name] = std::move(*value);
    else
        into.erase(name);
}

// Lists. Elements are known by their merge key, primitive ones (no merge key) by themselves.

/// None: it has no merge key.
std::optional<std::string> identity(const json::value& element, std::string_view merge_key) {
    if (merge_key.empty())
        return json::serialize(element);
    const auto* object = element.if_object();
    const auto* value = object == nullptr ? nullptr : object->if_contains(merge_key);
    return value == nullptr ? std::nullopt : std::optional(json::serialize(*value));
}

class positions {
public:
    /// Every element has its merge key.
    static outcome<positions> of(const json::array& list, std::string_view merge_key) {
        positions made;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const auto id = identity(list[i], merge_key);
            if (!id)
                return list[i].is_object() ? no_merge_key(list[i], merge_key)
                                           : internal_error(fmt::format("value for key {} is not a map", i));
            made.by_id_.emplace(*id, i);
        }
        return made;
    }

    std::optional<std::size_t> find(const std::string& id) const {
        const auto found = by_id_.find(id);
        return found == by_id_.end() ? std::nullopt : std::optional(found->second);
    }

    void add(const std::string& id, std::size_t position) { by_id_.emplace(id, position); }

private:
    std::unordered_map<std::string, std::size_t> by_id_;
};

/// Elements that `order` names come in its order, the others in that of `original`. Among each other they keep the order of
/// `original` as far as that goes.
failure arrange(json::array& elements, const json::array& order, const positions& original, std::string_view merge_key) {
    const auto wanted = positions::of(order, merge_key);
    if (!wanted)
        return wanted.error();
    struct placed {
        json::value* element;
        std::size_t rank;
        std::optional<std::size_t> before;
    };
    std::vector<placed> named;
    std::vector<placed> others;
    for (auto& element : elements) {
        const auto id = identity(element, merge_key);
        if (!id)
            return no_merge_key(element, merge_key);
        const auto before = original.find(*id);
        if (const auto rank = wanted->find(*id))
            named.push_back({&element, *rank, before});
        else
            others.push_back({&element, before.value_or(0), before});
    }
    const auto by_rank = [](const placed& left, const placed& right) { return left.rank < right.rank; };
    std::stable_sort(named.begin(), named.end(), by_rank);
    std::stable_sort(others.begin(), others.end(), by_rank);

    json::array made;
    made.reserve(elements.size());
    auto other = others.begin();
    for (const auto& one : named) {
        for (; other != others.end() && other->before && one.before && *other->before < *one.before; ++other)
            made.push_back(std::move(*other->element));
        made.push_back(std::move(*one.element));
    }
    for (; other != others.end(); ++other)
        made.push_back(std::move(*other->element));
    elements = std::move(made);
    return {};
}

/// All elements of both must be of one type, and not lists.
failure check_types(const json::array& original, const json::array& patch) {
    const auto& first = original.empty() ? patch.front() : original.front();
    if (first.is_array()) {
        status_error made;
        made.code = 422;
        made.reason = "Invalid";
        made.message = "the server rejected our request due to an error in our request";
        return made;
    }
    const auto is_other = [&](const json::value& element) { return element.is_null() || element.kind() != first.kind(); };
    if (std::any_of(original.begin(), original.end(), is_other) || std::any_of(patch.begin(), patch.end(), is_other))
        return internal_error(fmt::format("list element types are not identical: [{} {}]", go_text(original), go_text(patch)));
    return {};
}

failure merge_map(json::object& into, const json::object& patch, const schema* of);

void add_primitives(json::array& into, const json::array& more) {
    std::set<std::string> seen;
    json::array made;
    const auto add = [&](const json::array& list) {
        for (const auto& element : list)
            if (seen.insert(json::serialize(element)).second)
                made.push_back(element);
    };
    add(into);
    add(more);
    into = std::move(made);
}

void remove_primitives(json::array& from, const json::array& unwanted) {
    std::set<std::string> ids;
    for (const auto& element : unwanted)
        ids.insert(json::serialize(element));
    json::array made;
    for (auto& element : from)
        if (ids.count(json::serialize(element)) == 0)
            made.push_back(std::move(element));
    from = std::move(made);
}

/// Carries out the elements that bear a directive; what is left of the patch goes to `rest`.
failure apply_list_directives(json::array& into, const json::array& patch, std::string_view merge_key, json::array& rest) {
    std::set<std::string> deleted;
    bool replaces = false;
    for (const auto& element : patch) {
        const auto* word = element.get_object().if_contains(directive);
        if (word == nullptr) {
            rest.push_back(element);
        } else if (*word == "delete") {
            const auto id = identity(element, merge_key);
            if (!id)
                return no_merge_key(element, merge_key);
            deleted.insert(*id);
        } else if (*word == "replace") {
            replaces = true;
        } else if (*word == "merge") {
            return internal_error("merging lists cannot yet be specified in the patch");
        } else {
            return unknown_directive(*word, element.get_object());
        }
    }
    json::array kept;
    for (auto& element : into)
        if (const auto id = identity(element, merge_key); !replaces && (!id || deleted.count(*id) == 0))
            kept.push_back(std::move(element));
    into = std::move(kept);
    return {};
}

failure merge_objects(json::array& into, const json::array& patch, std::string_view merge_key, const schema* of) {
    auto there = positions::of(into, merge_key);
    if (!there)
        return there.error();
    for (const auto& element : patch) {
        const auto id = identity(element, merge_key);
        if (!id)
            return no_merge_key(element, merge_key);
        if (const auto at = there->find(*id)) {
            if (auto wrong = merge_map(into[*at].get_object(), element.get_object(), of))
                return wrong;
        } else {
            there->add(*id, into.size());
            into.push_back(cleaned(element).value_or(json::object()));
        }
    }
    return {};
}

failure merge_list(json::array& into, const json::array& patch, const schema* list, bool deletes) {
    if (into.empty() && patch.empty())
        return {};
    if (auto wrong = check_types(into, patch))
        return wrong;
    const bool has_objects = (into.empty() ? patch : into).front().is_object();
    if (deletes && !has_objects) {
        remove_primitives(into, patch);
        return {};
    }
    const auto merge_key = has_objects && list != nullptr ? list->merge_key() : std::string_view();
    if (has_objects && merge_key.empty())
        return internal_error("cannot merge lists without merge key for struct");
    const auto original = positions::of(into, merge_key);
    if (!original)
        return original.error();
    if (!has_objects) {
        add_primitives(into, patch);
        return arrange(into, patch, *original, merge_key);
    }
    json::array rest;
    if (auto wrong = apply_list_directives(into, patch, merge_key, rest))
        return wrong;
    if (auto wrong = merge_objects(into, rest, merge_key, list->items()))
        return wrong;
    return arrange(into, rest, *original, merge_key);
}

/// What a patch changes must stand in $setElementOrder, in the same order.
failure check_order(const json::array& changes, const json::array& order, std::string_view merge_key) {
    if (changes.empty() || order.empty())
        return {};
    std::size_t next = 0;
    for (const auto& element : changes) {
        if (element.is_object() && element.get_object().contains(directive))
            continue;
        const auto id = identity(element, merge_key);
        if (!id)
            return no_merge_key(element, merge_key);
        for (bool found = false; !found; ++next) {
            if (next == order.size())
                return internal_error(fmt::format("The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                                                  go_text(changes), go_text(order)));
            const auto wanted = identity(order[next], merge_key);
            if (!wanted)
                return no_merge_key(order[next], merge_key);
            found = *wanted == *id;
        }
    }
    return {};
}

/// "$setElementOrder/containers": "containers"; none if it is made otherwise.
std::optional<std::string_view> list_name(std::string_view key, std::string_view prefix) {
    if (key.size() <= prefix.size() || key[prefix.size()] != '/')
        return std::nullopt;
    return key.substr(prefix.size() + 1);
}

/// A list of which the patch says the order; `changes` is null where it says nothing else.
failure merge_ordered(json::object& into, std::string_view name, const json::value& order, const json::value* changes,
                      const schema* of) {
    static const json::array nothing;
    const auto* there = into.if_contains(name);
    for (const auto* value : {&order, there, changes})
        if (value != nullptr && !value->is_array())
            return internal_error(fmt::format("expected a []interface {{}}, but received a {}", go_type(*value)));
    const auto* list = of == nullptr ? nullptr : of->member(name);
    if (of != nullptr && list == nullptr)
        return internal_error(fmt::format("unable to find api field \"{}\"", name));
    const auto merge_key = list == nullptr ? std::string_view() : list->merge_key();
    const auto& changed = changes == nullptr ? nothing : changes->get_array();
    if (auto wrong = check_order(changed, order.get_array(), merge_key))
        return wrong;
    if (there == nullptr && changes == nullptr)
        return {};

    auto merged = there == nullptr ? json::array() : there->get_array();
    if (changes != nullptr && changed.empty() && merged.empty())
        return internal_error("no elements in any of the given slices");
    const auto original = positions::of(merged, merge_key);
    if (!original)
        return original.error();
    if (there == nullptr || list == nullptr || !list->has_patch_strategy("merge"))
        merged = changes == nullptr ? merged : cleaned(*changes)->get_array();
    else if (auto wrong = merge_list(merged, changed, list, false))
        return wrong;
    if (auto wrong = arrange(merged, order.get_array(), *original, merge_key))
        return wrong;
    into[name] = std::move(merged);
    return {};
}

// Maps

failure apply_map_directive(json::object& into, const json::object& patch, const json::value& word) {
    if (word != "replace" && word != "delete")
        return unknown_directive(word, patch);
    into.clear();
    if (word == "replace")
        for (const auto& member : patch)
            if (member.key() != directive && !member.value().is_null())
                set(into, member.key(), member.value());
    return {};
}

failure apply_retain_keys(json::object& into, const json::object& patch) {
    const auto* keys = patch.if_contains(retain_keys);
    if (keys == nullptr)
        return {};
    if (!keys->is_array())
        return bad_request("invalid patch format of retainKeys");
    std::set<std::string, std::less<>> kept;
    for (const auto& key : keys->get_array())
        if (key.is_string())
            kept.emplace(key.get_string());
    for (const auto& member : patch) {
        const std::string_view key = member.key();
        if (!is_parallel_directive(key) && !member.value().is_null() && kept.count(key) == 0)
            return bad_request("invalid patch format of retainKeys");
    }
    json::object made;
    for (auto& member : into)
        if (kept.count(std::string_view(member.key())) > 0)
            made[member.key()] = std::move(member.value());
    into = std::move(made);
    return {};
}

failure merge_member(json::object& into, std::string_view key, const json::value& patch, const schema* of) {
    auto name = key;
    const bool deletes = key.starts_with(delete_prefix);
    if (deletes) {
        const auto found = list_name(key, delete_prefix);
        if (!found)
            return bad_request("invalid patch format of primitive list");
        name = *found;
    }
    if (patch.is_null()) {
        into.erase(name);
        return {};
    }
    auto* there = into.if_contains(name);
    if (there == nullptr || there->kind() != patch.kind() || !patch.is_structured()) {
        if (!deletes)
            set(into, name, patch);
        return {};
    }
    const auto* member = of == nullptr ? nullptr : of->member(name);
    if (patch.is_object() && (member == nullptr || !member->has_patch_strategy("replace")))
        return merge_map(there->get_object(), patch.get_object(), member);
    if (patch.is_array() && (deletes || (member != nullptr && member->has_patch_strategy("merge"))))
        return merge_list(there->get_array(), patch.get_array(), member, deletes);
    set(into, name, patch);
    return {};
}

failure merge_map(json::object& into, const json::object& patch, const schema* of) {
    if (const auto* word = patch.if_contains(directive))
        return apply_map_directive(into, patch, *word);
    if (auto wrong = apply_retain_keys(into, patch))
        return wrong;
    std::set<std::string_view> done;
    for (const auto& member : patch) {
        const std::string_view key = member.key();
        if (!key.starts_with(order_prefix))
            continue;
        const auto name = list_name(key, order_prefix);
        if (!name)
            return bad_request("invalid patch format of setElementOrder list");
        if (auto wrong = merge_ordered(into, *name, member.value(), patch.if_contains(*name), of))
            return wrong;
        done.insert({key, *name});
    }
    for (const auto& member : patch) {
        const std::string_view key = member.key();
        if (key == retain_keys || done.count(key) > 0)
            continue;
        if (auto wrong = merge_member(into, key, member.value(), of))
            return wrong;
    }
    return {};
}

} // namespace

outcome<json::object> apply_strategic_merge_patch(json::object original, const json::object& patch, const schema* of) {
    if (auto wrong = merge_map(original, patch, of))
        return *wrong;
    return original;
}

} // namespace devcluster
