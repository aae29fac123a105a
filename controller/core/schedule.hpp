#pragma once

#include "controller/core/types.hpp"

#include <optional>

// When a check is due (run-protocol, section 2). Slots lie on a grid of the check's own: phase + k · interval, the phase from the
// hash of its uid, so that a thousand checks of one interval spread over it and a restart changes nothing.

namespace kh::core {

struct grid {
    unix_seconds interval = 1; ///< at least 1: fractions of a second are rounded up
    unix_seconds phase = 0;    ///< in [0, interval)

    /// The latest grid point that is not after `at`.
    unix_seconds at_or_before(unix_seconds at) const;
    /// The first grid point that is not before `at`.
    unix_seconds at_or_after(unix_seconds at) const;
};

/// A hash that is the same in every process and build (FNV-1a, 64 bits, finalised).
std::uint64_t stable_hash(std::string_view text);

grid grid_of(const check_view& check);

/// How far apart checks that are created together start at most.
inline constexpr unix_seconds newcomer_delay_max = 10;

/// The first slot of a check that has never run: its creation plus less than min(interval, `spread`) seconds, by the hash of its
/// uid. If later grid points have passed since, the latest of them.
unix_seconds first_slot(const check_view& check, unix_seconds now, unix_seconds spread = newcomer_delay_max);

/// The slot after `base`: the first grid point at least half an interval after it, or the latest that has passed by `now`.
unix_seconds next_slot(const check_view& check, unix_seconds base, unix_seconds now);

/// A slot so far ahead that the clock must have jumped: it counts as older than every other. Never true of a job's.
bool is_void(const check_view& check, unix_seconds slot, unix_seconds now);

} // namespace kh::core
