#include "controller/core/decider.hpp"

#include "controller/core/schedule.hpp"

#include <algorithm>

// The condition Ready in the status of a check: what is shown, for `kubectl wait` and whatever gates on health. It is written
// when it changes and nothing else is in its way; it is never an edit, since the status subresource does not count as one.

namespace kh::core {

namespace {

/// So many are written at once: when a thousand checks get their first condition, their runs must not wait.
constexpr std::size_t in_flight_max = 4;

constexpr duration after_refusal = std::chrono::minutes(10);
constexpr duration after_failure = std::chrono::seconds(10);
/// Who has not been contradicted for so long may write at once.
constexpr duration contest_memory = std::chrono::minutes(1);
constexpr duration complaint_interval = std::chrono::minutes(1);

/// The observed generation is the one whose result this is: whoever waits for an edit waits for the edit's first result.
ready_condition ready_of(const check_view& check, const show_check& shown) {
    ready_condition ready;
    ready.observed_generation = shown.state && shown.state->generation ? shown.state->generation : check.generation;
    ready.status = "Unknown";
    if (shown.fresh == freshness::stale) {
        ready.reason = "Stale";
        ready.message = shown.stale_text;
    } else if (!shown.state) {
        ready.reason = "Pending";
        ready.message = "it has not run yet";
    } else {
        const outcome how = outcome_of(*shown.state);
        ready.status = how == outcome::passed ? "True" : "False";
        ready.reason = to_text(how);
        ready.message = how == outcome::passed ? "the last run passed" : brief_errors(*shown.state);
    }
    return ready;
}

bool says_the_same(const ready_condition& a, const ready_condition& b) {
    return a.status == b.status && a.reason == b.reason && a.message == b.message &&
           a.observed_generation == b.observed_generation;
}

} // namespace

void decider::publish_condition(entity& e, const check_view& check, const show_check& now) {
    if (!conditions_served_ || draining_)
        return;
    ready_condition ready = ready_of(check, now);
    if ((check.ready && says_the_same(*check.ready, ready)) || !may_call(e.condition_contest) || !may_call(e.condition_write))
        return;
    if (conditions_in_flight_.size() >= in_flight_max) {
        conditions_waiting_.insert(e.sequence);
        return;
    }
    ready.since = check.ready && check.ready->status == ready.status ? check.ready->since : wall_;
    set_condition call;
    call.id = next_operation();
    call.key = e.key;
    call.resource_version = check.resource_version;
    call.ready = std::move(ready);
    call.other_conditions = check.other_conditions;
    e.condition_write.start(call.id);
    conditions_in_flight_.insert(call.id);
    act(std::move(call));
}

/// Another replica that acts as well, or somebody's tool: who wins does not matter, but not at the speed of the network.
void decider::note_condition_of_others(entity& e, const check_view& before, const check_view& now) {
    if (!before.ready || !now.ready || says_the_same(*before.ready, *now.ready))
        return;
    if (clock_.now > e.condition_contest.not_before + contest_memory)
        e.condition_contest.succeeded();
    e.condition_contest.failed(clock_.now, std::nullopt, stable_hash(e.key.name));
}

void decider::on(conditions_served&& told) {
    conditions_served_ = told.served;
    mark_all();
}

void decider::on(condition_done&& told) {
    conditions_in_flight_.erase(told.id);
    if (!conditions_waiting_.empty()) {
        dirty_.insert(*conditions_waiting_.begin());
        conditions_waiting_.erase(conditions_waiting_.begin());
    }
    entity* e = find_entity(told.key);
    if (!e || e->condition_write.in_flight != told.id)
        return;
    mark(*e);
    repeated_call& call = e->condition_write;
    switch (told.answer) {
    case condition_answer::written:
        call.succeeded();
        if (told.check && e->check && e->check->uid == told.check->uid) {
            e->check->resource_version = std::move(told.check->resource_version);
            e->check->ready = std::move(told.check->ready);
            e->check->other_conditions = std::move(told.check->other_conditions);
        }
        return;
    case condition_answer::conflict:
        call.failed(clock_.now, std::nullopt, stable_hash(e->key.name));
        return;
    case condition_answer::refused:
        complain_of_condition(*e, told.message);
        call.failed(clock_.now, after_refusal, stable_hash(e->key.name));
        return;
    case condition_answer::failed:
        complain_of_condition(*e, told.message);
        call.failed(clock_.now, std::max(after_failure, told.retry_after.value_or(duration{})), stable_hash(e->key.name));
        return;
    }
}

void decider::complain_of_condition(const entity& e, const std::string& error) {
    if (error.empty() || clock_.now < next_condition_complaint_)
        return;
    next_condition_complaint_ = clock_.now + complaint_interval;
    log(log_level::warning, "condition of a check not written", e, {{"error", error}});
}

} // namespace kh::core
