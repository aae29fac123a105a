#pragma once

#include "controller/core/entity.hpp"
#include "controller/core/settings.hpp"
#include "controller/core/types.hpp"

#include <string>
#include <vector>

// Which finished pods are kept (run-protocol, 3.4; v2's counts and ages, kuberhealthy-v2 7.1).

namespace kh::core {

struct retention_plan {
    std::vector<std::string> remove;  ///< names of finished pods beyond the rules
    std::optional<unix_seconds> next; ///< when the age of one runs out
};

/// The plan for the finished pods of one subject. The pod of `newest_slot` is kept in any case: the slot lives in it until the
/// next one exists.
retention_plan plan_retention(const std::vector<pod_record>& pods, const check_view& subject, unix_seconds newest_slot,
                              unix_seconds now, const retention_rules& rules);

} // namespace kh::core
