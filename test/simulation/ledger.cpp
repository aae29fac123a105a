#include "simulation/ledger.hpp"

#include "controller/core/verdict.hpp"

#include <algorithm>

namespace simulation {

using namespace std::chrono_literals;
using kh::core::check_view;
using kh::core::is_reported;
using kh::core::pod_view;
using kh::core::report_content;
using kh::core::state_view;

namespace {

unix_seconds interval_of(const check_view& check) {
    return std::max<unix_seconds>(1, std::chrono::ceil<std::chrono::seconds>(check.interval).count());
}

} // namespace

void ledger::fail(std::string what) {
    if (!violation_.empty())
        return;
    violation_ = std::move(what);
    trace_.line("BROKEN: {}", violation_);
}

/// How long an API call may take until it has its effect.
duration ledger::call_time() const {
    const auto& f = about_.faults;
    return f.slow > 0 || f.wire > 0s ? duration(45s) : f.latency_max * 2 + 1s;
}

/// How long a controller may stand still.
duration ledger::pause_time() const {
    return about_.faults.pause > 0s ? 45s : 0s;
}

/// How long the controller may take for what it should do at once, when nothing is in its way (any more).
duration ledger::slack() const {
    return about_.is_calm ? duration(10s) : duration(90s);
}

void ledger::check_stored(const check_view& check) {
    auto& fact = checks_[check.uid];
    const bool is_edit = fact.view.generation != check.generation;
    fact.view = check;
    fact.timeouts[check.generation] = check.timeout;
    if (is_edit)
        fact.changed = now_;
    current_[{check.key, check.kind}] = check.uid;
    if (check.kind == workload::check && is_edit) // it takes the name of a job as well
        if (auto job = current_.find({check.key, workload::job}); job != current_.end())
            checks_[job->second].changed = now_;
    if (current_.contains({check.key, workload::check}) && current_.contains({check.key, workload::job}))
        shared_names_.insert(check.key);
}

void ledger::check_gone(const check_view& last) {
    checks_[last.uid].gone = now_;
    if (last.kind == workload::check) // a job has its name again
        if (auto job = current_.find({last.key, workload::job}); job != current_.end())
            checks_[job->second].changed = now_;
    auto at = current_.find({last.key, last.kind});
    if (at != current_.end() && at->second == last.uid)
        current_.erase(at);
}

bool ledger::is_current(const check_fact& check) const {
    auto at = current_.find({check.view.key, check.view.kind});
    return at != current_.end() && at->second == check.view.uid;
}

bool ledger::owns_its_name(const check_fact& check) const {
    return check.view.kind == workload::check || !current_.contains({check.view.key, workload::check});
}

bool ledger::is_present(const check_key& key) const {
    return current_.contains({key, workload::check}) || current_.contains({key, workload::job});
}

duration ledger::timeout_of(const std::string& check_uid) const {
    auto at = checks_.find(check_uid);
    return at == checks_.end() ? duration(10s) : at->second.view.timeout;
}

bool ledger::was_lost_by_hand(const check_key& key) const {
    for (auto kind : {workload::check, workload::job})
        if (auto at = current_.find({key, kind}); at != current_.end()) {
            const auto& fact = checks_.at(at->second);
            return fact.states_were_lost && (kind == workload::job || !fact.view.spec_error.empty());
        }
    return false;
}

const check_view& ledger::check_of(const check_key& key) const {
    return checks_.at(current_.at({key, workload::check})).view;
}

std::optional<state_view> ledger::state_of(const check_key& key) const {
    auto at = states_.find(key);
    return at == states_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<pod_handle> ledger::living_pods() const {
    std::vector<pod_handle> found;
    for (const auto& [uid, run] : runs_)
        if (!run.is_gone)
            found.push_back({run.pod.check.ns, run.pod.name, uid});
    std::sort(found.begin(), found.end());
    return found;
}

// Results

void ledger::state_stored(const state_view& now, const state_view* before, bool by_hand) {
    states_[now.key] = now;
    if (by_hand) {
        if (auto owner = checks_.find(now.owner_uid); owner != checks_.end())
            owner->second.states_were_lost = true;
        return;
    }
    if (now.owner_uid.empty() || !now.slot || !now.how)
        return fail(fmt::format("the state of {} was written without owner, slot or outcome", now.key.text()));
    ++result_count_;
    auto owner = checks_.find(now.owner_uid);
    if (owner == checks_.end())
        return fail(fmt::format("a result of {} names an owner that never existed", now.key.text()));
    if (!before && owner->second.gone && now_ - *owner->second.gone > call_time() + pause_time() + 5s)
        fail(fmt::format("a state of {} was created after its check had been deleted", now.key.text()));

    if (before && before->slot && before->owner_uid == now.owner_uid && *before->slot > *now.slot) {
        const auto& check = owner->second.view;
        const unix_seconds margin = std::max<unix_seconds>(interval_of(check), 60);
        const bool is_jumpy = jumps_ != 0 && now_ - last_jump_ < 3min;
        if (!is_jumpy && *before->slot <= wall_ + margin - 60)
            fail(fmt::format("the result of {} went back from slot {} to {}", now.key.text(), *before->slot, *now.slot));
    }
    auto& slot = slots_[{now.owner_uid, *now.slot}];
    const report_content content{now.ok, now.errors};
    if (slot.how && before && before->owner_uid == now.owner_uid && before->slot == now.slot &&
        !(is_reported(*now.how) && !is_reported(*slot.how)))
        fail(fmt::format("slot {} of {} has a second result: {} after {}", *now.slot, now.key.text(), kh::core::to_text(*now.how),
                         kh::core::to_text(*slot.how)));
    // A slot of before the clock was set back may be lived through again.
    if (before && before->slot && before->owner_uid == now.owner_uid && *before->slot > *now.slot)
        owner->second.went_back = true;
    // Once the clock was set back and forward again, nothing that is stored tells an old pod's result (docs/reliability.md).
    if (slot.how && !owner->second.states_were_lost && !owner->second.went_back && !is_reported(*now.how) &&
        is_reported(*slot.how) && !shared_names_.contains(now.key))
        fail(fmt::format("an inferred result of {} buries the report of slot {}", now.key.text(), *now.slot));
    slot.how = now.how;
    slot.ended_wall = wall_;
    slot.ended = now_;
    (is_reported(*now.how) ? slot.reports : slot.inferred).push_back(content);
    judge_double_runs(now.owner_uid);
    // A start that is refused says nothing of the pod that came of it all the same: no watch has shown that one yet.
    if (!is_reported(*now.how) && now.how != kh::core::outcome::could_not_start)
        judge_inference(now);
}

/// While a report of a run waits, the replica where it waits infers nothing about that run. A write that was under way when the
/// report came is not stopped.
void ledger::judge_inference(const state_view& state) {
    for (const auto& [id, waits] : tries_) {
        const auto run = runs_.find(waits.order.pod.uid);
        if (waits.replica != state.authoritative_pod || waits.order.is_foreign || waits.order.secret.empty() ||
            now_ - waits.sent <= call_time() + 2s || run == runs_.end() || run->second.pod.check_uid != state.owner_uid ||
            run->second.slot() != state.slot)
            continue;
        if (waits.sent >= earliest_deadline(run->second)) // it is late, and its refusal is on the way
            continue;
        // A pod that went while no controller lived: the next one made another of its name and cannot know the secret of the
        // first.
        if (run->second.is_gone && run->second.lives != lives_)
            continue;
        fail(fmt::format("{} inferred {} for slot {} of {} while its report waited there", waits.replica,
                         kh::core::to_text(*state.how), *state.slot, state.key.text()));
    }
}

void ledger::state_gone(const state_view& last, bool by_hand) {
    states_.erase(last.key);
    if (by_hand)
        if (auto owner = checks_.find(last.owner_uid); owner != checks_.end())
            owner->second.states_were_lost = true;
    if (by_hand)
        return;
    auto owner = checks_.find(last.owner_uid);
    if (owner != checks_.end() && is_current(owner->second))
        fail(fmt::format("the state of {} was deleted while its check exists", last.key.text()));
}

// Runs

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
        const auto ordered = owner->second.timeouts.find(pod.generation);
        run.timeout = ordered == owner->second.timeouts.end() ? owner->second.view.timeout : ordered->second;
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
    if (jumps_ == 0 && run.slot() > wall_ + 1 && !(pod.generation != check.newest_generation))
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
        result->second.ended_wall + 3 < run.slot() - interval)
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
            for (const auto& [generation, timeout] : check.timeouts)
                limit = std::max<time_point>(limit, run.created + timeout + slack());
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
    const auto allowed = check.view.interval + check.view.interval / 2 + check.view.timeout + slack() + 11s + after_a_jump;
    if (now_ - since > allowed)
        fail(fmt::format("{} was not run for {} s; its interval is {} s", check.view.key.text(), (now_ - since) / 1s,
                         check.view.interval / 1s));
}

