#pragma once

#include "proto_http/time.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The values that the core decides on. They say what the API server and the checker pods said, in the core's words; who parsed
// them, and from which dialect, the core does not know.

namespace kh::core {

using proto_http::duration;
using proto_http::time_point;
using proto_http::wall_time;

/// Seconds of the Unix epoch. Slots, deadlines and Kubernetes timestamps are whole seconds.
using unix_seconds = std::int64_t;

inline wall_time at_second(unix_seconds at) {
    return wall_time(std::chrono::seconds(at));
}

/// Both clocks, read once per step.
struct clock_reading {
    time_point now;
    wall_time wall;

    unix_seconds wall_seconds() const { return std::chrono::floor<std::chrono::seconds>(wall).time_since_epoch().count(); }
};

enum class workload { check, job };

/// A check or job by name. Its uid tells it from a namesake that was deleted before.
struct check_key {
    std::string ns;
    std::string name;

    auto operator<=>(const check_key&) const = default;
    std::string text() const { return ns + "/" + name; }
};

/// How a run ended: data, not text. The names stand in annotations, metrics and logs and must not change.
enum class outcome {
    passed,                  ///< the check said yes
    failed,                  ///< the check said no
    invalid,                 ///< the check's spec cannot be run
    could_not_start,         ///< refused by the API server, or an image or name that can never work
    timed_out_before_start,  ///< the deadline came before a container ran
    timed_out_before_report, ///< the deadline came while the checker ran
    ended_without_report,    ///< the pod ended and said nothing
    pod_deleted,             ///< somebody deleted the pod
    infrastructure,          ///< evicted, drained, node lost; also after the one retry
};

/// "Passed", "Failed", "Invalid", "CouldNotStart", "TimedOutBeforeStart", "TimedOutBeforeReport", "EndedWithoutReport",
/// "PodDeleted", "Infrastructure".
std::string_view to_text(outcome value);
std::optional<outcome> outcome_from_text(std::string_view text);

/// Whether the check itself spoke; every other outcome is inferred by the controller.
constexpr bool is_reported(outcome value) {
    return value == outcome::passed || value == outcome::failed;
}

enum class freshness {
    pending, ///< never run, and too young for that to be a fault
    current,
    stale, ///< no result for longer than its interval and timeout allow
};

/// The condition Ready of a check, as stored or as it should be.
struct ready_condition {
    std::string status; ///< "True", "False", "Unknown"
    std::string reason; ///< CamelCase
    std::string message;
    std::int64_t observed_generation = 0;
    unix_seconds since = 0; ///< when the status became what it is

    bool operator==(const ready_condition&) const = default;
};

/// A check or job as its object says.
struct check_view {
    check_key key;
    workload kind = workload::check;
    std::string uid;
    std::string resource_version;
    std::int64_t generation = 0;
    unix_seconds created = 0;
    duration interval{};
    duration timeout{};
    std::string spec_error;      ///< not empty: why it is not run, naming the field
    std::string phase;           ///< of a job: "", "Running", "Completed"
    std::uint64_t spec_hash = 0; ///< of a job: of all of its spec but the phase
    std::optional<ready_condition> ready;
    std::string other_conditions; ///< what others wrote beside it, as it is to be written again; opaque here

    bool operator==(const check_view&) const = default;
};

/// A KuberhealthyState as stored.
struct state_view {
    check_key key;
    std::string uid;
    std::string resource_version;
    bool ok = false;
    std::vector<std::string> errors;
    std::string run_duration; ///< Go's format, as stored
    std::string node;
    std::optional<unix_seconds> last_run;
    std::string authoritative_pod;
    std::string run_id; ///< .spec.uuid
    // From our annotations; absent in an object that only v2 wrote.
    std::string owner_uid;
    std::optional<unix_seconds> slot;
    std::int64_t generation = 0; ///< 0: absent
    std::optional<unix_seconds> start;
    std::optional<outcome> how;

    bool operator==(const state_view&) const = default;
};

enum class pod_phase { pending, running, succeeded, failed, unknown };

/// A checker pod as the watch shows it, reduced to what decisions and texts need.
struct pod_view {
    check_key check; ///< namespace, and the name by annotation (else by label)
    std::string name;
    std::string uid;
    std::string check_uid; ///< from our annotation, else the owner reference to a check or job; empty for v2's pods
    // From our labels and annotations; absent on v2's pods.
    std::optional<unix_seconds> slot;
    int attempt = 0;
    std::string run_id;
    std::int64_t generation = 0; ///< 0: absent
    std::optional<unix_seconds> deadline;

    unix_seconds created = 0;
    std::string secret; ///< literal KH_RUN_UUID of a container; never logged
    std::string ip;
    std::string node;
    bool host_network = false;
    pod_phase phase = pod_phase::pending;
    bool terminating = false;             ///< has a deletionTimestamp
    bool ran = false;                     ///< a container is running or has run
    bool container_ended = false;         ///< at least one container of `containers` has ended
    std::optional<unix_seconds> started;  ///< the first container's start
    std::optional<unix_seconds> finished; ///< the last container's end, once the pod has ended
    /// condition DisruptionTarget, reason Evicted, NodeLost, Preempting and the like: not the check's fault.
    bool infrastructure_fault = false;
    /// A waiting reason that nothing can heal (InvalidImageName, ErrImageNeverPull), or empty.
    std::string fatal_reason;
    /// The reason that keeps it from starting and may heal by itself (Unschedulable, ErrImagePull, ImagePullBackOff,
    /// CreateContainerConfigError, …), or empty.
    std::string waiting_reason;
    /// One line for people: which container, reason, message, exit code; what the pod waits for or how it ended.
    std::string explanation;

    bool ended() const { return phase == pod_phase::succeeded || phase == pod_phase::failed; }
    bool operator==(const pod_view&) const = default;
};

/// What a checker says.
struct report_content {
    bool ok = false;
    std::vector<std::string> errors;

    bool operator==(const report_content&) const = default;
};

/// What is to be stored of a run.
struct run_result {
    check_key key;
    workload kind = workload::check;
    std::string check_uid;
    unix_seconds slot = 0;
    int attempt = 0;
    std::int64_t generation = 0;
    std::string run_id;
    outcome how = outcome::passed;
    report_content content;
    std::string node;
    unix_seconds start = 0;    ///< the run's start on the wall clock (pod start, else its creation)
    unix_seconds finished = 0; ///< LastRun
    duration run_duration{};   ///< pod start (or creation) to the report or verdict: run_time()

    bool operator==(const run_result&) const = default;
};

} // namespace kh::core
