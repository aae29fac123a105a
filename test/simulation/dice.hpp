#pragma once

#include "proto_http/time.hpp"

#include <cstddef>
#include <cstdint>

// Everything that a seed decides is drawn here: the same seed gives the same draws on every platform.

namespace simulation {

class dice {
public:
    explicit dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 0x1234567) {}

    /// splitmix64
    std::uint64_t next() {
        auto z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// In [0, bound).
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

    /// In [low, high].
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
    }

    bool chance(double probability) { return probability > 0 && static_cast<double>(next() >> 11) * 0x1.0p-53 < probability; }

    /// To the millisecond.
    proto_http::duration time(proto_http::duration low, proto_http::duration high) {
        using std::chrono::milliseconds;
        return milliseconds(between(std::chrono::duration_cast<milliseconds>(low).count(),
                                    std::chrono::duration_cast<milliseconds>(high).count()));
    }

    template <class Range>
    auto& pick(Range& from) {
        return from[static_cast<std::size_t>(below(from.size()))];
    }

private:
    std::uint64_t state_;
};

} // namespace simulation
