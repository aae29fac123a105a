#pragma once

#include "controller/core/types.hpp"

#include <chrono>
#include <cstddef>

// What of the core's settings may change while it runs.

namespace kh::core {

struct retention_rules {
    duration age_max = std::chrono::hours(72);
    std::size_t succeeded_max = 4;
    std::size_t failed_max = 4;
};

struct live_settings {
    retention_rules retention;
    duration max_job_age = std::chrono::minutes(15); ///< how long a job that is over is kept; at least 5 min, as v2
    double overdue_starts_per_second = 20;
    bool reports_without_header = true;
    bool run_start_events = false;
};

} // namespace kh::core
