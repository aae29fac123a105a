#pragma once

#include "proto_http/time.hpp"
#include "tools/devcluster/node/pod_record.hpp"

#include <cstddef>
#include <optional>
#include <vector>

// What is to be done about a pod, by what is known of it: kubelet's rules. Pure.

namespace devcluster {

/// Containers are told by their place in the record.
struct pod_step {
    std::optional<std::size_t> start;
    std::vector<std::size_t> back_off;  ///< to be shown as waiting for their restart
    std::vector<std::size_t> terminate; ///< SIGTERM
    std::vector<std::size_t> kill;      ///< SIGKILL
    bool is_over = false;               ///< nothing runs, and nothing will
    proto_http::time_point again = proto_http::never;
};

pod_step next_step(const pod_record& pod, proto_http::time_point now);

/// Whether a container that ended is to be started again.
bool restarts_after_end(const pod_record& pod, const container_record& one);

/// Takes note of a start: the next restart's back-off. 10 s, doubling to 5 min; none before the first restart and after a run of
/// more than 10 min.
void note_start(container_record& one, proto_http::time_point now);

/// The same growth for pulls of an image.
proto_http::duration grown_back_off(proto_http::duration before);

} // namespace devcluster
