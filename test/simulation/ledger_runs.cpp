#include "simulation/ledger.hpp"

#include <algorithm>

// The books of runs: each starts when it is due, alone, and ends.

namespace simulation {

using namespace std::chrono_literals;
using kh::core::check_view;
using kh::core::pod_view;

bool ledger::has_result(const run_fact& run) const {
    auto first = slots_.lower_bound({run.pod.check_uid, run.slot()});
    return first != slots_.end() && first->first.first == run.pod.check_uid && first->second.how.has_value();
}

bool ledger::is_open(const run_fact& run) const {
    return !run.is_over && !has_result(run);
}

void ledger::pod_stored(const pod_view& pod, bool is_new, bool) {
    auto& run = runs_[pod.uid];
    if (is_new) {
        ++run_count_;
        run.created = now_;
        run.lives = lives_;
        // What stands on the pod was written before the call.
        run.jumps = jumps_ != 0 && now_ - last_jump_ <= call_time() ? jumps_ - 1 : jumps_;
        run.wall = wall_;
    }
    auto uid = pod.check_uid.empty() ? run.pod.check_uid : pod.check_uid;
    if (uid.empty())
        if (auto at = current_.find({pod.check, workload::check}); at != current_.end())
            uid = at->second;
    run.pod = pod;
    run.pod.check_uid = uid;
    const bool is_over = pod.ended() || pod.terminating;
    if (is_over && !run.is_over)
        run.over = now_;
    run.is_over = run.is_over || is_over;
    auto owner = checks_.find(uid);
    if (owner == checks_.end())
        return;
    if (is_new) {
        const auto ordered = owner->second.specs.find(pod.generation);
        run.timeout = ordered == owner->second.specs.end() ? owner->second.view.timeout : ordered->second.timeout;
        // The clock was set back: this second comes a second time, and its run is another.
        if (auto before = slots_.find({uid, run.slot()}); jumps_ != 0 && before != slots_.end() && pod.attempt == 0)
            before->second.how.reset();
        run.is_void = run.slot() > wall_ + std::max<unix_seconds>(interval_of(owner->second.view), 60) - 5;
        judge_new_run(run, owner->second);
        runs_of_[uid].push_back(&run);
        auto& check = owner->second;
        if (!check.newest_slot || run.slot() >= *check.newest_slot || jumps_ != 0) {
            check.newest_slot = run.slot();
            check.newest_generation = pod.generation;
            check.newest_start = now_;
        }
        due_.emplace(now_ + run.timeout + slack() + call_time(), pod.uid);
    }
    judge_double_runs(uid);
}

void ledger::pod_gone(const pod_view& last, bool) {
    auto& run = runs_[last.uid];
    run.is_gone = true;
    if (!run.is_over)
        run.over = now_;
    run.is_over = true;
    judge_double_runs(run.pod.check_uid);
}

void ledger::judge_new_run(const run_fact& run, check_fact& check) {
    const auto& pod = run.pod;
    if (!pod.slot)
        return; // v2's
    for (const auto* other : runs_of_[pod.check_uid]) {
        if (!other->is_gone && other->slot() == run.slot() && other->pod.attempt == pod.attempt)
            fail(fmt::format("two pods for slot {} of {}", run.slot(), pod.check.text()));
    }
    const unix_seconds skew = about_.faults.skew.count();
    if (jumps_ == 0 && run.slot() > wall_ + skew + 1 && !(pod.generation != check.newest_generation))
        fail(fmt::format("slot {} of {} started {} s early", run.slot(), pod.check.text(), run.slot() - wall_));
    if (check.view.kind == workload::job || !check.newest_slot || pod.attempt > 0)
        return;
    // Two that both act may disagree about an edit for a moment; then an extra run is all that comes of it.
    if (about_.faults.overlap > 0s || check.gone) // ... and before its end has been told, it may begin anew
        return;
    if (jumps_ != 0 || check.states_were_lost || check.newest_generation != pod.generation ||
        pod.generation != check.view.generation)
        return;
    const unix_seconds before = *check.newest_slot;
    const auto& all = runs_of_[pod.check_uid];
    const auto& previous = *all.back();
    const auto result = slots_.find({pod.check_uid, before});
    const bool is_known = result != slots_.end() && result->second.how;
    const unix_seconds interval = interval_of(check.view);
    // A pod that vanished without a trace while nobody watched, or late calls of a process that is gone, may run a slot anew.
    if (previous.is_gone && !is_known)
        return;
    const bool may_be_of_the_gone = now_ - lives_changed_ <= call_time(); // a call of a process that is no more
    if (run.slot() > before && run.slot() - before < interval / 2 && !may_be_of_the_gone)
        fail(fmt::format("{} was run again after {} s, its interval is {} s", pod.check.text(), run.slot() - before, interval));
    const bool is_in_order = about_.is_calm || (!is_chaotic_ && previous.created > healed_ + slack());
    if (is_in_order && is_known && run.slot() > before + interval + (interval + 1) / 2 + 2 &&
        result->second.ended_wall + skew + 3 < run.slot() - interval)
        fail(fmt::format("a due slot of {} was skipped: {} s between two slots, its interval is {} s", pod.check.text(),
                         run.slot() - before, interval));
}

void ledger::judge_double_runs(const std::string& check_uid) {
    std::set<unix_seconds> open;
    for (const auto* run : runs_of_[check_uid])
        if (is_open(*run))
            open.insert(run->slot());
    if (open.size() > 1)
        doubled_.try_emplace(check_uid, now_);
    else
        doubled_.erase(check_uid);
}

void ledger::judge_due_run(run_fact& run) {
    auto owner = checks_.find(run.pod.check_uid);
    if (owner == checks_.end())
        return;
    const auto& check = owner->second;
    const bool is_superseded =
        check.gone || !owns_its_name(check) ||
        (check.view.kind == workload::check && run.pod.generation != 0 && run.pod.generation != check.view.generation);
    if (!run.is_over) {
        // After its report a pod may live on for half a minute.
        const auto result = slots_.find({run.pod.check_uid, run.slot()});
        const auto reported = result == slots_.end() || !result->second.how ? time_point{} : result->second.ended + 30s;
        auto limit = (is_superseded ? check.gone.value_or(check.changed) : reported) + slack();
        if (!run.pod.slot) // v2's pods do not say their deadline: it is counted by the check as it was when a controller began
            for (const auto& [generation, spec] : check.specs)
                limit = std::max<time_point>(limit, run.created + spec.timeout + slack());
        if (now_ < limit) {
            due_.emplace(limit, run.pod.uid);
            return;
        }
        return fail(fmt::format("pod {} lives on {} s after its start; its timeout is {} s", run.pod.name,
                                (now_ - run.created) / 1s, run.timeout / 1s));
    }
    if (is_superseded || has_result(run) || !run.pod.slot)
        return;
    // What nobody watched is history (5.3), and what stands too far ahead after a jump counts as older than every other.
    if (run.lives != lives_ || check.states_were_lost || run.jumps != jumps_ || run.is_void)
        return;
    // A pod that was deleted because its check has a newer slot.
    if (check.newest_slot && *check.newest_slot > run.slot())
        return;
    if (now_ < check.changed + slack()) {
        due_.emplace(check.changed + slack(), run.pod.uid);
        return;
    }
    fail(fmt::format("slot {} of {} never ended", run.slot(), run.pod.check.text()));
}

void ledger::judge_silence(check_fact& check) {
    if (check.gone || !check.view.spec_error.empty() || check.view.kind == workload::job)
        return;
    const duration after_a_jump = jumps_ != 0 ? std::max<duration>(check.view.interval, 60s) + 60s : duration{};
    if (check.newest_slot && check.newest_generation != 0 && check.newest_generation != check.view.generation &&
        now_ - std::max(check.changed, healed_) > slack() + after_a_jump)
        fail(fmt::format("an edit of {} was not run within {} s", check.view.key.text(), (slack() + after_a_jump) / 1s));
    const auto since = std::max({check.newest_start, check.changed, healed_});
    const auto allowed =
        check.view.interval + check.view.interval / 2 + check.view.timeout + slack() + 11s + after_a_jump + about_.faults.skew;
    if (now_ - since > allowed)
        fail(fmt::format("{} was not run for {} s; its interval is {} s", check.view.key.text(), (now_ - since) / 1s,
                         check.view.interval / 1s));
}

} // namespace simulation
