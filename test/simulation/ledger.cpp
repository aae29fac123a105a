#include "simulation/ledger.hpp"

#include <algorithm>

namespace simulation {

using namespace std::chrono_literals;
using kh::core::check_view;
using kh::core::is_reported;
using kh::core::pod_view;
using kh::core::report_content;
using kh::core::state_view;

unix_seconds ledger::interval_of(const check_view& check) {
    return std::max<unix_seconds>(1, std::chrono::ceil<std::chrono::seconds>(check.interval).count());
}

void ledger::fail(std::string what) {
    if (!violation_.empty())
        return;
    violation_ = std::move(what);
    trace_.line("BROKEN: {}", violation_);
}

/// How long an API call may take until it has its effect.
duration ledger::call_time() const {
    const auto& f = about_.faults;
    return f.slow > 0 || about_.stalls() ? duration(45s) : f.latency_max * 2 + 1s;
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
    fact.specs.try_emplace(check.generation, spec_fact{check.timeout, now_});
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
        // The clock was set in mid-run: who began since then counts what is left by the wall clock (docs/reliability.md).
        if (run->second.jumps != jumps_ && run->second.lives != lives_)
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
