#include "tools/devcluster/api/patch.hpp"

// RFC 7386 as gopkg.in/evanphx/json-patch.v4 applies it.

namespace devcluster {
namespace {

namespace json = boost::json;

void remove_nulls(json::value& value) {
    if (auto* object = value.if_object()) {
        for (auto* member = object->begin(); member != object->end();)
            member = member->value().is_null() ? object->erase(member) : member + 1;
        for (auto& member : *object)
            remove_nulls(member.value());
    }
    if (auto* array = value.if_array())
        for (auto& element : *array)
            remove_nulls(element);
}

void merge(json::object& into, const json::object& patch) {
    for (const auto& member : patch) {
        if (member.value().is_null()) {
            into.erase(member.key());
            continue;
        }
        auto& there = into[member.key()];
        if (there.is_object() && member.value().is_object()) {
            merge(there.get_object(), member.value().get_object());
            continue;
        }
        const bool replaces_object = there.is_object();
        there = member.value();
        if (!replaces_object)
            remove_nulls(there);
    }
}

} // namespace

outcome<json::object> apply_merge_patch(json::object original, const json::value& patch) {
    if (patch.is_null())
        return bad_request("Invalid JSON Patch");
    if (!patch.is_object())
        return not_unmarshalled("error decoding patch: ", patch, "value of type map[string]interface {}");
    merge(original, patch.get_object());
    return original;
}

} // namespace devcluster
