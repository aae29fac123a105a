#pragma once

#include "controller/core/types.hpp"

#include <chrono>

// A process that was stopped for a while (SIGSTOP, a frozen node) goes on with everything overdue at once: its deadlines have
// passed, and the reports that came meanwhile are still to be read from their sockets. For a moment such a report counts as
// having come before the stall, and nothing is inferred. To notice it the core wants to be woken once a second as long as it
// knows of any name.

namespace kh::core {

class stall {
public:
    /// At each step. `was_wanted`: whether the last one told the shell of next_look().
    void look(time_point now, bool was_wanted) {
        if (was_wanted && now - last_ > noticed_from) {
            before_ = last_;
            over_ = now + settled_after;
        }
        last_ = now;
    }

    /// When the next step is wanted at the latest.
    time_point next_look() const { return last_ + pulse; }

    /// Until when reports of before are still expected; in the past: none are.
    time_point over() const { return over_; }

    /// When what is read at `now` may have come.
    time_point arrival(time_point now) const { return now < over_ ? before_ : now; }

private:
    static constexpr duration pulse = std::chrono::seconds(1);
    static constexpr duration noticed_from = std::chrono::seconds(2); ///< less is a busy process
    static constexpr duration settled_after = std::chrono::seconds(1);

    time_point last_{};
    time_point before_ = time_point::min();
    time_point over_ = time_point::min();
};

} // namespace kh::core
