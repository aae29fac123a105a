#pragma once

#include <compare>
#include <string>
#include <string_view>

// Names of API resources and objects, and their paths.

namespace k8s {

struct resource {
    std::string group; ///< empty: the core group
    std::string version;
    std::string plural;
    bool namespaced = true;

    bool operator==(const resource&) const = default;

    /// "apps/v1", or "v1" for the core group: the apiVersion of its objects.
    std::string api_version() const;
};

struct object_key {
    std::string ns; ///< empty: not namespaced
    std::string name;

    auto operator<=>(const object_key&) const = default;
};

/// "/api/v1/namespaces/NS/pods" or "/apis/G/V/PLURAL"; an empty namespace means all of them.
std::string collection_path(const resource& what, std::string_view ns);

/// The path of one object, and of a subresource of it ("status", "log") where given.
std::string object_path(const resource& what, const object_key& key, std::string_view subresource = {});

} // namespace k8s
