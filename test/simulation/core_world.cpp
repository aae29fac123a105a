#include "simulation/core_world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace simulation {

using namespace std::chrono_literals;
using kh::core::pod_phase;
using kh::core::pod_view;
using kh::core::watched;

core_world::core_world(const plan& about, trace_for whom)
    : plan_(about), dice_(about.seed ^ 0xc0de), trace_(whom), ledger_(trace_, plan_), store_(ledger_), kubelet_(*this),
      user_(*this) {
    store_.on_change = [this](watched what, const kh::core::event& of) {
        for (const auto& each : replicas_)
            each->told(what, of);
    };
    store_.on_pod = [this](const pod_view& pod, bool is_new) {
        if (trace_.is_on())
            trace_.line("pod {}: {}{}{}", pod.name,
                        pod.ended() ? "ended"
                        : pod.ran   ? "runs"
                                    : "waits",
                        pod.terminating ? ", terminating" : "", pod.infrastructure_fault ? ", lost" : "");
        if (is_new)
            kubelet_.created(pod, ledger_.timeout_of(pod.check_uid));
        else if (pod.terminating)
            kubelet_.terminating(pod);
    };
    store_.on_pod_gone = [this](const pod_view& pod) { kubelet_.gone(pod); };
}

unix_seconds core_world::wall() const {
    return std::chrono::floor<std::chrono::seconds>(now_.time_since_epoch() + wall_base_).count();
}

void core_world::mark_time() {
    trace_.set_time(now_);
    ledger_.at(now_, std::chrono::floor<std::chrono::seconds>(controller_wall()).time_since_epoch().count());
}

void core_world::run_for(duration by) {
    const auto end = now_ + by;
    while (ledger_.violation().empty() && next_on_agenda() <= end) {
        now_ = std::max(now_, next_on_agenda());
        mark_time();
        run_next_on_agenda();
        ledger_.look();
    }
    now_ = end;
    mark_time();
}

// The replicas

void core_world::start_replica(bool is_leader) {
    auto name = fmt::format("kuberhealthy-{}", ++replicas_made_);
    trace_.line("{} starts{}", name, is_leader ? "" : " as a follower");
    replicas_.push_back(std::make_shared<core_replica>(*this, std::move(name), is_leader, dice_.next()));
    replicas_.back()->begin();
    ledger_.controllers_changed();
}

void core_world::dies(core_replica& which) {
    const auto at = std::find_if(replicas_.begin(), replicas_.end(), [&](const auto& one) { return one.get() == &which; });
    if (at != replicas_.end())
        kill_replica(static_cast<std::size_t>(at - replicas_.begin()));
}

void core_world::kill_replica(std::size_t which) {
    const auto one = replicas_[which];
    trace_.line("{} is gone", one->name());
    replicas_.erase(replicas_.begin() + static_cast<std::ptrdiff_t>(which));
    one->kill();
    ledger_.controllers_changed();
    // Whoever is left leads, once he knows; otherwise another process comes.
    after(is_faulty_ ? dice_.time(10ms, 15s) : 10ms, [this] {
        if (replicas_.empty())
            start_replica(true);
        else
            replicas_.front()->lead(proto_http::never);
    });
}

void core_world::heal() {
    trace_.line("everything works from now on");
    is_chaotic_ = false;
    is_faulty_ = false;
    is_down_ = false;
    while (replicas_.size() > 1)
        kill_replica(1);
    if (replicas_.empty())
        start_replica(true);
    else
        replicas_.front()->lead(proto_http::never);
    ledger_.chaos_ended();
}

// Chaos

void core_world::again(std::chrono::seconds mean, void (core_world::*what)()) {
    if (mean.count() == 0)
        return;
    after(dice_.time(mean / 4, mean * 2), [this, mean, what] {
        if (!is_chaotic_)
            return;
        (this->*what)();
        again(mean, what);
    });
}

void core_world::plan_chaos() {
    const auto& f = plan_.faults;
    is_faulty_ = !plan_.is_calm;
    again(f.kill, &core_world::kill_one);
    again(f.restart, &core_world::drain_one);
    again(f.overlap, &core_world::overlap);
    again(f.overlap, &core_world::move_leadership);
    again(f.outage, &core_world::outage);
    again(f.wire, &core_world::cut_watches);
    again(f.clock, &core_world::jump);
    again(f.user, &core_world::user_acts);
}

void core_world::kill_one() {
    if (!replicas_.empty())
        kill_replica(static_cast<std::size_t>(dice_.below(replicas_.size())));
}

void core_world::drain_one() {
    if (replicas_.empty())
        return;
    trace_.line("{} is told to stop", replicas_.front()->name());
    replicas_.front()->drain();
}

