#include "simulation/ledger.hpp"

#include <algorithm>

// The books of reports: what a checker was answered is what became of its report.

namespace simulation {

using namespace std::chrono_literals;
using kh::core::report_content;

ledger::try_id ledger::report_sent(const report_order& order, bool is_resend, const std::string& replica) {
    // Another process of the checker that says the same is a resend as well, also of the run's other attempt.
    const auto run = runs_.find(order.pod.uid);
    const slot_key slot =
        run == runs_.end() ? slot_key(order.pod.uid, 0) : slot_key(run->second.pod.check_uid, run->second.slot());
    const bool said_before = !said_.emplace(slot, order.content.ok, order.content.errors).second;
    tries_[++last_try_] = try_fact{order, now_, is_resend || said_before, replica, lives_};
    return last_try_;
}

void ledger::report_answered(try_id which, unsigned status, const std::string& reason) {
    auto at = tries_.find(which);
    if (at == tries_.end())
        return;
    const auto sent = std::move(at->second);
    tries_.erase(at);
    if (status == 200)
        judge_acknowledged(sent);
    else if (status == 400 && !sent.order.is_foreign)
        judge_refusal(sent, reason);
    else if (status != 0 && status != 503 && status != 400)
        fail(fmt::format("a report was answered {}", status));
}

void ledger::judge_acknowledged(const try_fact& sent) {
    ++acknowledged_;
    if (sent.order.is_foreign)
        return fail(fmt::format("a forged report of {} was acknowledged", sent.order.pod.name));
    auto at = runs_.find(sent.order.pod.uid);
    if (at == runs_.end())
        return;
    const auto& run = at->second;
    auto slot = slots_.find({run.pod.check_uid, run.slot()});
    const auto same = [&](const report_content& one) { return one == sent.order.content; };
    const bool is_stored = slot != slots_.end() && std::ranges::any_of(slot->second.reports, same);
    // v2's pods do not name their check's uid: made in the second in which it was made anew, they count as of either.
    const auto state = state_of(run.pod.check);
    const bool is_of_namesake = !run.pod.slot && state && same({state->ok, state->errors});
    if (!is_stored && !is_of_namesake)
        return fail(fmt::format("the report of {} was acknowledged and is not stored", run.pod.name));
    // A resend may come late: it joins the report that it repeats. So may one that is stored already.
    const auto stored_before = is_stored && slot->second.ended < sent.sent;
    const auto latest = run.created + run.timeout + call_time() + pause_time() + about_.faults.skew + 1s;
    if (!sent.is_resend && !stored_before && sent.sent > latest && run.jumps == jumps_ && run.lives == lives_ && !about_.stalls())
        fail(fmt::format("the report of {} was sent {} s after its start and taken; its timeout is {} s", run.pod.name,
                         (sent.sent - run.created) / 1s, run.timeout / 1s));
}

/// Recovered and adopted pods end by what stands on them, which is counted from when their create was sent, and by the clock of
/// who sent it.
time_point ledger::earliest_deadline(const run_fact& run) const {
    auto end = run.created + run.timeout - (about_.is_calm ? duration(100ms) : call_time() + 1s);
    if (auto owner = checks_.find(run.pod.check_uid); !run.pod.slot && owner != checks_.end())
        for (const auto& [generation, spec] : owner->second.specs) // v2's pods do not say which
            end = std::min<time_point>(end, run.created + spec.timeout - 1s);
    if (run.pod.attempt > 0) // the retry has the deadline of its first attempt
        end = std::min<time_point>(end, run.created + std::chrono::seconds(run.pod.deadline.value_or(0) - run.wall - 2));
    return end - about_.faults.skew;
}

/// Who did not get the answer of the create counts the deadline by the timeout of an edit since (docs/reliability.md).
bool ledger::may_have_other_timeout(const run_fact& run, const check_fact& job) const {
    return std::any_of(job.specs.upper_bound(run.pod.generation), job.specs.end(), [&](const auto& each) {
        const spec_fact& spec = each.second;
        return spec.timeout != run.timeout && (run.lives != lives_ || spec.since - run.created <= call_time());
    });
}

void ledger::judge_refusal(const try_fact& sent, const std::string& reason) {
    auto at = runs_.find(sent.order.pod.uid);
    auto owner = at == runs_.end() ? checks_.end() : checks_.find(at->second.pod.check_uid);
    if (owner == checks_.end())
        return;
    const auto& run = at->second;
    const auto& check = owner->second;
    if (check.gone || !is_current(check) || !owns_its_name(check) || check.states_were_lost)
        return;
    if (check.view.kind == workload::check && run.pod.generation != 0 && run.pod.generation != check.view.generation)
        return;
    if (check.view.kind == workload::job && may_have_other_timeout(run, check))
        return;
    if (auto slot = slots_.find({run.pod.check_uid, run.slot()}); slot != slots_.end())
        for (const auto& stored : slot->second.reports)
            if (stored != sent.order.content)
                return;
    if (auto newer = slots_.upper_bound({run.pod.check_uid, run.slot()});
        newer != slots_.end() && newer->first.first == run.pod.check_uid)
        return;
    if (check.newest_slot && *check.newest_slot > run.slot())
        return;
    if (const auto state = state_of(run.pod.check); !run.pod.slot && state && state->last_run && *state->last_run >= run.slot())
        return;
    if ((run.jumps != jumps_ || run.is_void) && !about_.is_calm)
        return;
    // A controller that began since then cannot know that a slot of before the clock was set back was passed over.
    const auto is_newer = [&](const run_fact* other) { return other->slot() > run.slot(); };
    if (jumps_ != 0 && run.lives != lives_ && std::ranges::any_of(runs_of_[run.pod.check_uid], is_newer))
        return;
    if (!run.pod.slot || sent.sent >= earliest_deadline(run)) // however long it waited at the replica
        return;
    if (about_.faults.unstorable > 0 && reason.find("refuses to store") != std::string::npos)
        return;
    fail(fmt::format("a report of {} in time was refused: {}", run.pod.name, reason));
}

} // namespace simulation
