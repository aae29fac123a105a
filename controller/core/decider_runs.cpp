#include "controller/core/decider.hpp"

#include "controller/core/run_id.hpp"
#include "controller/core/schedule.hpp"
#include "controller/core/staleness.hpp"

#include <fmt/format.h>

#include <algorithm>

// What is done about one name: level-based, from what is known now, whatever the event was.

namespace kh::core {

namespace {

/// A start later than this after its slot was missed, not just scheduled: it waits for its turn among the overdue.
constexpr unix_seconds overdue_after = 2;

wall_time at_second(unix_seconds at) {
    return wall_time(std::chrono::seconds(at));
}

bool is_edited(const check_view& check, const std::optional<newest_run>& newest) {
    return check.kind == workload::check && newest && newest->generation != 0 && check.generation != 0 &&
           newest->generation != check.generation;
}

bool is_of_other_spec(const pod_record& pod, const check_view& subject) {
    return subject.kind == workload::check && pod.view.generation != 0 && subject.generation != 0 &&
           pod.view.generation != subject.generation;
}

/// The result of that very slot, or of a newer one: the slot has ended.
bool has_ended(const entity& e, const check_view& subject, unix_seconds slot, unix_seconds now) {
    const state_view* result = result_of(e, subject);
    if (!result)
        return false;
    const unix_seconds stored = slot_of(*result);
    return stored == slot || (stored > slot && !is_void(subject, stored, now));
}

} // namespace

void decider::reconcile(entity& e) {
    wake_ = proto_http::never;
    if (synced()) {
        const check_view* subject = e.subject();
        for (pod_record& pod : e.pods)
            if (subject && pod.deadline == proto_http::never && belongs_to(pod, *subject)) {
                const unix_seconds ends = pod.view.deadline.value_or(
                    pod.view.created + std::chrono::ceil<std::chrono::seconds>(subject->timeout).count());
                pod.deadline = clock_.now + std::clamp<duration>(at_second(ends) - clock_.wall, duration{}, subject->timeout);
            }
        if (e.report)
            settle_report(e);
        reconcile_orphans(e);
        if (!subject)
            abandon_start(e);
        else if (subject->kind == workload::check)
            reconcile_check(e, *subject);
        else
            reconcile_job(e, *subject);
        show(e);
    }
    put_in_agenda(e, wake_);
    forget_if_empty(e);
}

void decider::reconcile_orphans(entity& e) {
    const check_view* subject = e.subject();
    for (std::size_t i = e.pods.size(); i-- > 0;) {
        pod_record& pod = e.pods[i];
        const bool of_job_of_same_name = e.check && e.job && belongs_to(pod, *e.job);
        if (!of_job_of_same_name && subject && belongs_to(pod, *subject))
            continue;
        if (pod.vanished)
            drop_pod(e, std::string(pod.view.name));
        else if (!pod.view.terminating && !of_job_of_same_name)
            remove_pod(e, pod, !pod.view.check_uid.empty() && !e.gone_uids.contains(pod.view.check_uid));
    }
    const bool foreign_state = e.state && (!subject || (!e.state->owner_uid.empty() && e.state->owner_uid != subject->uid));
    if (foreign_state)
        remove_state(e);
}

void decider::reconcile_check(entity& e, const check_view& check) {
    const std::optional<newest_run> newest = newest_of(e, check, wall_);
    const bool edited = is_edited(check, newest);
    if (e.starting && e.starting->generation != check.generation)
        abandon_start(e);
    remove_unwanted_pods(e, check, newest, edited);
    keep_finished_pods(e, check, newest);
    if (!check.spec_error.empty()) {
        write_invalid(e, check);
        return;
    }
    const bool open = newest && !edited && settle_open_slot(e, check, newest->slot);
    if (e.starting)
        drive_start(e, check);
    else if (!open && !e.report && !e.write.in_flight)
        start_when_due(e, check, newest, edited);
}

void decider::reconcile_job(entity& e, const check_view& job) {
    const std::optional<newest_run> newest = newest_of(e, job, wall_);
    remove_unwanted_pods(e, job, newest, false);
    keep_finished_pods(e, job, newest);
    if (result_of(e, job)) {
        abandon_start(e);
        if (job.phase != "Completed")
            write_phase(e, "Completed");
        return;
    }
    if (job.phase == "Completed")
        return;
    if (!job.spec_error.empty()) {
        write_invalid(e, job);
        return;
    }
    const bool open = newest && settle_open_slot(e, job, newest->slot);
    if (e.starting) {
        drive_start(e, job);
    } else if (open) {
        if (job.phase.empty())
            write_phase(e, "Running");
    } else if (e.report || e.write.in_flight) {
        return;
    } else if (job.phase.empty() && !newest) {
        begin_start(e, job, job.created, 0, std::nullopt);
    } else if (settings_.leader && e.write.ready(clock_.now)) {
        verdict lost;
        lost.how = outcome::pod_deleted;
        lost.text = "pod deleted unexpectedly: the pod of this job is gone";
        infer(e, job, nullptr, job.created, 0, lost);
    } else {
        wake_at(e.write.not_before);
    }
}

/// A spec that cannot be run is a result like any other, once for each generation. True if there is nothing left to write.
bool decider::write_invalid(entity& e, const check_view& subject) {
    abandon_start(e);
    const state_view* result = result_of(e, subject);
    if (result && result->how == outcome::invalid && (result->generation == subject.generation || subject.generation == 0))
        return true;
    if (e.report || e.write.in_flight || !settings_.leader)
        return false;
    if (!e.write.ready(clock_.now)) {
        wake_at(e.write.not_before);
        return false;
    }
    const std::optional<newest_run> newest = newest_of(e, subject, wall_);
    verdict v;
    v.how = outcome::invalid;
    v.text = subject.spec_error;
    infer(e, subject, nullptr, newest ? std::max(wall_, newest->slot + 1) : wall_, 0, v);
    return false;
}

/// Decides about the newest slot while it has no result. True as long as the slot is open.
bool decider::settle_open_slot(entity& e, const check_view& subject, unix_seconds slot) {
    pod_record* pod = pod_of_slot(e, subject, slot);
    if (!pod || has_ended(e, subject, slot, wall_)) {
        if (pod)
            pod->settled = true;
        return false;
    }
    if (e.report || (e.writing && e.writing->slot == slot))
        return true;
    const bool history = pod->settled || (pod->view.ended() && !pod->watched && !result_of(e, subject));
    if (history)
        return false;
    if (e.starting)
        return true;
    const std::optional<verdict> v = judge(*pod, clock_.now, settings_.verdicts);
    if (!v) {
        wake_at(judge_again(*pod, settings_.verdicts));
        return true;
    }
    if (!settings_.leader)
        return true;
    if (v->retry && clock_.now < pod->deadline && !draining_) {
        log(log_level::warning, "run is tried once more", e,
            {{"run", pod->view.run_id}, {"pod", pod->view.name}, {"reason", pod->view.explanation}});
        begin_start(e, subject, slot, pod->view.attempt + 1, pod->deadline);
        return true;
    }
    if (e.write.ready(clock_.now))
        infer(e, subject, pod, slot, pod->view.attempt, *v);
    else
        wake_at(e.write.not_before);
    return true;
}

/// Live pods that are of no use: not of the newest slot, of an older spec, an attempt that has a successor, or of a slot that
/// has its result.
void decider::remove_unwanted_pods(entity& e, const check_view& subject, const std::optional<newest_run>& newest, bool edited) {
    for (std::size_t i = e.pods.size(); i-- > 0;) {
        pod_record& pod = e.pods[i];
        if (!belongs_to(pod, subject) || !newest)
            continue;
        const bool newest_slot = pod.slot() == newest->slot;
        const bool ended = newest_slot && has_ended(e, subject, pod.slot(), wall_);
        if (ended)
            pod.settled = true;
        if (pod.vanished) {
            if (!newest_slot || ended || edited || pod.settled)
                drop_pod(e, std::string(pod.view.name));
            continue;
        }
        if (!pod.alive())
            continue;
        const pod_record* successor = pod_of_slot(e, subject, pod.slot());
        if (!newest_slot || is_of_other_spec(pod, subject) || successor->view.attempt > pod.view.attempt) {
            remove_pod(e, pod, false);
        } else if (ended) {
            if (!pod.remove_at) {
                const state_view& result = *result_of(e, subject);
                const bool reported = !result.how || is_reported(*result.how);
                const duration since = clock_.wall - at_second(result.last_run.value_or(0));
                pod.remove_at = reported ? clock_.now + std::clamp<duration>(settings_.linger_after_report - since, duration{},
                                                                             settings_.linger_after_report)
                                         : clock_.now;
            }
            if (*pod.remove_at <= clock_.now)
                remove_pod(e, pod, false);
            else
                wake_at(*pod.remove_at);
        }
    }
}

void decider::keep_finished_pods(entity& e, const check_view& subject, const std::optional<newest_run>& newest) {
    if (!newest)
        return;
    const retention_plan plan = plan_retention(e.pods, subject, newest->slot, wall_, settings_.retention);
    for (const std::string& name : plan.remove)
        remove_pod(e, *e.find_pod(name), false);
    if (plan.next)
        wake_at(clock_.now + std::max<duration>(at_second(*plan.next) - clock_.wall, std::chrono::seconds(1)));
}

void decider::start_when_due(entity& e, const check_view& check, const std::optional<newest_run>& newest, bool edited) {
    overdue_.erase({e.overdue_slot, e.sequence});
    if (!settings_.leader || draining_)
        return;
    std::optional<unix_seconds> base;
    if (newest)
        base = newest->slot;
    if (e.newest_started && !is_void(check, *e.newest_started, wall_))
        base = std::max(base.value_or(*e.newest_started), *e.newest_started);

    unix_seconds slot = 0;
    wall_time start;
    if (edited) {
        slot = std::max(wall_, *base + 1);
        start = at_second(slot);
    } else {
        slot = base ? next_slot(check, *base, wall_) : first_slot(check, wall_);
        // After the clock was set back, the pods of the first pass may still hold the names.
        while (pod_of_slot(e, check, slot))
            ++slot;
        start = at_second(slot) + start_offset(check);
    }
    if (start > clock_.wall) {
        wake_at(clock_.now + (start - clock_.wall));
        return;
    }
    if (!edited && wall_ - slot > overdue_after) {
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
        entity& e = *by_sequence_.at(overdue_.begin()->second);
        const unix_seconds slot = overdue_.begin()->first;
        overdue_.erase(overdue_.begin());
        const check_view* check = e.subject();
        if (!check || e.starting || !settings_.leader || draining_)
            continue;
        start_tokens_ -= 1;
        wake_ = e.wake.value_or(proto_http::never);
        begin_start(e, *check, slot, 0, std::nullopt);
        put_in_agenda(e, wake_);
    }
    if (!overdue_.empty())
        overdue_wake_ = clock_.now +
                        std::chrono::duration_cast<duration>(std::chrono::duration<double>((1 - start_tokens_) / rate)) +
                        std::chrono::milliseconds(1);
}

void decider::begin_start(entity& e, const check_view& subject, unix_seconds slot, int attempt,
                          std::optional<time_point> deadline) {
    if (!settings_.leader || draining_)
        return;
    starting_run start;
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
    const bool stopped = !settings_.leader || draining_ || (start.deadline && clock_.now >= *start.deadline);
    if ((has_pod || stopped) && !start.create.in_flight) {
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
        } else if (e.write.ready(clock_.now)) {
            verdict v;
            v.how = outcome::could_not_start;
            v.text = fmt::format("failed to create pod for checker: {}", start.refusal);
            infer(e, subject, nullptr, start.slot, start.attempt, v);
        } else if (!e.write.in_flight) {
            wake_at(e.write.not_before);
        }
        return;
    }
    wake_at(gives_up);
    if (start.deadline)
        wake_at(*start.deadline);
    if (start.create.in_flight)
        return;
    if (!start.create.ready(clock_.now)) {
        wake_at(start.create.not_before);
        return;
    }
    // Nobody answered, and the next slot has come meanwhile: missed slots collapse.
    if (subject.kind == workload::check && start.attempt == 0 && !start.first_refusal && start.create.failures > 0)
        if (const unix_seconds latest = next_slot(subject, start.slot, wall_); latest <= wall_)
            start.slot = latest;