void core_world::overlap() {
    if (replicas_.size() != 1)
        return;
    start_replica(dice_.chance(0.5));
    after(dice_.time(1s, 30s), [this] {
        if (replicas_.size() > 1)
            kill_replica(dice_.chance(0.5) ? 0 : 1);
    });
}

/// The first one's time runs out, the other's begins: for a moment both lead, or nobody.
void core_world::move_leadership() {
    if (replicas_.size() != 2)
        return;
    trace_.line("the leadership moves");
    replicas_[0]->lead(now_ + dice_.time(0s, 3s));
    after(dice_.time(0s, 3s), [this, who = replicas_[1]] {
        if (!who->is_dead() && is_chaotic_)
            who->lead(proto_http::never);
    });
}

void core_world::outage() {
    trace_.line("the API server goes away");
    is_down_ = true;
    for (const auto& each : replicas_)
        for (auto what : {watched::checks, watched::jobs, watched::states, watched::pods})
            each->cut_watch(what);
    after(dice_.time(100ms, 40s), [this] { is_down_ = false; });
}

void core_world::cut_watches() {
    for (const auto& each : replicas_)
        for (auto what : {watched::checks, watched::jobs, watched::states, watched::pods})
            if (dice_.chance(0.4))
                each->cut_watch(what);
}

void core_world::jump() {
    const auto by = std::chrono::seconds(dice_.between(-3600, 3600));
    trace_.line("the wall clock jumps by {} s", by / 1s);
    jumped_ += by;
    ledger_.clock_jumped();
    mark_time();
}

void core_world::user_acts() {
    user_.act(ledger_.living_pods());
}

// Stage

void core_world::apply_check(const check_order& order) {
    if (trace_.is_on())
        trace_.line("{} {} is applied: edition {}, interval {} s, timeout {} s", order.kind == workload::check ? "check" : "job",
                    order.key.text(), order.edition, order.interval / 1s, order.timeout / 1s);
    store_.apply_check(order, wall());
}

void core_world::remove_check(const check_key& key, workload kind) {
    const auto* check = store_.find_check({key, kind});
    if (!check)
        return;
    trace_.line("{} {} is deleted", kind == workload::check ? "check" : "job", key.text());
    const auto uid = check->uid;
    store_.remove_check({key, kind});
    // The garbage collection.
    after(dice_.time(0s, is_faulty_ ? 10s : 100ms), [this, key, uid] {
        if (const auto* state = store_.find_state(key); state && state->owner_uid == uid)
            store_.remove_state(key, true);
        std::vector<std::string> names;
        for (const auto& [name, pod] : store_.pods())
            if (pod.check_uid == uid)
                names.push_back(pod.name);
        for (const auto& name : names)
            store_.remove_pod(key.ns, name, false, true);
    });
}

void core_world::remove_state(const check_key& key) {
    trace_.line("the state of {} is deleted by hand", key.text());
    store_.remove_state(key, true);
}

void core_world::edit_state(const check_key& key) {
    const auto* state = store_.find_state(key);
    if (!state)
        return;
    trace_.line("the state of {} is edited by hand", key.text());
    auto next = *state;
    next.ok = false;
    next.errors = {"edited by hand"};
    store_.put_state(std::move(next), true);
}

void core_world::tell_pod(const pod_handle& pod, const pod_news& news) {
    const auto* there = store_.find_pod(pod.ns, pod.name);
    if (!there || there->uid != pod.uid)
        return;
    auto next = *there;
    next.phase = news.phase;
    next.waiting_reason = next.fatal_reason = {};
    if (news.waiting_reason == "InvalidImageName")
        next.fatal_reason = news.waiting_reason;
    else
        next.waiting_reason = news.waiting_reason;
    if (news.is_scheduled)
        next.node = "node-1";
    if (!news.ip.empty())
        next.ip = news.ip;
    next.ran = next.ran || news.runs || news.main_ended;
    next.container_ended = next.container_ended || news.main_ended;
    next.infrastructure_fault = news.is_infrastructure;
    if (next.ran && !next.started)
        next.started = wall();
    if (next.ended())
        next.finished = wall();
    store_.put_pod(std::move(next), true);
}

void core_world::remove_pod(const pod_handle& pod, bool is_over) {
    const auto* there = store_.find_pod(pod.ns, pod.name);
    if (there && there->uid == pod.uid)
        store_.remove_pod(pod.ns, pod.name, is_over, true);
}

void core_world::report(report_order order) {
    auto one = std::make_shared<core_sender>();
    one->gives_up = now_ + order.patience;
    one->order = std::move(order);
    ++senders_;
    try_report(one);
}

