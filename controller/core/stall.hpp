#pragma once

#include "controller/core/types.hpp"

#include <chrono>

// A process that was stopped for a while (SIGSTOP, a frozen node) goes on with everything overdue at once: its deadlines have
// passed, and the reports that came meanwhile are still to be read from their sockets. For a moment such a report counts as
// having come before the stall, and nothing is inferred.

namespace kh::core {

class stall {
public:
    /// Before each step. `due`: when the core wanted to be woken at the latest.
    void look(time_point now, time_point due) {
        if (now - noticed_from <= due)
            return;
        before_ = due - std::chrono::nanoseconds(1);
        over_ = now + settled_after;
    }

    /// Until when reports of before are still expected; in the past: none are.
    time_point over() const { return over_; }

    /// When what is read at `now` may have come.
    time_point arrival(time_point now) const { return now < over_ ? before_ : now; }

private:
    static constexpr duration noticed_from = std::chrono::seconds(1); ///< less is a busy process
    static constexpr duration settled_after = std::chrono::seconds(1);

    time_point before_ = time_point::min();
    time_point over_ = time_point::min();
};

} // namespace kh::core
