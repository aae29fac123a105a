#include "tools/devcluster/api/controllers.hpp"

#include "asio_k8s/json_access.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::string_view foreground_finalizer = "foregroundDeletion";
constexpr std::string_view orphan_finalizer = "orphan";

const json::array& owners_of(const json::object& object) {
    static const json::array none;
    const auto* metadata = k8s::object_at(object, "metadata");
    const auto* owners = metadata == nullptr ? nullptr : k8s::array_at(*metadata, "ownerReferences");
    return owners == nullptr ? none : *owners;
}

bool is_ending(const json::object& object) {
    return !metadata_text(object, "deletionTimestamp").empty();
}

bool has_finalizer(const json::object& object, std::string_view name) {
    const auto* finalizers = finalizers_of(object);
    return finalizers != nullptr && std::find(finalizers->begin(), finalizers->end(), json::value(name)) != finalizers->end();
}

outcome<json::object> without_finalizer(json::object object, std::string_view name) {
    auto& finalizers = object["metadata"].get_object()["finalizers"].get_array();
    finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), json::value(name)), finalizers.end());
    return object;
}

bool blocks(const json::value& owner) {
    const auto* block = owner.get_object().if_contains("blockOwnerDeletion");
    return block != nullptr && *block == json::value(true);
}

} // namespace

controllers::controllers(proto_http::runtime& rt, objects& all) : all_(all), pending_(rt) {
    for (const auto& type : all_.types().all()) {
        auto& in = all_.stored().in(type->collection_name());
        for (const auto& object : in.list({}))
            index({in.name(), object_key(metadata_text(object->value, "namespace"), metadata_text(object->value, "name"))},
                  nullptr, object);
    }
    all_.stored().listeners.push_back(
        [this](collection& in, const object_key& key, const change& what) { changed(in, key, what); });
    pending_.set();
}

void controllers::changed(collection& in, const object_key& key, const change& what) {
    index({in.name(), key}, what.previous, what.kind == change_kind::deleted ? nullptr : what.object);
}

void controllers::index(const reference& who, const object_ptr& before, const object_ptr& now) {
    const bool has_same_owners = before && now && owners_of(before->value) == owners_of(now->value);
    if (before && !has_same_owners)
        for (const auto& owner : owners_of(before->value))
            dependents_[std::string(k8s::text_at(owner.get_object(), "uid"))].erase(who);
    if (before && !now) {
        auto uid = std::string(metadata_text(before->value, "uid"));
        uids_.erase(uid);
        // What it owned, and what waited for it to go.
        if (auto at = dependents_.find(uid); at != dependents_.end())
            to_look_at_.insert(at->second.begin(), at->second.end());
        for (const auto& owner : owners_of(before->value))
            if (auto at = uids_.find(std::string(k8s::text_at(owner.get_object(), "uid"))); at != uids_.end())
                to_look_at_.insert(at->second);
        if (auto space = reference{"namespaces", object_key(std::string(), who.key.first)}; !who.key.first.empty())
            to_look_at_.insert(std::move(space));
    }
    if (now && !before)
        uids_[std::string(metadata_text(now->value, "uid"))] = who;
    if (now && !has_same_owners)
        for (const auto& owner : owners_of(now->value))
            dependents_[std::string(k8s::text_at(owner.get_object(), "uid"))].insert(who);
    // Whose owners are the same is brought up by their end.
    if (now && ((!has_same_owners && !owners_of(now->value).empty()) || is_ending(now->value) ||
                (!before && who.collection == "namespaces")))
        to_look_at_.insert(who);
    if (!to_look_at_.empty())
        pending_.set();
}

asio::awaitable<void> controllers::run() {
    while (true) {
        auto error = co_await pending_.wait();
        if (error)
            co_return;
        pending_.reset();
        work();
    }
}

void controllers::work() {
    // What is done here asks for more of it; that is for the next turn.
    for (const auto& who : std::exchange(to_look_at_, {}))
        collect(who);
}

type_ptr controllers::type_of(const reference& who) const {
    const auto& types = all_.types().all();
    auto at =
        std::find_if(types.begin(), types.end(), [&](const type_ptr& one) { return one->collection_name() == who.collection; });
    return at == types.end() ? nullptr : *at;
}

