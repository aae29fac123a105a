#include "simulation/core_replica.hpp"

#include "simulation/core_world.hpp"

namespace simulation {

using namespace kh::core;
using namespace std::chrono_literals;

// Watches that lag, break, and begin again with a list.

namespace {

std::size_t index_of(watched what) {
    return static_cast<std::size_t>(what);
}

/// What a change is about, and its uid; the uid is empty where it tells of an end.
struct subject {
    check_key key;
    std::string uid;
    bool is_gone = false;
};

subject subject_of(const event& of) {
    if (const auto* check = std::get_if<check_applied>(&of))
        return {check->check.key, check->check.uid};
    if (const auto* gone = std::get_if<check_deleted>(&of))
        return {gone->key, gone->uid, true};
    if (const auto* state = std::get_if<state_applied>(&of))
        return {state->state.key, state->state.uid};
    if (const auto* ended = std::get_if<state_deleted>(&of))
        return {ended->key, ended->uid, true};
    if (const auto* pod = std::get_if<pod_applied>(&of))
        return {{pod->pod.check.ns, pod->pod.name}, pod->pod.uid};
    const auto& last = std::get<pod_deleted>(of);
    return {{last.ns, last.name}, last.uid, true};
}

event end_of(watched what, const check_key& key, const std::string& uid) {
    switch (what) {
    case watched::checks:
        return check_deleted{key, workload::check, uid};
    case watched::jobs:
        return check_deleted{key, workload::job, uid};
    case watched::states:
        return state_deleted{key, uid};
    case watched::pods:
        break;
    }
    return pod_deleted{key.ns, key.name, uid, std::nullopt};
}

} // namespace

void core_replica::told(watched what, const event& of) {
    auto& one = feeds_[index_of(what)];
    if (is_dead_ || !one.is_live)
        return;
    one.last = std::max(one.last + 1ns, in_.now() + latency()); // one after the other
    in_.after(one.last - in_.now(), [self = shared_from_this(), what, epoch = one.epoch, of] {
        if (!self->is_dead_ && self->feeds_[index_of(what)].epoch == epoch)
            self->deliver(what, of);
    });
}

/// As the watcher of asio_k8s: what is not known is not told to be gone, what was replaced is told to be gone before.
void core_replica::deliver(watched what, event of) {
    auto& known = feeds_[index_of(what)].known;
    const auto about = subject_of(of);
    auto at = known.find(about.key);
    if (about.is_gone) {
        if (at == known.end() || at->second != about.uid)
            return;
        known.erase(at);
    } else if (at == known.end()) {
        known.emplace(about.key, about.uid);
    } else if (at->second != about.uid) {
        post(end_of(what, about.key, at->second));
        at->second = about.uid;
    }
    post(std::move(of));
}

void core_replica::cut_watch(watched what) {
    auto& one = feeds_[index_of(what)];
    if (is_dead_ || !one.is_live)
        return;
    one.is_live = false;
    ++one.epoch;
    in_.after(in_.is_faulty() ? in_.draws().time(10ms, 25s) : 1s, [self = shared_from_this(), what] { self->list(what); });
}

/// Everything that exists now is told after a while; what vanished in between is told to be gone.
void core_replica::list(watched what) {
    if (is_dead_)
        return;
    if (in_.is_down()) {
        in_.after(in_.draws().time(200ms, 10s), [self = shared_from_this(), what] { self->list(what); });
        return;
    }
    in_.count_request();
    auto& one = feeds_[index_of(what)];
    one.is_live = true;
    std::vector<event> all;
    auto& store = in_.store();
    if (what == watched::checks || what == watched::jobs) {
        for (const auto& [name, view] : store.checks())
            if ((name.second == workload::check) == (what == watched::checks))
                all.emplace_back(check_applied{view});
    } else if (what == watched::states) {
        for (const auto& [key, view] : store.states())
            all.emplace_back(state_applied{view});
    } else {
        for (const auto& [key, view] : store.pods())
            all.emplace_back(pod_applied{view});
    }
    one.last = std::max(one.last + 1ns, in_.now() + latency()); // one after the other
    in_.after(one.last - in_.now(), [self = shared_from_this(), what, epoch = one.epoch, all = std::move(all)] {
        auto& of = self->feeds_[index_of(what)];
        if (self->is_dead_ || of.epoch != epoch)
            return;
        std::set<check_key> listed;
        for (const auto& each : all)
            listed.insert(subject_of(each).key);
        for (auto at = of.known.begin(); at != of.known.end();) {
            if (listed.contains(at->first)) {
                ++at;
                continue;
            }
            self->post(end_of(what, at->first, at->second));
            at = of.known.erase(at);
        }
        for (const auto& each : all)
            self->deliver(what, each);
        self->post(watch_synced{what});
    });
}

} // namespace simulation
