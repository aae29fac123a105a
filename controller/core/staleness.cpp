#include "controller/core/staleness.hpp"

#include <fmt/format.h>

#include <chrono>

namespace kh::core {

std::string utc_text(unix_seconds at) {
    const std::chrono::sys_seconds moment{std::chrono::seconds(at)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(moment - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

staleness judge_staleness(const check_view& check, const state_view* result, unix_seconds now, duration margin) {
    staleness age;
    // A spec that cannot be run has its own error, and a job that has its result is done.
    const bool settled = result && (result->how == outcome::invalid || check.kind == workload::job);
    if (settled)
        return age;
    const duration allowed = (check.kind == workload::check ? check.interval : duration{}) + check.timeout + margin;
    const unix_seconds since = result ? result->last_run.value_or(check.created) : check.created;
    const unix_seconds limit = since + std::chrono::ceil<std::chrono::seconds>(allowed).count();
    if (now <= limit) {
        age.fresh = result ? freshness::current : freshness::pending;
        age.changes_at = limit + 1;
        return age;
    }
    age.fresh = freshness::stale;
    age.text = result ? fmt::format("no result since {}", utc_text(since))
                      : fmt::format("never run since it was created at {}", utc_text(since));
    return age;
}

} // namespace kh::core