// Reports

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
    // v2's pods do not name their check's uid: made in the second in which it was made anew, they count as of either.
    if (const auto state = state_of(run.pod.check); !run.pod.slot && state && same({state->ok, state->errors}))
        return;
    if (slot == slots_.end() || std::none_of(slot->second.reports.begin(), slot->second.reports.end(), same))
        return fail(fmt::format("the report of {} was acknowledged and is not stored", run.pod.name));
    // A resend may come late: it joins the report that it repeats. So may one that is stored already.
    const auto stored_before = slot->second.ended < sent.sent;
    const auto latest = run.created + run.timeout + call_time() + pause_time() + 1s;
    if (!sent.is_resend && !stored_before && sent.sent > latest && run.jumps == jumps_ && run.lives == lives_ &&
        about_.faults.wire == 0s)
        fail(fmt::format("the report of {} was sent {} s after its start and taken; its timeout is {} s", run.pod.name,
                         (sent.sent - run.created) / 1s, run.timeout / 1s));
}

/// Recovered and adopted pods end by what stands on them, which is counted from when their create was sent.
time_point ledger::earliest_deadline(const run_fact& run) const {
    auto end = run.created + run.timeout - (about_.is_calm ? duration(100ms) : call_time() + 1s);
    if (auto owner = checks_.find(run.pod.check_uid); !run.pod.slot && owner != checks_.end())
        for (const auto& [generation, timeout] : owner->second.timeouts) // v2's pods do not say which
            end = std::min<time_point>(end, run.created + timeout - 1s);
    if (run.pod.attempt > 0) // the retry has the deadline of its first attempt
        end = std::min<time_point>(end, run.created + std::chrono::seconds(run.pod.deadline.value_or(0) - run.wall - 2));
    return end;
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
    // Who did not get the answer of the create counts the deadline by the timeout of now (docs/reliability.md).
    const bool may_be_adopted = run.lives != lives_ || check.changed - run.created <= call_time();
    if (check.view.kind == workload::job && may_be_adopted && run.timeout != check.view.timeout)
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

// Time

void ledger::controllers_changed() {
    ++lives_;
    lives_changed_ = now_;
}

void ledger::clock_jumped() {
    ++jumps_;
    last_jump_ = now_;
}

void ledger::chaos_ended() {
    is_chaotic_ = false;
    healed_ = about_.is_calm ? time_point{} : now_;
}

void ledger::look() {
    if (now_ < next_look_ || is_over_ || !violation_.empty())
        return;
    next_look_ = now_ + 500ms;
    if (is_chaotic_ && !about_.is_calm)
        return;
    while (!due_.empty() && due_.begin()->first <= now_) {
        const auto uid = due_.begin()->second;
        due_.erase(due_.begin());
        if (now_ < healed_ + slack())
            due_.emplace(healed_ + slack(), uid);
        else
            judge_due_run(runs_.at(uid));
    }
    for (const auto& [uid, since] : doubled_)
        if (now_ - std::max(since, healed_) > slack())
            fail(fmt::format("two open runs of {} for {} s", checks_[uid].view.key.text(),
                             (now_ - std::max(since, healed_)) / 1s));
    for (auto& [uid, check] : checks_)
        judge_silence(check);
}

void ledger::look_at_the_end() {
    std::map<std::string, std::pair<unsigned, unsigned>> kept;
    for (const auto& [uid, run] : runs_) {
        if (run.is_gone || run.pod.terminating)
            continue;
        auto owner = checks_.find(run.pod.check_uid);
        if (owner == checks_.end() || owner->second.gone)
            fail(fmt::format("pod {} has outlived its check", run.pod.name));
        else if (!run.is_over && owner->second.view.kind == workload::check && run.pod.generation != 0 &&
                 run.pod.generation != owner->second.view.generation)
            fail(fmt::format("pod {} runs a spec that was replaced", run.pod.name));
        if (run.pod.phase == kh::core::pod_phase::succeeded)
            ++kept[run.pod.check_uid].first;
        if (run.pod.phase == kh::core::pod_phase::failed)
            ++kept[run.pod.check_uid].second;
    }
    // The newest slot's are kept in any case: two, where it was tried once more.
    for (const auto& [uid, counts] : kept)
        if (counts.first > about_.succeeded_pods_max + 2 || counts.second > about_.failed_pods_max + 2)
            fail(fmt::format("{} finished pods of {} are kept", counts.first + counts.second, checks_[uid].view.key.text()));
    for (const auto& [key, state] : states_) {
        auto owner = checks_.find(state.owner_uid);
        const bool is_foreign = state.owner_uid.empty() ? !is_present(key) : owner == checks_.end() || owner->second.gone;
        if (is_foreign)
            fail(fmt::format("the state of {} has outlived its check", key.text()));
    }
    for (const auto& [name, uid] : current_) {
        const auto& check = checks_[uid];
        if (name.second != workload::job || shared_names_.contains(name.first) || check.states_were_lost ||
            now_ - check.changed < check.view.timeout + slack())
            continue;
        const auto state = state_of(name.first);
        if (!state || state->owner_uid != uid)
            fail(fmt::format("job {} has no result", name.first.text()));
        else if (check.view.phase != "Completed")
            fail(fmt::format("job {} has its result and is not Completed but \"{}\"", name.first.text(), check.view.phase));
    }
}

} // namespace simulation
