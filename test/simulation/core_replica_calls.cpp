#include "simulation/core_replica.hpp"

#include "simulation/core_world.hpp"
#include "support/stored_views.hpp"

namespace simulation {

using namespace kh::core;
using namespace std::chrono_literals;

// Calls of the API server: their answers are late, lost, repeated or wrong.

namespace {

/// Nothing is known of how the call ended.
template <class Done>
Done unanswered(const check_key& key, operation_id id) {
    Done made;
    made.key = key;
    made.id = id;
    return made;
}

} // namespace

duration core_replica::latency() {
    auto& d = in_.draws();
    const auto& mix = in_.about().faults;
    if (!in_.is_faulty() || mix.latency_max == 0ms)
        return {};
    return d.chance(mix.slow) ? d.time(1s, 40s) : d.time(0ms, mix.latency_max);
}

core_replica::call_fate core_replica::draw_fate(bool is_conditional) {
    in_.count_request();
    if (in_.is_down())
        return call_fate::lost_before;
    if (!in_.is_faulty())
        return call_fate::good;
    auto& d = in_.draws();
    const auto& mix = in_.about().faults;
    if (d.chance(mix.refused))
        return call_fate::refused;
    if (is_conditional && d.chance(mix.conflict))
        return call_fate::conflict;
    if (d.chance(mix.reset_before))
        return call_fate::lost_before;
    return d.chance(mix.reset_after + mix.told_otherwise + mix.cut) ? call_fate::lost_after : call_fate::good;
}

/// The answer arrives after a while, where somebody still waits for it; now and then a second time.
template <class Done>
void core_replica::reply(Done done) {
    in_.after(latency(), [self = shared_from_this(), done = std::move(done)] {
        if (self->is_dead_ || self->cancelled_.contains(done.id))
            return;
        self->post(done);
        if (self->in_.is_faulty() && self->in_.draws().chance(0.02))
            self->in_.after(self->latency(), [self, done] {
                if (!self->is_dead_)
                    self->post(done);
            });
    });
}

/// Takes effect after a while. A call of a process that has died since, or that was given up, may have been on its way.
template <class Done, class Effect>
void core_replica::call(Done done, bool is_conditional, Effect effect) {
    in_.after(latency(),
              [self = shared_from_this(), done = std::move(done), is_conditional, effect = std::move(effect)]() mutable {
                  if ((self->is_dead_ || self->cancelled_.contains(done.id)) && self->in_.draws().chance(0.5))
                      return;
                  effect(*self, done, self->draw_fate(is_conditional));
                  self->reply(std::move(done));
              });
    auto& mix = in_.about().faults;
    if (in_.is_faulty() && in_.draws().chance(mix.kill_at_request))
        in_.after(in_.draws().time(0ms, 400ms), [self = shared_from_this()] {
            if (!self->is_dead_)
                self->in_.dies(*self);
        });
}

void core_replica::carry_out(create_pod what) {
    auto pending = unanswered<create_done>(what.key, what.id);
    call(std::move(pending), false, [what = std::move(what)](core_replica& self, create_done& done, call_fate fate) {
        auto& store = self.in_.store();
        auto& d = self.in_.draws();
        if (fate == call_fate::lost_before)
            return;
        const bool is_closing = self.in_.is_faulty() && d.chance(self.in_.about().faults.closing);
        if (fate == call_fate::refused || is_closing) {
            done.answer = create_answer::refused;
            done.message = "drawn by the simulation";
            if (d.chance(0.5))
                done.retry_after = std::chrono::seconds(d.between(1, 8));
            return;
        }
        const auto* there = store.find_pod(what.key.ns, what.pod_name);
        done.answer = there ? create_answer::exists : create_answer::created;
        if (!there) {
            auto pod = test_support::stored_pod(what, self.in_.wall());
            pod.uid = store.new_uid();
            pod.secret = "secret of " + pod.uid;
            there = &store.put_pod(std::move(pod), false);
        }
        done.pod = *there;
        if (fate == call_fate::lost_after) {
            done.answer = create_answer::unanswered;
            done.pod.reset();
        }
    });
}

void core_replica::carry_out(delete_pod what) {
    auto pending = unanswered<pod_delete_done>(what.key, what.id);
    pending.pod_name = what.pod_name;
    call(std::move(pending), false, [what = std::move(what)](core_replica& self, pod_delete_done& done, call_fate fate) {
        auto& store = self.in_.store();
        if (fate == call_fate::lost_before || fate == call_fate::refused)
            return;
        if (what.verify_owner_uid)
            for (auto kind : {workload::check, workload::job})
                if (const auto* owner = store.find_check({what.key, kind}); owner && owner->uid == *what.verify_owner_uid) {
                    done.answer = remove_answer::kept;
                    return;
                }
        const auto* pod = store.find_pod(what.key.ns, what.pod_name);
        const bool is_there = pod && pod->uid == what.pod_uid;
        if (is_there)
            store.remove_pod(what.key.ns, what.pod_name, false, false);
        if (fate != call_fate::lost_after)
            done.answer = is_there ? remove_answer::removed : remove_answer::gone;
    });
}

void core_replica::carry_out(write_result what) {
    auto pending = unanswered<write_done>(what.result.key, what.id);
    const bool is_patch = !what.resource_version.empty();
    call(std::move(pending), is_patch, [what = std::move(what)](core_replica& self, write_done& done, call_fate fate) {
        auto& store = self.in_.store();
        const auto& key = what.result.key;
        if (fate == call_fate::lost_before || fate == call_fate::refused)
            return;
        const auto* stored = store.find_state(key);
        if (what.resource_version.empty() || what.takes_over) {
            const auto* owner = store.find_check({key, what.result.kind});
            if (!owner || owner->uid != what.result.check_uid) {
                done.answer = write_answer::owner_gone;
                return;
            }
        }
        if (self.in_.is_faulty() && self.in_.draws().chance(self.in_.about().faults.unstorable)) {
            done.answer = write_answer::refused_final;
            done.message = "drawn by the simulation";
            return;
        }
        const std::string version = stored ? stored->resource_version : std::string();
        if (fate == call_fate::conflict || version != what.resource_version) {
            done.answer = write_answer::conflict;
            if (stored)
                done.state = *stored;
            return;
        }
        auto next = test_support::stored_state(what.result, self.name_);
        if (stored)
            next.uid = stored->uid;
        const auto& now = store.put_state(std::move(next), false);
        if (fate != call_fate::lost_after) {
            done.answer = write_answer::written;
            done.state = now;
        }
    });
}

void core_replica::carry_out(delete_state what) {
    auto pending = unanswered<state_delete_done>(what.key, what.id);
    pending.uid = what.uid;
    call(std::move(pending), true, [what = std::move(what)](core_replica& self, state_delete_done& done, call_fate fate) {
        auto& store = self.in_.store();
        if (fate != call_fate::good && fate != call_fate::lost_after)
            return;
        for (auto kind : {workload::check, workload::job})
            if (const auto* owner = store.find_check({what.key, kind});
                owner && (what.owner_uid.empty() || owner->uid == what.owner_uid)) {
                done.answer = remove_answer::kept;
                return;
            }
        const auto* state = store.find_state(what.key);
        if (state && (state->uid != what.uid || state->resource_version != what.resource_version))
            return; // 409
        if (state)
            store.remove_state(what.key, false);
        if (fate == call_fate::good)
            done.answer = state ? remove_answer::removed : remove_answer::gone;
    });
}

void core_replica::carry_out(set_phase what) {
    auto pending = unanswered<phase_done>(what.key, what.id);
    call(std::move(pending), false, [what = std::move(what)](core_replica& self, phase_done& done, call_fate fate) {
        if (fate == call_fate::lost_before || fate == call_fate::refused)
            return;
        const bool is_done = self.in_.store().set_phase(what.key, what.resource_version, what.phase);
        done.written = is_done && fate == call_fate::good;
    });
}

void core_replica::carry_out(delete_job what) {
    auto pending = unanswered<job_delete_done>(what.key, what.id);
    call(std::move(pending), true, [what = std::move(what)](core_replica& self, job_delete_done& done, call_fate fate) {
        if (fate != call_fate::good && fate != call_fate::lost_after)
            return;
        const auto* job = self.in_.store().find_check({what.key, workload::job});
        const bool is_there = job && job->uid == what.uid;
        if (is_there && job->resource_version != what.resource_version)
            return; // 409
        if (is_there)
            self.in_.remove_check(what.key, workload::job);
        if (fate == call_fate::good)
            done.answer = is_there ? remove_answer::removed : remove_answer::gone;
    });
}

void core_replica::carry_out(set_condition what) {
    auto pending = unanswered<condition_done>(what.key, what.id);
    call(std::move(pending), true, [what = std::move(what)](core_replica& self, condition_done& done, call_fate fate) {
        if (fate == call_fate::lost_before || fate == call_fate::refused)
            return;
        const auto* now =
            fate == call_fate::conflict ? nullptr : self.in_.store().set_ready(what.key, what.resource_version, what.ready);
        if (fate == call_fate::lost_after)
            return;
        done.answer = now ? condition_answer::written : condition_answer::conflict;
        if (now)
            done.check = *now;
    });
}

} // namespace simulation