    const duration left = start.deadline ? *start.deadline - clock_.now : subject.timeout;
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
    e.newest_started = start.slot;
    act(std::move(create));
}

void decider::infer(entity& e, const check_view& subject, const pod_record* pod, unix_seconds slot, int attempt,
                    const verdict& v) {
    run_result result;
    result.key = e.key;
    result.kind = subject.kind;
    result.check_uid = subject.uid;
    result.slot = slot;
    result.attempt = attempt;
    result.generation = pod && pod->view.generation ? pod->view.generation : subject.generation;
    result.run_id = pod ? pod->view.run_id : run_id(subject.uid, slot, attempt);
    result.how = v.how;
    result.content.ok = false;
    result.content.errors.push_back(error_text(e.key, subject.kind, v.text));
    result.finished = wall_;
    result.start = pod ? pod->view.started.value_or(pod->view.created) : wall_;
    result.node = pod ? pod->view.node : std::string();
    result.run_duration = std::max<duration>(clock_.wall - at_second(result.start), duration{});
    if (!pod)
        result.run_duration = {};
    write(e, std::move(result));
}

void decider::write(entity& e, run_result result) {
    const bool foreign = e.state && !e.state->owner_uid.empty() && e.state->owner_uid != result.check_uid;
    if (foreign)
        return; // its removal is under way, and the watch tells when it is gone
    write_result call;
    call.id = next_operation();
    call.result = result;
    call.resource_version = e.state ? e.state->resource_version : std::string();
    e.write.start(call.id);
    e.writing = std::move(result);
    act(std::move(call));
}

