#pragma once

#include "controller/core/types.hpp"

#include <optional>
#include <string>
#include <string_view>

// Timestamps of the Kubernetes API (RFC 3339, metav1.Time): read strictly, written in UTC with seconds. Pure.

namespace kh {

/// "2026-11-23T13:54:43Z", also with a fraction (cut off) and a numeric offset. No value for anything else, a date that does not
/// exist and a leap second (Go refuses it) included. Years 0001 to 9999.
std::optional<core::unix_seconds> parse_rfc3339(std::string_view text);

/// "2026-11-23T13:54:43Z". Values outside the years 0001 to 9999 are clamped.
std::string format_rfc3339(core::unix_seconds value);

} // namespace kh
