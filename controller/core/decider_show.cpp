#include "controller/core/decider.hpp"

#include "controller/core/staleness.hpp"

#include <fmt/format.h>

#include <algorithm>

// What is shown of a name: told to the shell whenever it changes.

namespace kh::core {

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
    tell_staleness(e, *subject, now);
    tell_conflict(e);
    if (subject->kind == workload::check)
        publish_condition(e, *subject, now);
    if (!e.shown || *e.shown != now) {
        act(now);
        e.shown = std::move(now);
    }
}

} // namespace kh::core