void core_world::try_report(const std::shared_ptr<core_sender>& one) {
    if (one->replica.expired() && !replicas_.empty())
        one->replica = dice_.pick(replicas_);
    const auto to = one->replica.lock();
    const auto which = ledger_.report_sent(one->order, std::exchange(one->is_resend, true), to ? to->name() : "nobody");
    if (trace_.is_on())
        trace_.line("checker of {} reports {} to {}", one->order.pod.name,
                    one->order.content.ok ? "OK" : one->order.content.errors.front(), to ? to->name() : "nobody");
    after(dice_.time(0ms, 3ms), [this, one, to, which] {
        if (!to || to->is_dead())
            answered(one, which, 0, {});
        else
            to->take_report(one, which);
    });
}

void core_world::answered(const std::shared_ptr<core_sender>& one, ledger::try_id which, unsigned status,
                          const std::string& reason) {
    if (trace_.is_on())
        trace_.line("checker of {} is answered {} {}", one->order.pod.name, status, reason);
    ledger_.report_answered(which, status, reason);
    if (status == 0)
        one->replica.reset();
    const bool is_final = status == 200 || status == 400 || (status == 0 && !one->order.is_patient);
    if (is_final || now_ + one->pause > one->gives_up) {
        --senders_;
        return;
    }
    after(one->pause, [this, one] { try_report(one); });
    one->pause = std::min<duration>(one->pause * 3 / 2, 10s);
}

// A whole seed

void core_world::add_v2_objects() {
    check_order c;
    c.key = {"default", "check1"};
    c.interval = 30s;
    c.timeout = 20s;
    apply_check(c);
    kh::core::state_view state;
    state.key = c.key;
    state.ok = true;
    state.last_run = wall() + 1;
    state.authoritative_pod = "kuberhealthy-v2";
    store_.put_state(std::move(state), true);
    run_for(dice_.time(2s, 20s));
    pod_view pod;
    pod.check = c.key;
    pod.name = fmt::format("check1-{}", wall());
    pod.uid = store_.new_uid();
    pod.created = wall();
    pod.secret = "secret of v2";
    store_.put_pod(std::move(pod), true);
}

void core_world::look_at_the_end() {
    if (!ledger_.violation().empty())
        return;
    ledger_.look_at_the_end();
    std::string wrong;
    for (int tries = 0; tries < 60; ++tries) {
        wrong = compare_shown();
        if (wrong.empty() || !ledger_.violation().empty())
            return;
        run_for(700ms); // something was on its way
    }
    ledger_.fail(wrong);
}

/// What the replica shows against what is stored; a text where they differ.
std::string core_world::compare_shown() const {
    if (replicas_.size() != 1)
        return fmt::format("{} replicas at the end", replicas_.size());
    const auto& one = *replicas_.front();
    if (senders_ == 0 && (one.open_reports() != 0 || one.has_waiting_reports()))
        return "a report is held of which nobody knows";
    for (const auto& [key, state] : store_.states()) {
        const auto shown = one.shown().find(key);
        if (shown == one.shown().end() || !shown->second.state || shown->second.state->errors != state.errors ||
            shown->second.state->ok != state.ok || shown->second.state->run_id != state.run_id)
            return fmt::format("another result of {} is shown than the stored one", key.text());
    }
    for (const auto& [key, shown] : one.shown())
        if (shown.state && !store_.find_state(key) && !ledger_.was_lost_by_hand(key))
            return fmt::format("a result of {} is shown, none is stored", key.text());
    return {};
}

outcome_of_seed core_world::run() {
    const auto began = now_;
    trace_.line("seed {}: {}", plan_.seed, describe(plan_));
    mark_time();
    if (plan_.has_v2_objects)
        add_v2_objects();
    user_.begin();
    if (plan_.is_calm)
        ledger_.chaos_ended();
    start_replica(true);
    plan_chaos();
    run_for(plan_.chaos);
    if (ledger_.violation().empty()) {
        heal();
        const auto longest = plan_.interval_max * 5 / 2 + 100s + (plan_.jumps() ? plan_.interval_max + 120s : 0s);
        run_for(plan_.is_calm ? duration(30s) : duration(longest));
        // Whatever is on its way at this moment may arrive.
        const auto limit = now_ + 120s;
        while (senders_ != 0 && now_ < limit && ledger_.violation().empty())
            run_for(1s);
        run_for(2500ms);
    }
    look_at_the_end();
    outcome_of_seed made;
    made.violation = ledger_.violation();
    made.hash = trace_.hash();
    made.runs = ledger_.runs();
    made.results = ledger_.results();
    made.acknowledged = ledger_.acknowledged();
    made.requests = requests_;
    made.simulated = now_ - began;
    return made;
}

outcome_of_seed simulate_core(std::uint64_t seed, trace_for whom) {
    core_world one(draw_plan(seed), whom);
    return one.run();
}

} // namespace simulation
