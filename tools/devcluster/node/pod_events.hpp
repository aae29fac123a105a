#pragma once

#include "tools/devcluster/node/outbox.hpp"
#include "tools/devcluster/node/pod_record.hpp"

#include <boost/json/fwd.hpp>

#include <map>
#include <string>
#include <string_view>

namespace devcluster {

/// The Events of pods, as `kubectl describe pod` shows them: kubelet's and the scheduler's. What happens again is counted.
class pod_events {
public:
    pod_events(proto_http::runtime& rt, outbox& out, std::string node_name);

    /// "Successfully assigned ns/name to node".
    void scheduled(const boost::json::object& pod);

    /// `container` null: it is about the pod.
    void tell(const boost::json::object& pod, const container_record* container, std::string_view reason,
              std::string_view message, bool is_warning = false);

    /// Of a pod that is gone.
    void forget(std::string_view uid);

private:
    struct series {
        std::string name;
        unsigned count = 0;
    };
    boost::json::object base_of(const boost::json::object& pod, std::string_view name) const;
    std::string new_name(std::string_view pod_name);

    proto_http::runtime& rt_;
    outbox& out_;
    std::string node_name_;
    std::map<std::string, series, std::less<>> known_; ///< by uid and what the event says
};

} // namespace devcluster
