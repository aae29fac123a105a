#pragma once

#include "proto_http/time.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace k8s {

/// Exponential back-off with jitter, as a value: the clock and the random number are given, so a test knows each delay exactly.
/// The n-th delay lies between half of and the whole of min(first * 2^n, delay_max). A quiet time of `reset_after` since the end
/// of the last delay starts it over. Numbers: client-go's reflector (800 ms, 30 s, 2 min).
class backoff {
public:
    struct limits {
        proto_http::duration first = std::chrono::milliseconds(800);
        proto_http::duration delay_max = std::chrono::seconds(30);
        proto_http::duration reset_after = std::chrono::seconds(120);
    };

    backoff() = default;
    explicit backoff(const limits& given) : limits_(given), whole_(given.first) {}

    proto_http::duration next(proto_http::time_point now, std::uint64_t random) {
        if (now - last_end_ >= limits_.reset_after)
            whole_ = limits_.first;
        auto half = whole_ / 2;
        auto delay =
            half + proto_http::duration(static_cast<std::int64_t>(random % static_cast<std::uint64_t>(half.count() + 1)));
        whole_ = std::min(whole_ * 2, limits_.delay_max);
        last_end_ = now + delay;
        return delay;
    }

private:
    limits limits_{};
    proto_http::duration whole_ = limits_.first;
    proto_http::time_point last_end_{}; ///< the epoch: nothing was delayed yet, so the first call starts afresh in any case
};

} // namespace k8s
