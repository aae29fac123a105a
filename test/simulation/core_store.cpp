#include "simulation/core_store.hpp"

namespace simulation {

using kh::core::check_view;
using kh::core::pod_view;
using kh::core::state_view;
using kh::core::watched;

namespace {

watched watch_of(workload kind) {
    return kind == workload::check ? watched::checks : watched::jobs;
}

} // namespace

void core_store::apply_check(const check_order& order, unix_seconds now) {
    auto [at, is_new] = checks_.try_emplace({order.key, order.kind});
    check_view& view = at->second;
    if (is_new) {
        view.key = order.key;
        view.kind = order.kind;
        view.uid = new_uid();
        view.created = now;
    }
    ++view.generation;
    view.interval = order.kind == workload::check ? order.interval : std::chrono::seconds(600);
    view.timeout = order.timeout;
    view.spec_error = order.is_valid ? "" : "spec.timeout: \"soon\" is no duration";
    view.spec_hash = static_cast<std::uint64_t>(order.edition) + 1;
    touch(view);
}

/// It was written.
void core_store::touch(check_view& check) {
    check.resource_version = std::to_string(++last_version_);
    books_.check_stored(check);
    on_change(watch_of(check.kind), kh::core::check_applied{check});
}

bool core_store::remove_check(const check_name& name) {
    auto at = checks_.find(name);
    if (at == checks_.end())
        return false;
    const check_view last = std::move(at->second);
    checks_.erase(at);
    books_.check_gone(last);
    on_change(watch_of(name.second), kh::core::check_deleted{last.key, last.kind, last.uid});
    return true;
}

bool core_store::set_phase(const check_key& job, const std::string& version, const std::string& phase) {
    auto at = checks_.find({job, workload::job});
    if (at == checks_.end() || at->second.resource_version != version)
        return false;
    if (at->second.phase == phase)
        return true;
    at->second.phase = phase;
    ++at->second.generation;
    touch(at->second);
    return true;
}

const check_view* core_store::set_ready(const check_key& check, const std::string& version, kh::core::ready_condition ready) {
    auto at = checks_.find({check, workload::check});
    if (at == checks_.end() || at->second.resource_version != version)
        return nullptr;
    at->second.ready = std::move(ready);
    touch(at->second);
    return &at->second;
}

const check_view* core_store::find_check(const check_name& name) const {
    auto at = checks_.find(name);
    return at == checks_.end() ? nullptr : &at->second;
}

const state_view* core_store::find_state(const check_key& key) const {
    auto at = states_.find(key);
    return at == states_.end() ? nullptr : &at->second;
}

const state_view& core_store::put_state(state_view state, bool by_hand) {
    state.resource_version = std::to_string(++last_version_);
    auto [at, is_new] = states_.try_emplace(state.key);
    const state_view before = std::exchange(at->second, std::move(state));
    if (is_new)
        at->second.uid = new_uid();
    books_.state_stored(at->second, is_new ? nullptr : &before, by_hand);
    on_change(watched::states, kh::core::state_applied{at->second});
    return at->second;
}

void core_store::remove_state(const check_key& key, bool by_hand) {
    auto at = states_.find(key);
    if (at == states_.end())
        return;
    const state_view last = std::move(at->second);
    states_.erase(at);
    books_.state_gone(last, by_hand);
    on_change(watched::states, kh::core::state_deleted{last.key, last.uid});
}

const pod_view* core_store::find_pod(const std::string& ns, const std::string& name) const {
    auto at = pods_.find({ns, name});
    return at == pods_.end() ? nullptr : &at->second;
}

const pod_view& core_store::put_pod(pod_view pod, bool by_hand) {
    auto [at, is_new] = pods_.try_emplace({pod.check.ns, pod.name});
    at->second = std::move(pod);
    books_.pod_stored(at->second, is_new, by_hand);
    on_change(watched::pods, kh::core::pod_applied{at->second});
    on_pod(at->second, is_new);
    return at->second;
}

void core_store::remove_pod(const std::string& ns, const std::string& name, bool is_over, bool by_hand) {
    auto at = pods_.find({ns, name});
    if (at == pods_.end())
        return;
    if (!at->second.terminating) {
        auto next = at->second;
        next.terminating = true;
        put_pod(std::move(next), by_hand);
    }
    if (!is_over && !at->second.ended() && !at->second.node.empty())
        return;
    pod_view last = std::move(at->second);
    pods_.erase(at);
    books_.pod_gone(last, by_hand);
    on_change(watched::pods, kh::core::pod_deleted{ns, name, last.uid, last});
    on_pod_gone(last);
}

} // namespace simulation
