#include "controller/core/decider.hpp"

#include "controller/core/run_id.hpp"
#include "controller/core/schedule.hpp"
#include "proto_http/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>

// What becomes of a report: from its arrival until it is stored or refused (run-protocol, sections 4 and 5).

namespace kh::core {

namespace {

std::size_t size_of(const report_content& content) {
    std::size_t bytes = sizeof content;
    for (const std::string& error : content.errors)
        bytes += error.size();
    return bytes;
}

bool is_same(const report_content& content, const state_view& stored) {
    return content.ok == stored.ok && content.errors == stored.errors;
}

} // namespace

void decider::answer(report_id id, report_answer how, std::string reason) {
    if (id != 0) // somebody waits for it
        act(answer_report{id, how, std::move(reason)});
}

const pod_record* decider::reporter_of(const report_received& report, entity*& owner) {
    if (report.secret) {
        const auto where = desk_.by_secret(*report.secret);
        owner = where ? find_entity(where->check) : nullptr;
        return owner ? owner->find_pod(where->pod_name) : nullptr;
    }
    const pod_record* only = nullptr;
    for (const pod_address& where : desk_.by_address(report.source_address)) {
        entity* e = find_entity(where.check);
        const pod_record* pod = e ? e->find_pod(where.pod_name) : nullptr;
        if (!pod || !pod->alive() || pod->view.container_ended)
            continue;
        if (only)
            return nullptr;
        only = pod;
        owner = e;
    }
    return only;
}

void decider::take_report(report_received report, time_point held_until) {
    const report_id id = report.id;
    if (!report.secret && !settings_.reports_without_header) {
        answer(id, report_answer::refused, "the kh-run-uuid header is missing");
        return;
    }
    entity* owner = nullptr;
    const pod_record* pod = synced() ? reporter_of(report, owner) : nullptr;
    if (pod && knows_owner(*owner, *pod)) {
        take_report_of(*owner, *pod, std::move(report));
        return;
    }
    if (synced() && !pod && take_report_of_gone_pod(report))
        return;
    if (KH_MUTATION(refuse_an_unknown_secret)) {
        answer(id, report_answer::refused, "nobody knows this secret");
        return;
    }
    if (held_until > clock_.now) {
        if (!desk_.hold(std::move(report), held_until))
            answer(id, report_answer::later);
        return;
    }
    answer(id, report_answer::later);
    if (synced())
        return;
    // 503 ends a client's wait. What it said came in time, perhaps, and is looked at when the pods are known.
    report.id = 0;
    desk_.hold(std::move(report), proto_http::never);
}

/// A pod that is gone cannot open its run again, but this replica can still say how it stands with it.
bool decider::take_report_of_gone_pod(const report_received& report) {
    const retired_secret* gone = report.secret ? desk_.retired(*report.secret) : nullptr;
    if (!gone)
        return false;
    entity* e = find_entity(gone->check);
    const check_view* subject = e ? e->subject() : nullptr;
    const state_view* result = subject ? result_of(*e, *subject) : nullptr;
    const bool is_stored =
        result && result->owner_uid == gone->check_uid && slot_of(*result) == gone->slot && is_same(report.content, *result);
    const bool is_there = subject && subject->uid == gone->check_uid;
    if (is_stored)
        answer(report.id, report_answer::stored);
    else if (is_there && pod_of_slot(*e, *subject, gone->slot) && !has_ended(*e, *subject, gone->slot, wall_))
        answer(report.id, report_answer::later); // another replica runs the slot once more: it is still open
    else
        answer(report.id, report_answer::refused, "this run has ended: its pod is gone");
    return true;
}

void decider::retry_held_reports() {
    for (auto& [report, until] : desk_.take_held())
        take_report(std::move(report), until);
}

void decider::take_report_of(entity& e, const pod_record& pod, report_received report) {
    const check_view* subject = e.subject();
    const auto refuse = [&](std::string reason) { answer(report.id, report_answer::refused, std::move(reason)); };
    if (!subject || !belongs_to(pod, *subject))
        return refuse("the check of this run was deleted");
    if (is_of_other_spec(pod, *subject))
        return refuse("the check was edited: this run is superseded");
    const state_view* result = result_of(e, *subject);
    const unix_seconds stored = result ? slot_of(*result) : 0;
    const bool of_this_slot = result && (stored == pod.slot() || (pod.legacy && !result->slot && stored > pod.slot()));
    if (of_this_slot && has_report(e, *subject) && !KH_MUTATION(take_a_second_report)) {
        if (is_same(report.content, *result))
            answer(report.id, report_answer::stored);
        else
            refuse("another report of this run is already stored");
        return;
    }
    const std::optional<newest_run> newest = newest_of(e, *subject, wall_);
    if (newest && newest->slot > pod.slot())
        return refuse("a newer run has started: this run has ended");
    open_report::waiter waiter{report.id, report.content, clock_.now + settings_.hold_write_max};
    // A resend joins the report that it repeats, however long the API server has been away meanwhile.
    const bool repeats = e.report && e.report->result.slot == pod.slot() && e.report->result.content == report.content;
    if (report.arrived >= deadline_of(pod, subject) && !repeats && !KH_MUTATION(accept_a_late_report))
        return refuse("the deadline of this run has passed");
    mark(e);
    if (e.report && e.report->result.slot != pod.slot()) {
        // Another replica ended the slot of the report that waits here, and started this one.
        answer(report.id, report_answer::later);
        return;
    }
    if (e.report) {
        if (waiter.id != 0)
            e.report->waiters.push_back(std::move(waiter));
        return;
    }
    const std::size_t bytes = size_of(report.content);
    if (open_reports_ >= settings_.open_reports_max || open_report_bytes_ + bytes > settings_.open_report_bytes_max) {
        answer(report.id, report_answer::later);
        return;
    }
    ++open_reports_;
    open_report_bytes_ += bytes;

    if (KH_MUTATION(answer_before_the_write))
        answer(report.id, report_answer::stored);
    open_report open;
    open.pod_name = pod.view.name;
    open.bytes = bytes;
    if (waiter.id != 0 && !KH_MUTATION(answer_before_the_write))
        open.waiters.push_back(std::move(waiter));
    run_result& r = open.result;
    r.key = e.key;
    r.kind = subject->kind;
    r.check_uid = subject->uid;
    r.slot = pod.slot();
    r.attempt = pod.view.attempt;
    r.generation = pod.view.generation ? pod.view.generation : subject->generation;
    r.run_id = pod.view.run_id.empty() ? run_id(subject->uid, pod.slot(), 0) : pod.view.run_id;
    r.how = report.content.ok ? outcome::passed : outcome::failed;
    r.content = std::move(report.content);
    r.node = pod.view.node;
    r.start = pod.view.started.value_or(pod.view.created);
    r.finished = wall_;
    r.run_duration = run_time(pod, clock_);
    e.report = std::move(open);
}

void decider::close_report(entity& e, report_answer how, const std::string& reason) {
    for (const open_report::waiter& waiter : e.report->waiters)
        answer(waiter.id, how, reason);
    --open_reports_;
    open_report_bytes_ -= e.report->bytes;
    e.report.reset();
}

/// The slot has its report: each waiter is told whether it is the one that it sent.
void decider::close_report_by(entity& e, const state_view& stored) {
    for (const open_report::waiter& waiter : e.report->waiters) {
        if (is_same(waiter.content, stored))
            answer(waiter.id, report_answer::stored);
        else
            answer(waiter.id, report_answer::refused, "another report of this run is already stored");
    }
    e.report->waiters.clear();
    close_report(e, report_answer::stored, {});
}

void decider::settle_report(entity& e) {
    open_report& open = *e.report;
    // 503 ends a client's wait, not the write.
    std::erase_if(open.waiters, [&](const open_report::waiter& waiter) {
        if (clock_.now < waiter.until)
            return false;
        answer(waiter.id, report_answer::later);
        return true;
    });
    for (const open_report::waiter& waiter : open.waiters)
        wake_at(waiter.until);
    if (e.write.in_flight)
        return;

    const check_view* subject = e.subject();
    if (!subject || subject->uid != open.result.check_uid) {
        close_report(e, report_answer::refused, "the check of this run was deleted");
        return;
    }
    if (subject->kind == workload::check && subject->generation != 0 && open.result.generation < subject->generation) {
        close_report(e, report_answer::refused, "the check was edited: this run is superseded");
        return;
    }
    if (const state_view* result = result_of(e, *subject)) {
        const unix_seconds stored = slot_of(*result);
        if (stored > open.result.slot && has_rank(e, *subject, *result, wall_)) {
            close_report(e, report_answer::refused, "a newer run is already stored: this run has ended");
            return;
        }
        if (stored == open.result.slot && has_report(e, *subject) &&
            !(KH_MUTATION(take_a_second_report) && !is_same(open.result.content, *result))) {
            close_report_by(e, *result);
            return;
        }
    }
    if (e.write.ready(clock_.now))
        write(e, open.result);
    else
        wake_at(e.write.not_before);
}

void decider::on(write_done&& told) {
    entity* e = find_entity(told.key);
    if (!e || e->write.in_flight != told.id)
        return;
    mark(*e);
    run_result written = std::move(*e->writing);
    e->writing.reset();
    const bool of_report = e->report && e->report->result.slot == written.slot && is_reported(written.how);
    switch (told.answer) {
    case write_answer::written: {
        e->write.succeeded();
        if (told.state)
            store_state(*e, std::move(*told.state));
        return;
    }
    case write_answer::conflict:
        if (told.state)
            store_state(*e, std::move(*told.state));
        else
            e->state.reset();
        e->write.failed(clock_.now, std::nullopt, stable_hash(e->key.name));
        return;
    case write_answer::owner_gone:
        // The watch of the checks tells the same in a moment; a report that waits can be answered now.
        e->write.failed(clock_.now, std::chrono::seconds(1), 0);
        if (of_report)
            close_report(*e, report_answer::refused, "the check of this run was deleted");
        return;
    case write_answer::refused_final:
        e->write.failed(clock_.now, std::nullopt, stable_hash(e->key.name));
        log(log_level::error, "result refused by the API server", *e, {{"error", told.message}});
        if (of_report) {
            open_report& open = *e->report;
            report_content brief;
            brief.errors.push_back(
                error_text(e->key, written.kind, "the report could not be stored: " + told.message.substr(0, 512)));
            const bool was_brief = open.result.content.errors == brief.errors;
            open.result.content = std::move(brief);
            open.result.how = outcome::failed;
            if (was_brief)
                close_report(*e, report_answer::refused, "the API server refuses to store this report");
        }
        return;
    case write_answer::failed:
        log_first_failure(*e, e->write, "result not stored yet", told.message);
        if (KH_MUTATION(lose_the_retry_of_a_write)) {
            e->write.failed(clock_.now, std::chrono::hours(24), 0);
            return;
        }
        e->write.failed(clock_.now, told.retry_after, stable_hash(e->key.name));
        return;
    }
}

} // namespace kh::core
