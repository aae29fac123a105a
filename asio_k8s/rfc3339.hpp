#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Timestamps of the Kubernetes API (RFC 3339, metav1.Time): read strictly, written in UTC with seconds. Values are seconds of
// the Unix epoch. Pure.

namespace k8s {

/// "2026-11-23T13:54:43Z", also with a fraction (cut off) and a numeric offset. No value for anything else, a date that does not
/// exist and a leap second (Go refuses it) included. Years 0001 to 9999.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

/// "2026-11-23T13:54:43Z". Values outside the years 0001 to 9999 are clamped.
std::string format_rfc3339(std::int64_t value);

} // namespace k8s
