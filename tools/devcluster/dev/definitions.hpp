#pragma once

#include <string_view>
#include <vector>

namespace devcluster {

/// manifests/crds as they were when this was built: the program runs from anywhere.
std::vector<std::string_view> kuberhealthy_definitions();

} // namespace devcluster
