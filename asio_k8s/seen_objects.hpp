#pragma once

#include "asio_k8s/resource.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace k8s {

/// Which objects the layer above knows, by uid and resourceVersion only: what makes each change be told once, and tells what
/// vanished while nobody watched.
class seen_objects {
public:
    struct verdict {
        bool changed = false;     ///< tell the object
        std::string replaced_uid; ///< not empty: before that, tell that the object of this uid is gone
    };

    /// An object as listed or watched. One without a resourceVersion counts as changed every time.
    verdict saw(const object_key& key, std::string_view uid, std::string_view resource_version);

    /// A DELETED event. False if it is not to be told: the object is not known, or has been replaced by another since.
    bool gone(const object_key& key, std::string_view uid);

    /// From here until `end_list`, what is seen is what exists. A list that is started anew begins again.
    void begin_list();

    struct vanished {
        object_key key;
        std::string uid;
    };

    /// Forgets and returns, in order of their keys, the objects that the list did not show.
    std::vector<vanished> end_list();

    std::size_t size() const noexcept { return known_.size(); }

private:
    struct entry {
        std::string identity; ///< uid and resourceVersion with a NUL between: one allocation for both
        std::uint32_t list = 0;

        std::string_view uid() const { return std::string_view(identity).substr(0, identity.find('\0')); }
        std::string_view resource_version() const { return std::string_view(identity).substr(identity.find('\0') + 1); }
        void set(std::string_view uid, std::string_view resource_version);
    };

    boost::unordered_flat_map<std::string, entry> known_; ///< by "namespace/name"
    std::uint32_t list_ = 0;
};

} // namespace k8s
