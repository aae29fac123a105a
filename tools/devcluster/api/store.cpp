#include "tools/devcluster/api/store.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace devcluster {

namespace json = boost::json;

object_ptr make_object(json::object value, std::uint64_t revision) {
    auto made = std::make_shared<stored_object>();
    auto& ordered = made->value;
    for (std::string_view name : {"kind", "apiVersion"})
        if (const auto* member = value.if_contains(name)) {
            made->members_at += name.size() + json::serialize(*member).size() + std::string_view("\"\":,").size();
            ordered[name] = *member;
        }
    for (auto& member : value)
        ordered.emplace(member.key(), std::move(member.value()));
    auto& metadata = ordered["metadata"];
    if (!metadata.is_object())
        metadata.emplace_object();
    metadata.get_object()["resourceVersion"] = std::to_string(revision);
    made->text = json::serialize(ordered);
    made->revision = revision;
    return made;
}

namespace {

bool is_in(const object_key& key, std::string_view ns) {
    return ns.empty() || key.first == ns;
}

} // namespace

object_ptr collection::find(const object_key& key) const {
    auto at = objects_.find(key);
    return at == objects_.end() ? nullptr : at->second;
}

std::vector<object_ptr> collection::list(std::string_view ns) const {
    std::vector<object_ptr> found;
    auto at = ns.empty() ? objects_.begin() : objects_.lower_bound(object_key(ns, std::string()));
    for (; at != objects_.end() && is_in(at->first, ns); ++at)
        found.push_back(at->second);
    return found;
}

std::optional<std::vector<object_ptr>> collection::list_at(std::string_view ns, std::uint64_t revision) const {
    if (revision < forgotten_)
        return std::nullopt;
    if (history_.empty() || history_.back().revision <= revision)
        return list(ns);
    // Backwards from what is now.
    auto objects = objects_;
    for (auto at = history_.rbegin(); at != history_.rend() && at->revision > revision; ++at) {
        const auto& metadata = at->object->value.at("metadata").get_object();
        const auto* space = metadata.if_contains("namespace");
        object_key key(space == nullptr ? "" : std::string(space->get_string()), std::string(metadata.at("name").get_string()));
        if (at->previous)
            objects[key] = at->previous;
        else
            objects.erase(key);
    }
    std::vector<object_ptr> found;
    for (const auto& [key, object] : objects)
        if (is_in(key, ns))
            found.push_back(object);
    return found;
}

bool collection::each_change_after(std::uint64_t revision, const std::function<bool(const change&)>& take) const {
    if (revision < last_lost_)
        return false;
    auto at = std::upper_bound(history_.begin(), history_.end(), revision,
                               [](std::uint64_t wanted, const change& one) { return wanted < one.revision; });
    while (at != history_.end() && take(*at))
        ++at;
    return true;
}

collection& store::in(std::string_view name) {
    auto at = collections_.find(name);
    if (at == collections_.end())
        at = collections_.try_emplace(std::string(name), std::string(name)).first;
    return at->second;
}

object_ptr store::put(collection& in, const object_key& key, json::object value) {
    auto& place = in.objects_[key];
    change what;
    what.revision = ++revision_;
    what.kind = place ? change_kind::modified : change_kind::added;
    what.previous = std::move(place);
    place = make_object(std::move(value), what.revision);
    what.object = place;
    auto made = place;
    tell(in, key, std::move(what));
    return made;
}

object_ptr store::erase(collection& in, const object_key& key) {
    auto at = in.objects_.find(key);
    if (at == in.objects_.end())
        return nullptr;
    change what;
    what.revision = ++revision_;
    what.kind = change_kind::deleted;
    what.previous = std::move(at->second);
    in.objects_.erase(at);
    what.object = make_object(what.previous->value, what.revision);
    auto last = what.object;
    tell(in, key, std::move(what));
    return last;
}

void store::tell(collection& in, const object_key& key, change what) {
    in.history_.push_back(std::move(what));
    forget(in, history_max_);
    for (auto* wake : in.waiting_)
        wake->set();
    // A copy: a listener's own doings must not pull the change from under the next one.
    const change told = in.history_.back();
    for (const auto& listener : listeners)
        listener(in, key, told);
}

void store::compact() {
    for (auto& [name, one] : collections_) {
        forget(one, 0);
        one.forgotten_ = revision_;
    }
}

void store::forget(collection& in, std::size_t keep) {
    while (in.history_.size() > keep) {
        in.forgotten_ = in.last_lost_ = in.history_.front().revision;
        in.history_.pop_front();
    }
}

void store::restore(collection& in, const object_key& key, object_ptr object) {
    const auto revision = object->revision;
    in.objects_[key] = std::move(object);
    restore_revision(revision);
}

void store::restore_revision(std::uint64_t revision) {
    revision_ = std::max(revision_, revision);
    for (auto& [name, one] : collections_)
        one.forgotten_ = revision_;
}

} // namespace devcluster
