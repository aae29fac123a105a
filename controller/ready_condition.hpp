#pragma once

#include "controller/core/types.hpp"

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>

// `status.conditions` of a KuberhealthyCheck, to the core's values and back. Pure. The format is metav1.Condition; `Ready` and
// `status.observedGeneration` are what kstatus and `kubectl wait` look at.

namespace kh::v1 {

/// Fills `ready` and `other_conditions` from the object's status. Never throws; what is not well-formed counts as another's.
void read_conditions(const boost::json::object& object, core::check_view& into);

/// A merge patch of the status for the object as it was at `resource_version`. The list is replaced as a whole: what others wrote
/// is in it again, as read_conditions found it (empty where there was nothing).
std::string condition_patch_body(const core::ready_condition& ready, std::string_view other_conditions,
                                 std::string_view resource_version);

} // namespace kh::v1
