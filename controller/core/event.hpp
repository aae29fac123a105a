#pragma once

#include "controller/core/settings.hpp"
#include "controller/core/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

// Everything that can happen to the controller, as the shell tells it to the core.

namespace kh::core {

using operation_id = std::uint64_t;
using report_id = std::uint64_t;

enum class watched { checks, jobs, states, pods };

struct check_applied {
    check_view check;
};

struct check_deleted {
    check_key key;
    workload kind = workload::check;
    std::string uid;
};

struct state_applied {
    state_view state;
};

struct state_deleted {
    check_key key;
    std::string uid;
};

struct pod_applied {
    pod_view pod;
};

/// `last` is the pod's last state where the watch had it; the owner is looked up by the pod's name otherwise.
struct pod_deleted {
    std::string ns;
    std::string name;
    std::string uid;
    std::optional<pod_view> last;
};

/// A watch has told everything that existed at one moment.
struct watch_synced {
    watched what;
};

/// A report came in. Its content is validated and bounded. No secret: the client sent no header and is known by its address.
struct report_received {
    report_id id = 0;
    std::optional<std::string> secret;
    std::string source_address;
    report_content content;
    time_point arrived{}; ///< set by the core: what counts against the deadline, however long it waits here
};

enum class create_answer {
    created,       ///< `pod` is the answer of the API server
    exists,        ///< a pod of that name is there already: `pod` is what a read of it answered
    refused_final, ///< 400 or 422: this pod can never be created
    refused,       ///< another refusal, which may pass
    unanswered,    ///< no answer: it may have happened
    abandoned,     ///< cancelled by the core
};

struct create_done {
    check_key key;
    operation_id id = 0;
    create_answer answer = create_answer::unanswered;
    std::optional<pod_view> pod;
    std::string message;
    std::optional<duration> retry_after;
};

enum class write_answer {
    written,       ///< `state` is what is stored now
    conflict,      ///< somebody else wrote: `state` is what a read answered (nothing: no state exists)
    owner_gone,    ///< the check does not exist any more, so no state was created
    refused_final, ///< 413 or 422: this content cannot be stored
    failed,        ///< no answer, or a refusal that may pass
};

struct write_done {
    check_key key;
    operation_id id = 0;
    write_answer answer = write_answer::failed;
    std::optional<state_view> state;
    std::string message;
    std::optional<duration> retry_after;
};

enum class remove_answer {
    removed, ///< accepted: the watch tells when it is gone
    gone,    ///< it does not exist (any more), or another uid has its name
    kept,    ///< its owner exists after all
    failed,  ///< no answer, or a refusal that may pass
};

struct pod_delete_done {
    check_key key;
    std::string pod_name;
    operation_id id = 0;
    remove_answer answer = remove_answer::failed;
    std::string message;
    std::optional<duration> retry_after;
};

struct state_delete_done {
    check_key key;
    std::string uid;
    operation_id id = 0;
    remove_answer answer = remove_answer::failed;
    std::string message;
    std::optional<duration> retry_after;
};

struct job_delete_done {
    check_key key;
    operation_id id = 0;
    remove_answer answer = remove_answer::failed;
    std::string message;
    std::optional<duration> retry_after;
};

/// A job's phase was written (or could not be).
struct phase_done {
    check_key key;
    operation_id id = 0;
    bool written = false;
    std::string message;
    std::optional<duration> retry_after;
};

/// Whether the CRD of checks has the status subresource. Without it a write of the status would be an edit; none is made until
/// this says so.
struct conditions_served {
    bool served = false;
};

enum class condition_answer {
    written,  ///< `check` is what is stored now
    conflict, ///< somebody else wrote: the watch tells what
    refused,  ///< a refusal that will be the same for a long time
    failed,   ///< no answer, or a refusal that may pass
};

struct condition_done {
    check_key key;
    operation_id id = 0;
    condition_answer answer = condition_answer::failed;
    std::optional<check_view> check;
    std::string message; ///< empty: not worth a word
    std::optional<duration> retry_after;
};

/// This replica may (or may no longer) create pods, delete pods and write inferred results.
struct leadership_changed {
    time_point until{}; ///< this replica leads before that; `never`: there is no election
};

/// No new runs from now on: the process is about to stop. Reports are still taken and written.
struct draining {};

/// The configuration was read anew. No run is touched by it.
struct settings_changed {
    live_settings settings;
};

using event = std::variant<check_applied, check_deleted, state_applied, state_deleted, pod_applied, pod_deleted, watch_synced,
                           report_received, create_done, write_done, pod_delete_done, state_delete_done, job_delete_done,
                           phase_done, conditions_served, condition_done, leadership_changed, draining, settings_changed>;

} // namespace kh::core
