#include "controller/core/decider.hpp"

#include <fmt/format.h>

// What people are told as it happens: a log line at the start and the end of each run, and a Kubernetes Event when the outcome of
// a check changes. All of it follows from what was known before and is known now, whoever wrote it; only the leader speaks.

namespace kh::core {

void decider::record(const check_view& about, bool is_warning, std::string reason, std::string message) {
    if (!leads())
        return;
    record_event what;
    what.key = about.key;
    what.kind = about.kind;
    what.uid = about.uid;
    what.is_warning = is_warning;
    what.reason = std::move(reason);
    what.message = brief(std::move(message));
    act(std::move(what));
}

void decider::tell_start(const entity& e, const check_view& subject, const pod_view& pod) {
    log(log_level::info, "run started", e,
        {{"uuid", pod.run_id}, {"pod", pod.name}, {"node", pod.node}, {"slot", std::to_string(pod.slot.value_or(pod.created))}});
    if (settings_.run_start_events)
        record(subject, false, std::string(run_started_reason),
               fmt::format("run {} has started in pod {}", pod.run_id, pod.name));
}

/// A result is told once: when its slot is new, or another outcome has replaced the one of its slot. What was there when the
/// watches began is nothing new.
void decider::tell_result(const entity& e, const std::optional<state_view>& before) {
    const check_view* subject = e.subject();
    const state_view* result = subject ? result_of(e, *subject) : nullptr;
    if (!synced() || !leads() || !result)
        return;
    const state_view* last = before && is_result_of(*before, *subject) ? &*before : nullptr;
    const outcome how = outcome_of(*result);
    if (last && slot_of(*last) == slot_of(*result) && outcome_of(*last) == how)
        return;
    if (result->slot) // else it is of v2, whose uuid is a secret
        log(how == outcome::passed ? log_level::info : log_level::warning, "run ended", e,
            {{"uuid", result->run_id},
             {"node", result->node},
             {"slot", std::to_string(*result->slot)},
             {"duration", result->run_duration},
             {"result", std::string(to_text(how))}});

    const bool was_stale = e.shown && e.shown->fresh == freshness::stale;
    const bool was_bad = was_stale || (last && outcome_of(*last) != outcome::passed);
    if (how != outcome::passed && (!last || was_stale || outcome_of(*last) != how))
        record(*subject, true, std::string(to_text(how)), brief_errors(*result));
    else if (how == outcome::passed && was_bad)
        record(*subject, false, "Recovered",
               fmt::format("passed; before, it was {}", was_stale ? "Stale" : to_text(outcome_of(*last))));
}

/// Nothing is stored of such a run; this line is its end.
void decider::tell_superseded(const entity& e, const pod_record& pod) {
    log(log_level::info, "run ended", e,
        {{"uuid", pod.view.run_id}, {"node", pod.view.node}, {"slot", std::to_string(pod.slot())}, {"result", "Superseded"}});
}

void decider::tell_staleness(const entity& e, const check_view& subject, const show_check& now) {
    if (now.fresh != freshness::stale || !e.shown || e.shown->fresh == freshness::stale)
        return;
    if (leads())
        log(log_level::warning, "check is stale", e, {{"detail", now.stale_text}});
    record(subject, true, "Stale", now.stale_text);
}

void decider::tell_conflict(entity& e) {
    const bool is_news = e.check && e.job && leads() && !e.conflict_told;
    e.conflict_told = e.check && e.job && (e.conflict_told || leads());
    if (!is_news)
        return;
    log(log_level::warning, "a check and a job have one name: the job is not run", e);
    record(*e.job, true, "NameTaken", "a check has this name: the job is not run");
}

void decider::tell_ignored_change(const entity& e, const check_view& job) {
    if (!leads())
        return;
    log(log_level::warning, "job was changed after its start: the change is ignored", e);
    record(job, true, "SpecChangeIgnored", "the spec was changed after the start: a job runs once, as it was then");
}

} // namespace kh::core
