#pragma once

#include "tools/devcluster/api/resource_type.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string_view>

// What is served, told to clients: classic discovery and apidiscovery.k8s.io/v2. Pure.

namespace devcluster {

/// GET /version. The version that the embedded server passes for.
boost::json::object version_document();

/// GET /api and GET /apis.
boost::json::object core_versions();
boost::json::object group_list(const registry& types);

/// GET /apis/GROUP; nothing for a group that is not served.
std::optional<boost::json::object> group_document(const registry& types, std::string_view group);

/// GET /api/v1 and GET /apis/GROUP/VERSION; nothing where it is not served.
std::optional<boost::json::object> resource_list(const registry& types, std::string_view group, std::string_view version);

/// GET /api (`is_core`) and GET /apis with Accept ...;as=APIGroupDiscoveryList. `version`: "v2" or "v2beta1", which differ in
/// name only.
boost::json::object aggregated(const registry& types, bool is_core, std::string_view version);

} // namespace devcluster