void decider::remove_pod(entity& e, pod_record& pod, bool verify_owner) {
    if (!settings_.leader || pod.removal_asked || pod.removal.in_flight)
        return;
    if (!pod.removal.ready(clock_.now)) {
        wake_at(pod.removal.not_before);
        return;
    }
    delete_pod call;
    call.id = next_operation();
    call.key = e.key;
    call.pod_name = pod.view.name;
    call.pod_uid = pod.view.uid;
    if (verify_owner)
        call.verify_owner_uid = pod.view.check_uid;
    pod.removal.start(call.id);
    act(std::move(call));
}

void decider::remove_state(entity& e) {
    if (!settings_.leader || e.state_removal.in_flight || e.write.in_flight)
        return;
    if (!e.state_removal.ready(clock_.now)) {
        wake_at(e.state_removal.not_before);
        return;
    }
    delete_state call;
    call.id = next_operation();
    call.key = e.key;
    call.uid = e.state->uid;
    call.resource_version = e.state->resource_version;
    call.owner_uid = e.state->owner_uid;
    e.state_removal.start(call.id);
    act(std::move(call));
}

void decider::write_phase(entity& e, std::string_view phase) {
    if (!settings_.leader || e.phase_write.in_flight)
        return;
    if (!e.phase_write.ready(clock_.now)) {
        wake_at(e.phase_write.not_before);
        return;
    }
    set_phase call;
    call.id = next_operation();
    call.key = e.key;
    call.phase = phase;
    e.phase_write.start(call.id);
    act(std::move(call));
}

