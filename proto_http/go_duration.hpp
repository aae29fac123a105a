#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Durations as Go writes them: time.ParseDuration and time.Duration.String (src/time/format.go and src/time/time.go), which v2
// uses in the specs of checks, in its configuration file and in the states. Pure.

namespace proto_http {

/// "1h30m", "-1.5h", ".5s", "300ms", "1us", "1µs", "1μs", "10ns", "0". No value for anything that Go refuses: no unit, an
/// unknown unit, white space, no digits, or more than 64 bits of nanoseconds.
std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

/// "0s", "1ns", "1.5µs", "2.479381s", "1m8.81278242s", "72h0m0s".
std::string format_go_duration(std::chrono::nanoseconds value);

} // namespace proto_http
