#pragma once

#include "controller/core/action.hpp"
#include "controller/core/types.hpp"

#include <optional>
#include <string>

// Pending, current or stale (design, "What a result says"): silence never reads as green.

namespace kh::core {

struct staleness {
    freshness fresh = freshness::current;
    std::string text;                       ///< while stale: why; constant
    std::optional<unix_seconds> changes_at; ///< when the answer changes if nothing comes
};

/// `result` null: never run.
staleness judge_staleness(const check_view& check, const state_view* result, unix_seconds now, duration margin);

/// "2026-11-23T13:13:14Z" (RFC 3339).
std::string utc_text(unix_seconds at);

} // namespace kh::core
