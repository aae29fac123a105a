#include "simulation/core_replica.hpp"

#include "simulation/core_world.hpp"

#include <fmt/format.h>

#include <cstring>

namespace simulation {

using namespace kh::core;
using namespace std::chrono_literals;

namespace {

decider_settings settings_of(const plan& about, bool is_leader, std::uint64_t seed) {
    decider_settings s;
    s.retention.succeeded_max = about.succeeded_pods_max;
    s.retention.failed_max = about.failed_pods_max;
    s.leader_until = is_leader ? proto_http::never : time_point{};
    std::memcpy(s.salt.data, &seed, sizeof seed);
    return s;
}

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

/// For readers of a trace.
std::string text_of(const action& of) {
    if (const auto* create = std::get_if<create_pod>(&of))
        return fmt::format("create {}", create->pod_name);
    if (const auto* remove = std::get_if<delete_pod>(&of))
        return fmt::format("delete {}{}", remove->pod_name, remove->verify_owner_uid ? " if its owner is gone" : "");
    if (const auto* write = std::get_if<write_result>(&of))
        return fmt::format("write slot {} of {}: {}", write->result.slot, write->result.key.text(), to_text(write->result.how));
    if (const auto* remove = std::get_if<delete_state>(&of))
        return fmt::format("delete the state of {}", remove->key.text());
    if (const auto* phase = std::get_if<set_phase>(&of))
        return fmt::format("write that {} is {}", phase->key.text(), phase->phase);
    if (const auto* line = std::get_if<write_log>(&of))
        return fmt::format("\"{}\"", line->message);
    return std::holds_alternative<cancel_operation>(of) ? "give up a call" : std::string();
}

/// The same as asio_k8s and the executor make of a state's patch.
state_view state_of(const run_result& result, const std::string& by) {
    state_view s;
    s.key = result.key;
    s.ok = result.content.ok;
    s.errors = result.content.errors;
    s.node = result.node;
    s.last_run = result.finished;
    s.authoritative_pod = by;
    s.run_id = result.run_id;
    s.owner_uid = result.check_uid;
    s.slot = result.slot;
    s.generation = result.generation;
    s.start = result.start;
    s.how = result.how;
    return s;
}

constexpr std::array all_watches{watched::checks, watched::jobs, watched::states, watched::pods};

} // namespace

core_replica::core_replica(core_world& in, std::string name, bool is_leader, std::uint64_t seed)
    : in_(in), name_(std::move(name)), core_(settings_of(in.about(), is_leader, seed)) {}

void core_replica::begin() {
    for (auto what : all_watches)
        in_.after(latency(), [self = shared_from_this(), what] { self->list(what); });
    conditions_served conditions;
    conditions.served = true;
    post(conditions);
}

void core_replica::kill() {
    is_dead_ = true;
    for (auto& [id, report] : std::exchange(waiting_, {}))
        in_.answered(report.from, report.which, 0, {});
}

void core_replica::drain() {
    if (std::exchange(is_draining_, true))
        return;
    post(draining{});
    in_.after(25s, [self = shared_from_this()] {
        if (!self->is_dead_)
            self->in_.dies(*self);
    });
}

void core_replica::lead(time_point until) {
    post(leadership_changed{until});
}

// Watches

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

// Steps

void core_replica::post(event what) {
    inbox_.push_back(std::move(what));
    plan_step();
}

void core_replica::plan_step() {
    if (std::exchange(is_step_planned_, true))
        return;
    in_.after(in_.draws().chance(0.9) ? duration{} : in_.draws().time(0ms, 20ms), [self = shared_from_this()] {
        self->is_step_planned_ = false;
        if (!self->is_dead_)
            self->step();
    });
}

void core_replica::plan_wake() {
    const auto due = core_.next_due();
    if (due == proto_http::never || (due >= wakes_at_ && wakes_at_ > in_.now()))
        return;
    wakes_at_ = due;
    in_.after(std::max<duration>(due - in_.now(), 0ns), [self = shared_from_this(), due] {
        if (self->is_dead_ || self->wakes_at_ != due)
            return;
        self->wakes_at_ = proto_http::never;
        if (self->core_.next_due() <= self->in_.now())
            self->plan_step();
        else
            self->plan_wake();
    });
}

void core_replica::step() {
    steps_at_once_ = stepped_at_ == in_.now() ? steps_at_once_ + 1 : 0;
    stepped_at_ = in_.now();
    if (steps_at_once_ > 10'000)
        in_.books().fail("the core asks to be woken again and again");
    clock_reading clock;
    clock.now = in_.now();
    clock.wall = in_.controller_wall();
    std::vector<event> batch;
    batch.swap(inbox_);
    actions_.clear();
    core_.step(clock, std::move(batch), actions_);
    if (in_.told().prints())
        for (const auto& each : actions_)
            if (const auto text = text_of(each); !text.empty())
                in_.told().note(fmt::format("  {}: {}", name_, text));
    for (auto& each : actions_)
        std::visit([this](auto& what) { carry_out(std::move(what)); }, each);
    plan_wake();
    if (is_draining_ && core_.open_reports() == 0)
        in_.dies(*this);
}

// Calls

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
    create_done unanswered;
    unanswered.key = what.key;
    unanswered.id = what.id;
    call(std::move(unanswered), false, [what = std::move(what)](core_replica& self, create_done& done, call_fate fate) {
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
            pod_view pod;
            pod.check = what.key;
            pod.name = what.pod_name;
            pod.uid = store.new_uid();
            pod.check_uid = what.check_uid;
            pod.slot = what.slot;
            pod.attempt = what.attempt;
            pod.run_id = what.run_id;
            pod.generation = what.generation;
            pod.deadline = what.deadline;
            pod.created = self.in_.wall();
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
    pod_delete_done unanswered;
    unanswered.key = what.key;
    unanswered.pod_name = what.pod_name;
    unanswered.id = what.id;
    call(std::move(unanswered), false, [what = std::move(what)](core_replica& self, pod_delete_done& done, call_fate fate) {
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
    write_done unanswered;
    unanswered.key = what.result.key;
    unanswered.id = what.id;
    const bool is_patch = !what.resource_version.empty();
    call(std::move(unanswered), is_patch, [what = std::move(what)](core_replica& self, write_done& done, call_fate fate) {
        auto& store = self.in_.store();
        const auto& key = what.result.key;
        if (fate == call_fate::lost_before || fate == call_fate::refused)
            return;
        const auto* stored = store.find_state(key);
        if (what.resource_version.empty()) {
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
        auto next = state_of(what.result, self.name_);
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
    state_delete_done unanswered;
    unanswered.key = what.key;
    unanswered.uid = what.uid;
    unanswered.id = what.id;
    call(std::move(unanswered), true, [what = std::move(what)](core_replica& self, state_delete_done& done, call_fate fate) {
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
    phase_done unanswered;
    unanswered.key = what.key;
    unanswered.id = what.id;
    call(std::move(unanswered), false, [what = std::move(what)](core_replica& self, phase_done& done, call_fate fate) {
        if (fate == call_fate::lost_before || fate == call_fate::refused)
            return;
        const bool is_done = self.in_.store().set_phase(what.key, what.resource_version, what.phase);
        done.written = is_done && fate == call_fate::good;
    });
}

void core_replica::carry_out(delete_job what) {
    job_delete_done unanswered;
    unanswered.key = what.key;
    unanswered.id = what.id;
    call(std::move(unanswered), true, [what = std::move(what)](core_replica& self, job_delete_done& done, call_fate fate) {
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
    condition_done unanswered;
    unanswered.key = what.key;
    unanswered.id = what.id;
    call(std::move(unanswered), true, [what = std::move(what)](core_replica& self, condition_done& done, call_fate fate) {
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

// Reports

void core_replica::take_report(std::shared_ptr<core_sender> from, ledger::try_id which) {
    report_received r;
    r.id = ++last_report_;
    if (!from->order.secret.empty())
        r.secret = from->order.secret;
    r.source_address = from->order.address;
    r.content = from->order.content;
    waiting_[r.id] = {std::move(from), which};
    post(std::move(r));
}

void core_replica::carry_out(answer_report what) {
    auto at = waiting_.find(what.id);
    if (at == waiting_.end())
        return;
    const auto report = std::move(at->second);
    waiting_.erase(at);
    const unsigned status = what.answer == report_answer::stored ? 200 : what.answer == report_answer::refused ? 400 : 503;
    in_.answered(report.from, report.which, status, what.reason);
}

} // namespace simulation
