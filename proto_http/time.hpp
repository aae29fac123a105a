#pragma once

#include <chrono>
#include <cstdint>

// The two clocks of the project. Nothing here reads a clock: `runtime` does. This header is free of Asio, so that the pure
// core of the controller may use the same types.

namespace proto_http {

/// The monotonic clock that goes on while the machine sleeps (CLOCK_BOOTTIME). Waits and deadlines are on it.
struct boot_clock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<boot_clock>;
    static constexpr bool is_steady = true;
};

using duration = boot_clock::duration;
using time_point = boot_clock::time_point;

/// What a calendar says; it may jump both ways. Only used to name a moment to the outside.
using wall_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// A deadline that is never reached.
inline constexpr time_point never = time_point::max();

} // namespace proto_http
