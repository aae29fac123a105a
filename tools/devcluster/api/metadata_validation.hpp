#pragma once

#include "tools/devcluster/api/status.hpp"

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

// The metadata of all objects: names, labels, annotations, owners, finalizers, as k8s.io/apimachinery validates and words it.

namespace devcluster {

/// What names of a kind look like.
enum class name_rule {
    dns_subdomain, ///< most kinds
    dns_label,     ///< Namespace
    path_segment,  ///< Event: anything that can stand in a URL
};

name_rule name_rule_of(std::string_view group, std::string_view kind);

/// Of a new object; a name must have been generated already. `namespaced` is about the resource. Members of a wrong type are the
/// schema's business and are passed over here.
std::vector<cause> validate_metadata(const boost::json::object& metadata, bool namespaced, name_rule rule,
                                     std::string_view path = "metadata");

/// What kinds of the core group but Event want beyond that: a finalizer is a well-known one or has a domain. (Of custom resources
/// kube-apiserver only warns of it.)
std::vector<cause> validate_core_finalizers(const boost::json::object& metadata, std::string_view path = "metadata");

/// Of an object that replaces `old`: what must not change, and what may be wrong in any object. Names are not looked at again.
std::vector<cause> validate_metadata_update(const boost::json::object& metadata, const boost::json::object& old,
                                            std::string_view path = "metadata");

// What is wrong with a name, one sentence each; empty where nothing is.
std::vector<std::string> wrong_dns_subdomain(std::string_view name);
std::vector<std::string> wrong_dns_label(std::string_view name);
std::vector<std::string> wrong_dns_1035_label(std::string_view name);
/// A label key, annotation key or finalizer: "prefix.example/name".
std::vector<std::string> wrong_qualified_name(std::string_view name);
std::vector<std::string> wrong_label_value(std::string_view value);
/// A key of a ConfigMap or Secret.
std::vector<std::string> wrong_config_key(std::string_view key);
/// A kind: a label in mixed case. In one sentence; empty where nothing is wrong.
std::string wrong_kind_name(std::string_view kind);

} // namespace devcluster
