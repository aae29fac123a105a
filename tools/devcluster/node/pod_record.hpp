#pragma once

#include "asio_k8s/resource.hpp"
#include "proto_http/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What the node knows of a pod: what is to run, and what became of it. A value: pod_plan decides on it, pod_status shows it.

namespace devcluster {

using unix_seconds = std::int64_t;

inline const k8s::resource pods{"", "v1", "pods", true};

enum class restart_policy { always, on_failure, never };

/// How a container's process ended: v1 ContainerStateTerminated.
struct container_end {
    int exit_code = 0;
    std::string reason;  ///< "Completed", "Error", "StartError", "ContainerStatusUnknown"
    std::string message; ///< may be empty
    std::optional<unix_seconds> started;
    std::optional<unix_seconds> finished;
    std::string id; ///< empty: the container was never made

    bool operator==(const container_end&) const = default;
};

struct container_record {
    enum class role { init, sidecar, regular };
    enum class phase {
        waiting,  ///< for its turn, its image, its configuration, or the end of a back-off
        starting, ///< a process is being made
        running,
        ended,
    };

    std::string name;
    std::string image;
    role is_a = role::regular;
    phase now = phase::waiting;
    std::string reason; ///< of `waiting`; empty: ContainerCreating or PodInitializing
    std::string message;
    std::string id;
    unix_seconds started = 0;          ///< of `running`
    std::optional<container_end> end;  ///< of `ended`
    std::optional<container_end> last; ///< the run before
    unsigned restarts = 0;

    // When it may be started again.
    proto_http::time_point ended_at{};
    proto_http::time_point restarted_at{};
    proto_http::duration back_off{}; ///< 0: it was never restarted
    proto_http::time_point retry_at{};
    // Its image.
    proto_http::duration pull_back_off{};
    proto_http::time_point pull_at{};

    bool was_told_to_end = false; ///< SIGTERM
    bool was_killed = false;      ///< SIGKILL

    bool is_alive() const { return now == phase::starting || now == phase::running; }
};

/// Why a pod is being stopped before its containers are through.
enum class stop_cause { none, deleted, deadline };

struct pod_record {
    std::string ns;
    std::string name;
    std::string uid;
    restart_policy restarts = restart_policy::always;
    std::chrono::seconds grace{30};           ///< from SIGTERM to SIGKILL
    std::vector<container_record> containers; ///< the init containers and sidecars in their order, then the others
    std::optional<unix_seconds> started;      ///< status.startTime
    proto_http::time_point deadline = proto_http::never;
    stop_cause stopping = stop_cause::none;
    proto_http::time_point kill_at = proto_http::never; ///< when what was told to end is killed
    bool is_over = false;                               ///< nothing runs, and nothing will
};

} // namespace devcluster
