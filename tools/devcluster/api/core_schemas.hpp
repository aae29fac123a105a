#pragma once

#include "tools/devcluster/api/schema.hpp"

#include <boost/json/fwd.hpp>

#include <memory>
#include <string_view>

// The schemas of Kubernetes' own kinds, from tools/devcluster/data, which stands in the program. They are parsed when they are
// first asked for and then kept, so that who never asks does not pay.

namespace devcluster {

/// components.schemas of kube-apiserver's OpenAPI v3 documents, those of the kinds that are served and what they are made of.
const boost::json::object& core_components();

/// The name in core_components() of a kind's schema ("io.k8s.api.core.v1.Pod"), or empty.
std::string_view core_schema_name(std::string_view group, std::string_view version, std::string_view kind);

/// Null where the kind is not one of Kubernetes' own that are served.
std::shared_ptr<const schema> core_schema(std::string_view group, std::string_view version, std::string_view kind);

/// ObjectMeta: for the metadata of custom resources, which their own schemas say nothing about.
const schema& metadata_schema();

} // namespace devcluster
