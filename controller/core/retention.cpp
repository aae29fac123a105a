#include "controller/core/retention.hpp"

#include <algorithm>

namespace kh::core {

namespace {

std::vector<const pod_record*> newest_first(const std::vector<pod_record>& pods, const check_view& subject, pod_phase phase) {
    std::vector<const pod_record*> chosen;
    for (const pod_record& pod : pods)
        if (belongs_to(pod, subject) && !pod.vanished && !pod.view.terminating && pod.view.phase == phase)
            chosen.push_back(&pod);
    std::sort(chosen.begin(), chosen.end(), [](const pod_record* a, const pod_record* b) {
        return std::pair(a->slot(), a->view.attempt) > std::pair(b->slot(), b->view.attempt);
    });
    return chosen;
}

} // namespace

retention_plan plan_retention(const std::vector<pod_record>& pods, const check_view& subject, unix_seconds newest_slot,
                              unix_seconds now, const retention_rules& rules) {
    retention_plan plan;
    const unix_seconds age_max = std::chrono::ceil<std::chrono::seconds>(rules.age_max).count();
    for (auto [phase, count_max] :
         {std::pair(pod_phase::succeeded, rules.succeeded_max), {pod_phase::failed, rules.failed_max}}) {
        std::size_t rank = 0;
        for (const pod_record* pod : newest_first(pods, subject, phase)) {
            const bool beyond_count = rank++ >= count_max;
            if (pod->slot() == newest_slot)
                continue;
            const unix_seconds expires = pod->view.finished.value_or(pod->view.created) + age_max;
            if (beyond_count || expires <= now)
                plan.remove.push_back(pod->view.name);
            else
                plan.next = std::min(expires, plan.next.value_or(expires));
        }
    }
    return plan;
}

} // namespace kh::core