object_ptr controllers::find(const reference& who) const {
    return all_.stored().in(who.collection).find(who.key);
}

void controllers::collect(const reference& who) {
    auto object = find(who);
    auto type = type_of(who);
    if (!object || !type)
        return;
    if (who.collection == "namespaces") {
        if (is_ending(object->value))
            end_namespace(who, object);
        else
            make_default_account(who.key);
    }
    if (is_ending(object->value)) {
        if (has_finalizer(object->value, foreground_finalizer))
            collect_owner_in_deletion(who, object, true);
        else if (has_finalizer(object->value, orphan_finalizer))
            collect_owner_in_deletion(who, object, false);
        return;
    }
    const auto& owners = owners_of(object->value);
    if (owners.empty())
        return;
    bool has_owner = std::any_of(owners.begin(), owners.end(),
                                 [&](const json::value& one) { return exists(k8s::text_at(one.get_object(), "uid")); });
    if (!has_owner) {
        delete_options options;
        options.uid = metadata_text(object->value, "uid");
        options.propagation = "Background";
        all_.remove(*type, who.key, options);
        return;
    }
    for (const auto& owner : owners)
        if (auto uid = k8s::text_at(owner.get_object(), "uid"); !exists(uid))
            drop_owner(who, uid);
}

/// Foreground: what blocks the owner goes first. Orphan: what it owned stays without it.
void controllers::collect_owner_in_deletion(const reference& who, const object_ptr& owner, bool is_foreground) {
    auto uid = std::string(metadata_text(owner->value, "uid"));
    bool is_blocked = false;
    auto owned = dependents_[uid];
    for (const auto& dependent : owned) {
        auto object = find(dependent);
        auto type = type_of(dependent);
        if (!object || !type)
            continue;
        if (!is_foreground) {
            drop_owner(dependent, uid);
            continue;
        }
        for (const auto& reference_to_owner : owners_of(object->value))
            if (k8s::text_at(reference_to_owner.get_object(), "uid") == uid && blocks(reference_to_owner))
                is_blocked = true;
        if (is_ending(object->value))
            continue;
        delete_options options;
        options.uid = metadata_text(object->value, "uid");
        options.propagation = "Foreground";
        all_.remove(*type, dependent.key, options);
    }
    if (is_blocked)
        return; // the end of each dependent brings it up again
    auto name = is_foreground ? foreground_finalizer : orphan_finalizer;
    all_.modify(*type_of(who), who.key, [name](json::object current) { return without_finalizer(std::move(current), name); });
}

void controllers::drop_owner(const reference& dependent, std::string_view owner_uid) {
    auto type = type_of(dependent);
    if (!type)
        return;
    all_.modify(*type, dependent.key, [owner_uid](json::object current) -> outcome<json::object> {
        auto& owners = current["metadata"].get_object()["ownerReferences"].get_array();
        owners.erase(std::remove_if(owners.begin(), owners.end(),
                                    [&](const json::value& one) { return k8s::text_at(one.get_object(), "uid") == owner_uid; }),
                     owners.end());
        return current;
    });
}

void controllers::end_namespace(const reference& who, const object_ptr& space) {
    bool is_empty = true;
    for (const auto& type : all_.types().all()) {
        if (!type->namespaced)
            continue;
        for (const auto& object : all_.stored().in(type->collection_name()).list(who.key.second)) {
            object_key key(who.key.second, metadata_text(object->value, "name"));
            if (!is_ending(object->value))
                all_.remove(*type, key);
            is_empty = is_empty && !all_.stored().in(type->collection_name()).find(key);
        }
    }
    if (!is_empty)
        return;
    auto& namespaces = all_.stored().in(who.collection);
    if (finalizers_of(space->value) == nullptr) {
        all_.stored().erase(namespaces, who.key);
        return;
    }
    auto next = space->value;
    next["spec"].get_object()["finalizers"] = json::array();
    all_.stored().put(namespaces, who.key, std::move(next));
}

void controllers::make_default_account(const object_key& space) {
    auto type = all_.types().find("", "v1", "serviceaccounts");
    json::object account;
    account["kind"] = "ServiceAccount";
    account["apiVersion"] = "v1";
    account["metadata"] = json::object{{"name", "default"}};
    all_.create(*type, space.second, std::move(account)); // AlreadyExists is as well
}

} // namespace devcluster
