#pragma once

#include "tools/devcluster/api/resource_type.hpp"

namespace devcluster {

/// Adds the core kinds that are served: namespaces, nodes, pods, events, configmaps, secrets, serviceaccounts, leases and
/// customresourcedefinitions. `with_schemas`: fields are checked against Kubernetes' own OpenAPI document; without it
/// (simulations) only the rules of the kinds hold.
void add_core_types(registry& to, bool with_schemas);

} // namespace devcluster
