#include "asio_k8s/seen_objects.hpp"

#include <algorithm>

namespace k8s {
namespace {

std::string text_of(const object_key& key) {
    std::string text;
    text.reserve(key.ns.size() + 1 + key.name.size());
    text.append(key.ns).append("/").append(key.name);
    return text;
}

object_key key_of(const std::string& text) {
    auto slash = text.find('/');
    object_key key;
    key.ns = text.substr(0, slash);
    key.name = text.substr(slash + 1);
    return key;
}

} // namespace

void seen_objects::entry::set(std::string_view uid, std::string_view resource_version) {
    identity.clear();
    identity.reserve(uid.size() + 1 + resource_version.size());
    identity.append(uid).push_back('\0');
    identity.append(resource_version);
}

seen_objects::verdict seen_objects::saw(const object_key& key, std::string_view uid, std::string_view resource_version) {
    auto [at, is_new] = known_.try_emplace(text_of(key));
    entry& known = at->second;
    known.list = list_;
    verdict told;
    told.changed = true;
    if (!is_new && known.uid() == uid)
        told.changed = resource_version.empty() || known.resource_version() != resource_version;
    else if (!is_new)
        told.replaced_uid = known.uid();
    if (told.changed)
        known.set(uid, resource_version);
    return told;
}

bool seen_objects::gone(const object_key& key, std::string_view uid) {
    auto at = known_.find(text_of(key));
    if (at == known_.end() || at->second.uid() != uid)
        return false;
    known_.erase(at);
    return true;
}

void seen_objects::begin_list() {
    ++list_;
}

std::vector<seen_objects::vanished> seen_objects::end_list() {
    std::vector<vanished> missing;
    for (auto at = known_.begin(); at != known_.end();) {
        if (at->second.list == list_) {
            ++at;
            continue;
        }
        vanished one;
        one.key = key_of(at->first);
        one.uid = at->second.uid();
        missing.push_back(std::move(one));
        known_.erase(at++);
    }
    std::ranges::sort(missing, {}, &vanished::key);
    return missing;
}

} // namespace k8s
