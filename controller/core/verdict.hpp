#pragma once

#include "controller/core/entity.hpp"
#include "controller/core/types.hpp"

#include <optional>
#include <string>

// What a run without a report comes to (run-protocol, 5.4): what is final at once, what only at the deadline, and how it is
// worded.

namespace kh::core {

struct verdict {
    outcome how = outcome::infrastructure;
    std::string text;   ///< without the prefix of `error_text`
    bool retry = false; ///< an infrastructure fault of a first attempt: the run is tried once more
};

struct verdict_rules {
    duration end_grace = std::chrono::seconds(5); ///< an ended pod's report may still be under way
};

/// The verdict on the newest pod of a slot without a result, or nothing as long as it may still report.
std::optional<verdict> judge(const pod_record& pod, time_point now, const verdict_rules& rules);

/// When `judge` may say something else without a further event.
time_point judge_again(const pod_record& pod, const verdict_rules& rules);

/// "Check execution error: ns/name: text", as v2 (jobs: "Job execution error: …").
std::string error_text(const check_key& key, workload kind, std::string_view text);

} // namespace kh::core
