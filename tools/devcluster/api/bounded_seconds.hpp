#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace devcluster {

/// Ten years. A client may name any number of seconds, and the clocks count nanoseconds in 64 bits.
inline constexpr std::chrono::seconds longest_time = std::chrono::days(3650);

/// From none to the longest.
constexpr std::chrono::seconds bounded_seconds(std::int64_t seconds) noexcept {
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, longest_time.count()));
}

} // namespace devcluster
