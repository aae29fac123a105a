#include "controller/core/decider.hpp"

#include "proto_http/mutation.hpp"

#include <algorithm>

// Which pods and states are removed: orphans, pods of no use, finished pods beyond their retention (run-protocol, 3.4, 5.5, 6).

namespace kh::core {

/// The check of a pod that is gone may be one that the watch has not told yet: then what the pod said before it went still
/// counts.
time_point decider::heard_until(const pod_record& pod) const {
    if (pod.deadline == proto_http::never)
        return pod.deadline;
    return std::max(pod.deadline, std::min(desk_.held_until(pod.view.secret), pod.deadline + settings_.hold_unknown_max));
}

void decider::reconcile_orphans(entity& e) {
    const check_view* subject = e.subject();
    for (std::size_t i = e.pods.size(); i-- > 0;) {
        pod_record& pod = e.pods[i];
        const bool of_job_of_same_name = e.check && e.job && belongs_to(pod, *e.job);
        if (!of_job_of_same_name && subject && belongs_to(pod, *subject))
            continue;
        if (pod.vanished) {
            const time_point until = knows_owner(e, pod) ? time_point::min() : heard_until(pod);
            if (clock_.now < until)
                wake_at(until);
            else
                drop_pod(e, std::string(pod.view.name));
        } else if (of_job_of_same_name && pod.alive()) { // a check has taken its name: this run ends superseded
            remove_pod(e, pod, false);
        } else if (!pod.view.terminating && !of_job_of_same_name) {
            remove_pod(e, pod, !pod.view.check_uid.empty() && !e.gone_uids.contains(pod.view.check_uid));
        }
    }
    if (e.state && (!subject || is_foreign_state(e, subject->uid)))
        remove_state(e);
}

/// How long a pod may live on after its slot has got its result.
duration decider::linger_of(const entity& e, const check_view& subject) const {
    if (!has_report(e, subject))
        return {};
    const duration since = clock_.wall - at_second(result_of(e, subject)->last_run.value_or(0));
    return std::clamp<duration>(settings_.linger_after_report - since, duration{}, settings_.linger_after_report);
}

/// Live pods that are of no use: not of the newest slot, of an older spec, an attempt that has a successor, or of a slot that
/// has its result.
void decider::remove_unwanted_pods(entity& e, const check_view& subject, const std::optional<newest_run>& newest, bool edited) {
    for (std::size_t i = e.pods.size(); i-- > 0;) {
        pod_record& pod = e.pods[i];
        if (!belongs_to(pod, subject) || !newest)
            continue;
        const bool newest_slot = pod.slot() == newest->slot;
        const bool has_result = has_ended(e, subject, pod.slot(), wall_);
        const bool ended = newest_slot && has_result;
        if (has_result)
            pod.settled = true;
        if (pod.vanished) {
            // What it said before it went may still come in: until its deadline its report replaces what was inferred.
            const bool may_report = ended && newest_slot && !edited && clock_.now < pod.deadline && !has_report(e, subject);
            if (may_report)
                wake_at(pod.deadline);
            else if (!newest_slot || pod.settled) // a superseded one is what tells of the edit, until the next run exists
                drop_pod(e, std::string(pod.view.name));
            continue;
        }
        if (!pod.alive())
            continue;
        const pod_record* successor = pod_of_slot(e, subject, pod.slot());
        if (!newest_slot || is_of_other_spec(pod, subject) || successor->view.attempt > pod.view.attempt) {
            remove_pod(e, pod, false);
        } else if (pod.settled) {
            if (!pod.remove_at)
                pod.remove_at = clock_.now + (ended ? linger_of(e, subject) : settings_.linger_after_report);
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

void decider::remove_pod(entity& e, pod_record& pod, bool verify_owner) {
    if (!may_call(pod.removal) || (KH_MUTATION(keep_superseded_pods) && pod.alive()))
        return;
    if (pod.removal.failures == 0 && pod.alive() && !pod.settled)
        tell_superseded(e, pod);
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
    if (e.write.in_flight || !may_call(e.state_removal))
        return;
    delete_state call;
    call.id = next_operation();
    call.key = e.key;
    call.uid = e.state->uid;
    call.resource_version = e.state->resource_version;
    call.owner_uid = e.state->owner_uid;
    e.state_removal.start(call.id);
    act(std::move(call));
}

void decider::on(pod_delete_done&& told) {
    entity* e = find_entity(told.key);
    pod_record* pod = e ? e->find_pod(told.pod_name) : nullptr;
    if (!pod || pod->removal.in_flight != told.id)
        return;
    mark(*e);
    switch (told.answer) {
    case remove_answer::removed:
        // The watch tells the rest. A pod that came and went while the watch was away is never told: asked again, it is gone.
        pod->removal.failed(clock_.now, removal_told_max, 0);
        return;
    case remove_answer::gone:
        pod->removal.succeeded();
        if (pod->legacy)
            drop_pod(*e, told.pod_name);
        else
            pod->vanished = true;
        return;
    case remove_answer::kept:
        pod->removal.failed(clock_.now, std::chrono::seconds(30), 0);
        return;
    case remove_answer::failed:
        log_first_failure(*e, pod->removal, "pod not deleted yet", told.message);
        pod->removal.failed(clock_.now, told.retry_after, stable_hash(told.pod_name));
        return;
    }
}

void decider::on(state_delete_done&& told) {
    entity* e = find_entity(told.key);
    if (!e || e->state_removal.in_flight != told.id)
        return;
    mark(*e);
    switch (told.answer) {
    case remove_answer::removed:
        // The watch tells when it is gone; asking again meanwhile would be answered 404 or 409.
        e->state_removal.failed(clock_.now, std::chrono::seconds(5), 0);
        return;
    case remove_answer::gone:
        // The answer of a write may have come after the watch had told that the state is gone: nobody tells it again.
        e->state_removal.succeeded();
        if (e->state && e->state->uid == told.uid)
            e->state.reset();
        return;
    case remove_answer::kept:
        e->state_removal.failed(clock_.now, std::chrono::seconds(30), 0);
        return;
    case remove_answer::failed:
        log_first_failure(*e, e->state_removal, "state not deleted yet", told.message);
        e->state_removal.failed(clock_.now, told.retry_after, stable_hash(e->key.name));
        return;
    }
}

} // namespace kh::core
