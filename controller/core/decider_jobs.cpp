#include "controller/core/decider.hpp"

#include "controller/core/schedule.hpp"
#include "controller/core/verdict.hpp"

#include <algorithm>

// Jobs: one slot and no next, a phase that follows, and the end of their time (run-protocol, 6.3, 6.4; v2's reaper of jobs).

namespace kh::core {

namespace {

/// A watch that broke is made again within half a minute, and then lists.
constexpr duration unseen_pod_patience = std::chrono::seconds(60);

} // namespace

void decider::reconcile_job(entity& e, const check_view& job) {
    const std::optional<newest_run> newest = newest_of(e, job, wall_);
    if (job.phase == "Completed") // whatever became of its state
        for (pod_record& pod : e.pods)
            pod.settled = pod.settled || belongs_to(pod, job);
    remove_unwanted_pods(e, job, newest, false);
    keep_finished_pods(e, job, newest);
    if (result_of(e, job)) {
        abandon_start(e);
        if (job.phase != "Completed")
            write_phase(e, job, "Completed");
        return;
    }
    if (job.phase == "Completed")
        return;
    // What is changed after the start is ignored, also if it breaks the spec.
    const bool has_started = newest || !job.phase.empty();
    if (!job.spec_error.empty() && !has_started) {
        write_invalid(e, job);
        return;
    }
    e.job_pod_was_seen = e.job_pod_was_seen || newest;
    const bool open = newest && settle_open_slot(e, job, newest->slot);
    if (e.starting) {
        drive_start(e, job);
    } else if (open) {
        if (job.phase.empty())
            write_phase(e, job, "Running");
    } else if (e.report || e.write.in_flight) {
        return;
    } else if (!has_started) {
        begin_start(e, job, job.created, 0, std::nullopt);
    } else {
        give_up_pod(e, job);
    }
}

/// The job runs by its phase, and has no pod. Where this process has not seen that pod either, the watch of the pods may only be
/// behind that of the jobs.
void decider::give_up_pod(entity& e, const check_view& job) {
    if (!leads())
        return;
    if (!e.job_pod_was_seen) {
        e.job_pod_missed = e.job_pod_missed.value_or(clock_.now);
        const time_point until = *e.job_pod_missed + unseen_pod_patience;
        if (clock_.now < until) {
            wake_at(until);
            return;
        }
    }
    if (!may_call(e.write))
        return;
    verdict lost;
    lost.how = outcome::pod_deleted;
    lost.text = "pod deleted unexpectedly: the pod of this job is gone";
    infer(e, job, nullptr, job.created, 0, lost);
}

/// Our own write of the phase is never an edit, and before the start an edit is as good as the first spec.
void decider::note_job_change(entity& e, const check_view& before, const check_view& now) {
    if (now.kind != workload::job || now.spec_hash == before.spec_hash)
        return;
    const bool has_pod =
        std::any_of(e.pods.begin(), e.pods.end(), [&](const pod_record& pod) { return belongs_to(pod, before); });
    if (!has_pod && before.phase.empty())
        return;
    if (before.phase != "Completed")
        e.job_was_changed = true;
    tell_ignored_change(e, now);
}

void decider::write_phase(entity& e, const check_view& job, std::string_view phase) {
    if (!may_call(e.phase_write))
        return;
    set_phase call;
    call.id = next_operation();
    call.key = e.key;
    call.resource_version = job.resource_version;
    call.phase = phase;
    e.phase_write.start(call.id);
    act(std::move(call));
}

void decider::on(phase_done&& told) {
    entity* e = find_entity(told.key);
    if (!e || e->phase_write.in_flight != told.id)
        return;
    mark(*e);
    if (told.written) {
        // The watch shows the new phase; until then nothing is written again.
        e->phase_write.failed(clock_.now, std::chrono::seconds(5), 0);
        return;
    }
    log_first_failure(*e, e->phase_write, "phase of the job not written yet", told.message);
    e->phase_write.failed(clock_.now, told.retry_after, stable_hash(e->key.name));
}

/// v2's rule: only a completed one, and its age counts from its creation. When the watch tells that it is gone, its pods and its
/// state follow as those of any check that is deleted.
void decider::remove_old_job(entity& e, const check_view& job) {
    if (job.phase != "Completed" || draining_)
        return;
    const wall_time expires = at_second(job.created) + settings_.max_job_age;
    if (expires > clock_.wall) {
        wake_at(clock_.now + (expires - clock_.wall));
        return;
    }
    if (!may_call(e.job_removal))
        return;
    delete_job call;
    call.id = next_operation();
    call.key = e.key;
    call.uid = job.uid;
    call.resource_version = job.resource_version;
    e.job_removal.start(call.id);
    act(std::move(call));
}

void decider::on(job_delete_done&& told) {
    entity* e = find_entity(told.key);
    if (!e || e->job_removal.in_flight != told.id)
        return;
    mark(*e);
    switch (told.answer) {
    case remove_answer::removed:
        log(log_level::info, "finished job is deleted: it has reached its age", *e);
        e->job_removal.failed(clock_.now, removal_told_max, 0);
        return;
    case remove_answer::gone:
    case remove_answer::kept:
        // The watch tells the same in a moment.
        e->job_removal.failed(clock_.now, removal_told_max, 0);
        return;
    case remove_answer::failed:
        log_first_failure(*e, e->job_removal, "finished job not deleted yet", told.message);
        e->job_removal.failed(clock_.now, told.retry_after, stable_hash(e->key.name));
        return;
    }
}

} // namespace kh::core
