#include "controller/core/decider.hpp"

#include "controller/core/run_id.hpp"
#include "controller/core/schedule.hpp"
#include "proto_http/mutation.hpp"

#include <algorithm>
#include <utility>

// What is done about one name: level-based, from what is known now, whatever the event was.

namespace kh::core {

namespace {

bool is_edited(const check_view& check, const std::optional<newest_run>& newest) {
    return check.kind == workload::check && newest && newest->generation != 0 && check.generation != 0 &&
           newest->generation < check.generation && !KH_MUTATION(overlook_edits);
}

/// Of a deadline that has passed; beyond it, how long ago does not matter.
constexpr duration longest_past = std::chrono::hours(1);

/// Another replica has heard of an edit that our watch has not told yet.
bool is_of_newer_spec(const pod_record& pod, const check_view& subject) {
    return subject.generation != 0 && pod.view.generation > subject.generation;
}

} // namespace

/// Of a pod that this process did not create, or has not looked at yet, by the wall clock. Null: its check was not told here yet.
time_point decider::deadline_of(const pod_record& pod, const check_view* subject) const {
    if (pod.deadline != proto_http::never)
        return pod.deadline;
    duration longest = subject ? subject->timeout : duration{};
    const unix_seconds ends =
        pod.view.deadline.value_or(pod.view.created + std::chrono::ceil<std::chrono::seconds>(longest).count());
    if (!subject || is_of_newer_spec(pod, *subject)) // its timeout is not known here
        longest = std::max<duration>(longest, std::chrono::seconds(ends - pod.view.created));
    // It may lie behind us: a report that came before it waited here for the first sync.
    return clock_.now + std::clamp<duration>(at_second(ends) - clock_.wall, -longest_past, longest);
}

/// Once, but anew as long as it is by half of what there is to know.
void decider::set_deadline(pod_record& pod, const check_view* subject) const {
    if (std::exchange(pod.has_provisional_deadline, false))
        pod.deadline = proto_http::never;
    if (pod.deadline != proto_http::never || KH_MUTATION(forget_recovered_pods))
        return;
    pod.deadline = deadline_of(pod, subject);
    pod.has_provisional_deadline = !subject || is_of_newer_spec(pod, *subject);
}

void decider::reconcile(entity& e) {
    wake_ = proto_http::never;
    overdue_.erase({e.overdue_slot, e.sequence});
    if (synced()) {
        const check_view* subject = e.subject();
        for (pod_record& pod : e.pods)
            if (subject && belongs_to(pod, *subject))
                set_deadline(pod, subject);
            else if (!knows_owner(e, pod))
                set_deadline(pod, nullptr);
        if (subject)
            pass_over_void_slots(e, *subject, wall_);
        if (e.report)
            settle_report(e);
        reconcile_orphans(e);
        if (e.starting && (!subject || subject->uid != e.starting->check_uid))
            abandon_start(e);
        if (subject && subject->kind == workload::check)
            reconcile_check(e, *subject);
        else if (subject)
            reconcile_job(e, *subject);
        if (e.job)
            remove_old_job(e, *e.job);
        show(e);
    }
    put_in_agenda(e, wake_);
    forget_if_empty(e);
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

/// A spec that cannot be run is a result like any other, once for each generation.
void decider::write_invalid(entity& e, const check_view& subject) {
    abandon_start(e);
    const state_view* result = result_of(e, subject);
    if (result && result->how == outcome::invalid && (result->generation == subject.generation || subject.generation == 0))
        return;
    if (e.report || !may_call(e.write))
        return;
    const std::optional<newest_run> newest = newest_of(e, subject, wall_);
    const unix_seconds slot = first_free_slot(e, subject, newest ? std::max(wall_, newest->slot + 1) : wall_, wall_);
    verdict v;
    v.how = outcome::invalid;
    v.text = subject.spec_error;
    e.newest_used = slot; // not for the run of an edit either: the write may take effect without an answer
    infer(e, subject, nullptr, slot, 0, v);
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
    // A state whose slot is void says nothing of an older slot: it may have had its result.
    const state_view* result = result_of(e, subject);
    const bool tells_of_slot = result && has_rank(e, subject, *result, wall_);
    // v2's controller takes its pods along when it goes: that is nobody's failure, the check is due again.
    const bool goes_with_v2 = pod->legacy && pod->view.terminating && !pod->view.ended();
    const bool history = pod->settled || goes_with_v2 || (pod->view.ended() && !pod->watched && !tells_of_slot);
    if (history)
        return false;
    if (e.starting)
        return true;
    if (clock_.now < stall_.over()) { // its report may wait to be read
        wake_at(stall_.over());
        return true;
    }
    const std::optional<verdict> v = judge(*pod, clock_.now, settings_.verdicts);
    if (!v) {
        wake_at(judge_again(*pod, settings_.verdicts));
        return true;
    }
    if (!leads())
        return true;
    if (v->retry && clock_.now < pod->deadline && !draining_ && !e.job_was_changed) {
        log(log_level::warning, "run is tried once more", e,
            {{"run", pod->view.run_id}, {"pod", pod->view.name}, {"reason", pod->view.explanation}});
        begin_start(e, subject, slot, pod->view.attempt + 1, pod->deadline);
        return true;
    }
    if (may_call(e.write))
        infer(e, subject, pod, slot, pod->view.attempt, *v);
    return true;
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
    result.run_id = pod && !pod->view.run_id.empty() ? pod->view.run_id : run_id(subject.uid, slot, attempt);
    result.how = v.how;
    result.content.ok = false;
    result.content.errors.push_back(error_text(e.key, subject.kind, v.text));
    result.finished = wall_;
    result.start = pod ? pod->view.started.value_or(pod->view.created) : wall_;
    result.node = pod ? pod->view.node : std::string();
    result.run_duration = pod ? run_time(*pod, clock_) : duration{};
    write(e, std::move(result));
}

void decider::write(entity& e, run_result result) {
    if (is_foreign_state(e, result.check_uid))
        return; // its removal is under way, and the watch tells when it is gone
    write_result call;
    call.id = next_operation();
    call.result = result;
    call.resource_version = e.state ? e.state->resource_version : std::string();
    call.takes_over = is_state_of_other(e, call.result.check_uid);
    e.write.start(call.id);
    e.writing = std::move(result);
    act(std::move(call));
}

} // namespace kh::core
