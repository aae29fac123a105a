#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/bounded_seconds.hpp"
#include "tools/devcluster/api/objects.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>

// The end of an object: preconditions, grace, and what holds it.

namespace devcluster {

namespace json = boost::json;

namespace {

/// Of a DELETE. It names the kind where others name the resource.
status_error precondition_failed(const resource_type& type, const object_key& key, std::string_view field,
                                 std::string_view wanted, std::string_view found, std::string_view perhaps) {
    return conflict(object_name{type.group, type.kind, type.kind, key.second},
                    fmt::format("the {0} in the precondition ({1}) does not match the {0} in record ({2}). The object might have "
                                "been {3}",
                                field, wanted, found, perhaps));
}

/// What holds an object until its delete has been carried on to what depends on it; empty: nothing.
std::string_view finalizer_of(std::string_view propagation) {
    return propagation == "Foreground" ? "foregroundDeletion" : propagation == "Orphan" ? "orphan" : "";
}

/// False if it has it.
bool add_finalizer(json::object& metadata, std::string_view name) {
    auto& list = metadata["finalizers"];
    if (!list.is_array())
        list.emplace_array();
    auto& names = list.get_array();
    if (std::any_of(names.begin(), names.end(), [&](const json::value& one) { return one == json::value(name); }))
        return false;
    names.emplace_back(name);
    return true;
}

} // namespace

outcome<deletion> objects::remove(const resource_type& type, const object_key& key, const delete_options& options) {
    auto found = get(type, key);
    if (found.has_error())
        return found.error();
    const auto& current = *found;
    if (auto uid = metadata_text(current->value, "uid"); !options.uid.empty() && options.uid != uid)
        return precondition_failed(type, key, "UID", options.uid, uid, "deleted and then recreated");
    if (auto version = metadata_text(current->value, "resourceVersion");
        !options.resource_version.empty() && options.resource_version != version)
        return precondition_failed(type, key, "ResourceVersion", options.resource_version, version, "modified");

    auto grace = type.rules.grace_seconds ? type.rules.grace_seconds(current->value, options.grace_seconds) : 0;
    const auto finalizer = finalizer_of(options.propagation);
    auto& collection = store_.in(type.collection_name());
    bool is_gone = grace == 0 && finalizer.empty() && !is_held(type, current->value);
    // Of a kind that knows grace, a watch sees that the deletion begins even where it ends at once.
    if (is_gone && !type.rules.grace_seconds)
        return deletion{options.dry_run ? current : store_.erase(collection, key), true};
    if (options.dry_run)
        return deletion{current, is_gone};
    auto next = current->value;
    auto& metadata = next["metadata"].get_object();
    bool is_changed = !finalizer.empty() && add_finalizer(metadata, finalizer);
    bool is_ending = !k8s::text_at(metadata, "deletionTimestamp").empty();
    auto left = k8s::integer_at(metadata, "deletionGracePeriodSeconds").value_or(0);
    // A second delete may only shorten what is left.
    if (!is_ending || grace < left) {
        metadata["deletionTimestamp"] = rfc3339_seconds(rt_.wall_now() + bounded_seconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
        if (type.has_generation && !is_ending)
            metadata["generation"] = k8s::integer_at(metadata, "generation").value_or(0) + 1;
        is_changed = true;
    }
    if (!is_ending && type.rules.prepare_delete)
        type.rules.prepare_delete(next);
    auto last = is_changed ? store_.put(collection, key, std::move(next)) : current;
    return deletion{is_gone ? store_.erase(collection, key) : last, is_gone};
}

} // namespace devcluster
