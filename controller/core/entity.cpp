#include "controller/core/entity.hpp"

#include "controller/core/run_id.hpp"
#include "controller/core/schedule.hpp"
#include "proto_http/mutation.hpp"

#include <algorithm>

namespace kh::core {

namespace {

constexpr duration retry_delay_first = std::chrono::milliseconds(250);
constexpr duration retry_delay_max = std::chrono::seconds(10);

/// What an Event's message may have, and what a line of `kubectl describe` can bear.
constexpr std::size_t brief_size_max = 1024;
constexpr std::string_view cut_mark = " … (cut)";

} // namespace

void repeated_call::failed(time_point now, std::optional<duration> retry_after, std::uint64_t jitter) {
    in_flight = 0;
    duration delay = retry_delay_first;
    for (int i = 0; i < failures && delay < retry_delay_max; ++i)
        delay *= 2;
    delay = std::min(delay, retry_delay_max);
    // Three quarters to five quarters of it, so that many checks do not come back at once.
    delay = delay * 3 / 4 + delay / 2 * static_cast<std::int64_t>(jitter % 1000) / 1000;
    not_before = now + std::max(delay, retry_after.value_or(duration{}));
    ++failures;
}

pod_record* entity::find_pod(std::string_view name) {
    auto found = std::find_if(pods.begin(), pods.end(), [&](const pod_record& p) { return p.view.name == name; });
    return found == pods.end() ? nullptr : &*found;
}

void observe_start(pod_record& pod, const pod_view& now, bool is_new, const clock_reading& clock) {
    if (is_new && !now.ran)
        pod.seen_at = clock.now;
    if (is_new || !now.ran || pod.view.ran)
        return;
    pod.ran_at = clock.now;
    if (now.started) // the watch may be late
        pod.ran_at = std::min(clock.now, clock.now - (clock.wall - at_second(*now.started + 1)));
    if (pod.seen_at)
        pod.ran_at = std::max(*pod.ran_at, *pod.seen_at);
}

duration run_time(const pod_record& pod, const clock_reading& clock) {
    // A report may come in one breath with the news that the pod runs.
    if (pod.ran_at && *pod.ran_at < clock.now)
        return clock.now - *pod.ran_at;
    duration longest = clock.wall - at_second(pod.view.started.value_or(pod.view.created));
    if (pod.seen_at)
        longest = std::min(longest, clock.now - *pod.seen_at);
    return std::max(longest, duration{});
}

bool belongs_to(const pod_record& pod, const check_view& subject) {
    if (KH_MUTATION(know_a_check_by_its_name))
        return true;
    if (!pod.view.check_uid.empty())
        return pod.view.check_uid == subject.uid;
    return pod.legacy && pod.view.created >= subject.created;
}

bool knows_owner(const entity& e, const pod_record& pod) {
    const check_view* subject = e.subject();
    if (subject && (pod.legacy || belongs_to(pod, *subject)))
        return true;
    if (e.gone_uids.contains(pod.view.check_uid))
        return true;
    // A check has the name of this job. No pod of the job is made below it: one that is younger tells that the check is gone.
    return e.job && belongs_to(pod, *e.job) && e.check->created >= pod.view.created;
}

bool is_result_of(const state_view& state, const check_view& subject) {
    if (!state.last_run)
        return false;
    // Ours names its owner. v2's does not: it is of a deleted namesake if it is older than the check.
    return state.owner_uid.empty() ? *state.last_run >= subject.created : state.owner_uid == subject.uid;
}

outcome outcome_of(const state_view& result) {
    return result.how.value_or(result.ok ? outcome::passed : outcome::failed);
}

std::string brief(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    if (text.size() <= brief_size_max)
        return text;
    std::size_t end = brief_size_max - cut_mark.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;
    return text.substr(0, end).append(cut_mark);
}

std::string brief_errors(const state_view& result) {
    std::string text;
    for (const std::string& error : result.errors) {
        if (text.size() > brief_size_max)
            break;
        text.append(text.empty() ? "" : "; ").append(error);
    }
    return brief(std::move(text));
}

const state_view* result_of(const entity& e, const check_view& subject) {
    return e.state && is_result_of(*e.state, subject) ? &*e.state : nullptr;
}

bool is_state_of_other(const entity& e, std::string_view owner_uid) {
    return e.state && !e.state->owner_uid.empty() && e.state->owner_uid != owner_uid;
}

bool is_foreign_state(const entity& e, std::string_view owner_uid) {
    if (!is_state_of_other(e, owner_uid))
        return false;
    const bool is_of_job_of_same_name = e.check && e.job && e.state->owner_uid == e.job->uid;
    return !is_of_job_of_same_name;
}

unix_seconds slot_of(const state_view& result) {
    return result.slot ? *result.slot : result.last_run.value_or(0);
}

bool has_rank(const entity& e, const check_view& subject, const state_view& result, unix_seconds now) {
    return e.passed_over != slot_of(result) && !is_void(subject, slot_of(result), now);
}

void pass_over_void_slots(entity& e, const check_view& subject, unix_seconds now) {
    for (pod_record& pod : e.pods)
        if (belongs_to(pod, subject) && !pod.alive() && is_void(subject, pod.slot(), now))
            pod.passed_over = true;
    const state_view* result = result_of(e, subject);
    if (result && is_void(subject, slot_of(*result), now))
        e.passed_over = slot_of(*result);
    if (e.newest_used && is_void(subject, *e.newest_used, now))
        e.newest_used.reset();
}

bool has_ended(const entity& e, const check_view& subject, unix_seconds slot, unix_seconds now) {
    const state_view* result = result_of(e, subject);
    if (!result)
        return false;
    const unix_seconds stored = slot_of(*result);
    if (KH_MUTATION(judge_a_slot_again))
        return stored > slot;
    return stored == slot || (stored > slot && has_rank(e, subject, *result, now));
}

bool has_report(const entity& e, const check_view& subject) {
    const state_view* result = result_of(e, subject);
    return result && (!result->how || is_reported(*result->how));
}

bool is_of_other_spec(const pod_record& pod, const check_view& subject) {
    return subject.kind == workload::check && pod.view.generation != 0 && subject.generation != 0 &&
           pod.view.generation < subject.generation;
}

std::optional<newest_run> newest_of(const entity& e, const check_view& subject, unix_seconds now) {
    std::optional<newest_run> newest;
    auto consider = [&](unix_seconds slot, std::int64_t generation) {
        if (!newest || slot > newest->slot || (slot == newest->slot && newest->generation == 0))
            newest = newest_run{slot, generation};
    };
    if (const state_view* result = result_of(e, subject); result && has_rank(e, subject, *result, now))
        consider(slot_of(*result), result->generation);
    for (const pod_record& pod : e.pods)
        // A clock that jumped back must not take a live run away: it ends by its own deadline.
        if (belongs_to(pod, subject) && (pod.alive() || (!pod.passed_over && !is_void(subject, pod.slot(), now))))
            consider(pod.slot(), pod.view.generation);
    return newest;
}

pod_record* pod_of_slot(entity& e, const check_view& subject, unix_seconds slot) {
    pod_record* found = nullptr;
    for (pod_record& pod : e.pods)
        if (belongs_to(pod, subject) && pod.slot() == slot && (!found || pod.view.attempt > found->view.attempt))
            found = &pod;
    return found;
}

unix_seconds first_free_slot(const entity& e, const check_view& subject, unix_seconds from, unix_seconds now) {
    unix_seconds slot = from;
    const auto has_it = [&](const pod_record& pod) {
        return pod.slot() == slot && (belongs_to(pod, subject) || pod.view.name == pod_name(e.key, subject.kind, slot, 0));
    };
    while (std::any_of(e.pods.begin(), e.pods.end(), has_it) || has_ended(e, subject, slot, now))
        ++slot;
    return slot;
}

} // namespace kh::core
