#pragma once

#include "tools/devcluster/api/status.hpp"

#include <boost/json/object.hpp>

#include <string_view>

// Bodies in Kubernetes' protobuf, which kubectl 1.36 and client-go send for the kinds that Go knows. Answers are JSON: every
// client that sends protobuf takes both.

namespace devcluster {

inline constexpr std::string_view protobuf_type = "application/vnd.kubernetes.protobuf";

/// The object of a body: the magic bytes and a runtime.Unknown of a Namespace, ConfigMap, Secret, ServiceAccount, Event, Lease or
/// DeleteOptions. Fields that are not in the tables are dropped (managedFields; a status that nobody sends). Errors: 400 for what
/// is no such body, 415 for another kind.
outcome<boost::json::object> parse_protobuf(std::string_view body);

} // namespace devcluster
