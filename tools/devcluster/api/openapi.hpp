#pragma once

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

// The OpenAPI v3 documents that kubectl reads: `explain` shows the schemas, `apply` and `create` look in the PATCH operation
// whether the server validates fields, `apply` finds merge keys. Pure: what is served in, JSON out.

namespace devcluster {

struct served_resource {
    std::string group; ///< empty: core
    std::string version;
    std::string kind;
    std::string plural;
    bool namespaced = false;
    bool has_status = false;
    /// Of a custom resource: its openAPIV3Schema, which must outlive the call. Null: a kind of Kubernetes' own
    /// (core_schemas.hpp).
    const boost::json::object* schema = nullptr;
};

/// GET /openapi/v3: the documents and where they are. An address holds a hash of its document, by which clients cache.
boost::json::object openapi_index(const std::vector<served_resource>& all);

/// GET /openapi/v3/api/v1 and /openapi/v3/apis/GROUP/VERSION: of those resources that are of the group and version.
boost::json::object openapi_document(const std::vector<served_resource>& all, std::string_view group, std::string_view version);

/// Tells versions of a document from each other.
std::string content_hash(const boost::json::object& document);

} // namespace devcluster