void decider::show(entity& e) {
    const check_view* subject = e.subject();
    if (!subject) {
        if (e.shown)
            act(hide_check{e.key});
        e.shown.reset();
        return;
    }
    show_check now;
    now.key = e.key;
    now.kind = subject->kind;
    if (const state_view* result = result_of(e, *subject))
        now.state = *result;
    const staleness age = judge_staleness(*subject, now.state ? &*now.state : nullptr, wall_, settings_.stale_margin);
    now.fresh = age.fresh;
    now.stale_text = age.text;
    if (age.changes_at)
        wake_at(clock_.now + std::max<duration>(at_second(*age.changes_at) - clock_.wall, std::chrono::seconds(1)));
    if (e.starting && !e.starting->refusal.empty())
        now.waiting_reason = "CreateRefused";
    for (const pod_record& pod : e.pods)
        if (pod.alive() && belongs_to(pod, *subject) && !has_ended(e, *subject, pod.slot(), wall_)) {
            now.running = true;
            now.waiting_reason = pod.view.waiting_reason;
            if (!pod.view.waiting_reason.empty() && pod.view.waiting_reason != e.logged_trouble)
                log(log_level::warning, "checker pod does not start yet", e,
                    {{"pod", pod.view.name}, {"reason", pod.view.waiting_reason}, {"detail", pod.view.explanation}});
            e.logged_trouble = pod.view.waiting_reason;
        }
    if (e.check && e.job)
        now.conflict_text = fmt::format("{}: a check and a job have this name: the job is not run", e.key.text());
    if (!e.shown || *e.shown != now) {
        act(now);
        e.shown = std::move(now);
    }
}

} // namespace kh::core
