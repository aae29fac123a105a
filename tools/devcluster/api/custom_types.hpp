#pragma once

#include "tools/devcluster/api/objects.hpp"

// CustomResourceDefinitions made into served types.

namespace devcluster {

/// The status of one that is served: its names are accepted and it is established at once (nothing here takes a while).
boost::json::object established_status(const boost::json::object& crd, proto_http::wall_time now);

/// Follows the customresourcedefinitions of a store: what is defined is served from the same moment on, what is no longer defined
/// takes its objects along.
class custom_types {
public:
    /// All must outlive it.
    explicit custom_types(objects& all);

    /// Serves what the store holds already (after a restart).
    void load();

private:
    void changed(const object_key& key, const change& what);
    void serve(const boost::json::object& crd);

    objects& all_;
};

} // namespace devcluster
