#pragma once

#include "tools/devcluster/api/objects.hpp"

namespace devcluster {

/// Defaults, validation, immutability and graceful deletion of pods, as kube-apiserver has them with its default admission
/// plugins.
kind_rules pod_rules();

/// POST pods/NAME/binding: what a scheduler does.
outcome<void> bind_pod(objects& all, const resource_type& pods, const object_key& key, const boost::json::object& binding);

} // namespace devcluster
