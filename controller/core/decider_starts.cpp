#include "controller/core/decider.hpp"

#include "controller/core/run_id.hpp"
#include "controller/core/schedule.hpp"
#include "proto_http/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>

// When a run starts, and what becomes of a start that the API server does not take (run-protocol, sections 2 and 3).

namespace kh::core {

namespace {

/// A start later than this after its slot was missed, not just scheduled: it waits for its turn among the overdue.
constexpr unix_seconds overdue_after = 2;

} // namespace

void decider::start_when_due(entity& e, const check_view& check, const std::optional<newest_run>& newest, bool edited) {
    if (!leads() || draining_)
        return;
    std::optional<unix_seconds> base;
    if (newest)
        base = newest->slot;
    if (e.newest_used)
        base = std::max(base.value_or(*e.newest_used), *e.newest_used);

    const unix_seconds due = edited ? std::max(wall_, *base + 1)
                             : base ? next_slot(check, *base, wall_)
                                    : first_slot(check, wall_, settings_.newcomer_spread);
    const unix_seconds slot = first_free_slot(e, check, due, wall_);
    if (slot > wall_) {
        wake_at(clock_.now + (at_second(slot) - clock_.wall));
        return;
    }
    if (!edited && wall_ - slot > overdue_after && overdue_turn_ != e.sequence) {
        e.overdue_slot = slot;
        overdue_.emplace(slot, e.sequence);
        return;
    }
    begin_start(e, check, slot, 0, std::nullopt);
}

void decider::start_overdue() {
    overdue_wake_ = proto_http::never;
    if (overdue_.empty()) {
        tokens_at_ = clock_.now;
        return;
    }
    const double rate = settings_.overdue_starts_per_second;
    if (tokens_at_ != time_point::min())
        start_tokens_ =
            std::min(std::max(rate, 1.0), start_tokens_ + rate * std::chrono::duration<double>(clock_.now - tokens_at_).count());
    tokens_at_ = clock_.now;
    while (!overdue_.empty() && start_tokens_ >= 1) {
        // Looked at anew: while it waited, a later slot may have come, or a reason not to run at all.
        overdue_turn_ = overdue_.begin()->second;
        entity& e = *by_sequence_.at(overdue_turn_);
        overdue_.erase(overdue_.begin());
        const operation_id before = last_operation_;
        reconcile(e);
        if (last_operation_ != before)
            start_tokens_ -= 1;
    }
    overdue_turn_ = 0;
    if (!overdue_.empty())
        overdue_wake_ = clock_.now +
                        std::chrono::duration_cast<duration>(std::chrono::duration<double>((1 - start_tokens_) / rate)) +
                        std::chrono::milliseconds(1);
}

void decider::begin_start(entity& e, const check_view& subject, unix_seconds slot, int attempt,
                          std::optional<time_point> deadline) {
    if (!leads() || draining_)
        return;
    starting_run start;
    start.check_uid = subject.uid;
    start.slot = slot;
    start.attempt = attempt;
    start.generation = subject.generation;
    start.deadline = deadline;
    e.starting = std::move(start);
    drive_start(e, subject);
}

void decider::abandon_start(entity& e) {
    if (!e.starting)
        return;
    if (e.starting->create.in_flight)
        act(cancel_operation{e.starting->create.in_flight});
    e.starting.reset();
}

void decider::drive_start(entity& e, const check_view& subject) {
    starting_run& start = *e.starting;
    const pod_record* pod = pod_of_slot(e, subject, start.slot);
    const bool has_pod = pod && pod->view.attempt >= start.attempt;
    const bool stopped = !leads() || draining_ || (start.deadline && clock_.now >= *start.deadline);
    if ((has_pod || stopped) && !start.create.in_flight) {
        // Nothing came of it here: the slot stays due, for the next leader or for this one when it leads again.
        if (!has_pod && !leads() && start.attempt == 0)
            e.newest_used.reset();
        e.starting.reset();
        mark(e);
        return;
    }
    const bool ended = has_ended(e, subject, start.slot, wall_);
    const time_point gives_up = !start.first_refusal     ? proto_http::never
                                : start.refused_for_good ? *start.first_refusal
                                                         : *start.first_refusal + subject.timeout;
    if (ended || clock_.now >= gives_up) {
        if (start.create.in_flight)
            act(cancel_operation{start.create.in_flight});
        start.create.in_flight = 0;
        if (ended) {
            e.starting.reset();
            mark(e);
        } else if (may_call(e.write)) {
            verdict v;
            v.how = outcome::could_not_start;
            v.text = fmt::format("failed to create pod for checker: {}", start.refusal);
            infer(e, subject, nullptr, start.slot, start.attempt, v);
        }
        return;
    }
    wake_at(gives_up);
    if (start.create.in_flight)
        return; // its answer wakes this up, also where the deadline passes meanwhile
    if (start.deadline)
        wake_at(*start.deadline);
    if (!start.create.ready(clock_.now)) {
        wake_at(start.create.not_before);
        return;
    }
    // Nobody answered, and the next slot has come meanwhile: missed slots collapse.
    if (subject.kind == workload::check && start.attempt == 0 && !start.first_refusal && start.create.failures > 0)
        if (const unix_seconds latest = next_slot(subject, start.slot, wall_); latest <= wall_)
            start.slot = latest;

    start.generation = subject.generation; // a job's may have changed since the last try
    start.timeout = subject.timeout;
    const duration left = start.deadline ? *start.deadline - clock_.now : start.timeout;
    create_pod create;
    create.id = next_operation();
    create.key = e.key;
    create.kind = subject.kind;
    create.check_uid = subject.uid;
    create.slot = start.slot;
    create.attempt = start.attempt;
    create.run_id = run_id(subject.uid, start.slot, start.attempt);
    create.generation = start.generation;
    create.deadline = std::chrono::ceil<std::chrono::seconds>(clock_.wall + left).time_since_epoch().count();
    create.pod_name = pod_name(e.key, subject.kind, start.slot, start.attempt);
    start.create.start(create.id);
    e.newest_used = start.slot;
    act(std::move(create));
}

} // namespace kh::core
