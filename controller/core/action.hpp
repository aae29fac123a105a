#pragma once

#include "controller/core/event.hpp"
#include "controller/core/types.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// Everything that the core can ask of the shell. Each comment says what the shell must do, and with which event it answers.

namespace kh::core {

/// Create the pod of a run, with a fresh random secret. On AlreadyExists read the pod. Answer: create_done.
struct create_pod {
    operation_id id = 0;
    check_key key;
    workload kind = workload::check;
    std::string check_uid;
    unix_seconds slot = 0;
    int attempt = 0;
    std::string run_id;
    std::int64_t generation = 0;
    unix_seconds deadline = 0;
    std::string pod_name;
};

/// Delete a pod with its uid as precondition; gone already is a success. With `owner_uid`, first read the owner (check or job
/// of that name): if its uid is this one the pod is kept. Answer: pod_delete_done.
struct delete_pod {
    operation_id id = 0;
    check_key key;
    std::string pod_name;
    std::string pod_uid;
    std::optional<std::string> verify_owner_uid;
};

/// Store a result. Without a resourceVersion: read the owner (its uid must be the result's), then create. With one: patch our
/// fields on condition of it, after a read of the owner where the result takes another's place. On 409, and on 404 of a patch,
/// read the state and answer `conflict`. Answer: write_done.
struct write_result {
    operation_id id = 0;
    run_result result;
    std::string resource_version;
    bool takes_over = false; ///< the stored state is that of a job whose name this check has: the check must still be there
};

/// Read the owner of that name (check and job); if none of the uid `owner_uid` exists (any, if empty), delete the state with
/// uid and resourceVersion as preconditions. Answer: state_delete_done.
struct delete_state {
    operation_id id = 0;
    check_key key;
    std::string uid;
    std::string resource_version;
    std::string owner_uid;
};

/// Patch `spec.phase` of a job on condition of its resourceVersion: another job may have its name by then. Answer: phase_done.
struct set_phase {
    operation_id id = 0;
    check_key key;
    std::string resource_version;
    std::string phase;
};

/// Delete a finished job with uid and resourceVersion as preconditions. Answer: job_delete_done.
struct delete_job {
    operation_id id = 0;
    check_key key;
    std::string uid;
    std::string resource_version;
};

/// Write the condition Ready into the status of a check, on condition of its resourceVersion. Answer: condition_done.
struct set_condition {
    operation_id id = 0;
    check_key key;
    std::string resource_version;
    ready_condition ready;
    std::string other_conditions;
};

/// Give up an operation in flight; its answer is of no interest any more.
struct cancel_operation {
    operation_id id = 0;
};

enum class report_answer {
    stored,  ///< 200
    refused, ///< 400 with the reason
    later,   ///< 503 with an empty body and Retry-After
};

/// Answer a report that is being held.
struct answer_report {
    report_id id = 0;
    report_answer answer = report_answer::later;
    std::string reason;
};

/// What is to be shown of a check from now on.
struct show_check {
    check_key key;
    workload kind = workload::check;
    freshness fresh = freshness::pending;
    std::string stale_text; ///< constant while it is stale
    std::optional<state_view> state;
    std::string waiting_reason; ///< why the run in flight does not start, or empty
    bool running = false;
    std::string conflict_text; ///< a job that is not run because a check has its name

    bool operator==(const show_check&) const = default;
};

/// The check and its state are gone.
struct hide_check {
    check_key key;
};

/// The reason of the Event at the start of a run, which is written only where it is asked for.
inline constexpr std::string_view run_started_reason = "RunStarted";

/// Tell the users of a check or job by a Kubernetes Event on it. Best effort: there is no answer, and whether it is written,
/// joined to a series or dropped is the shell's.
struct record_event {
    check_key key;
    workload kind = workload::check;
    std::string uid;
    bool is_warning = false;
    std::string reason;  ///< CamelCase, one of a fixed set
    std::string message; ///< one bounded line
};

enum class log_level { debug, info, warning, error };

/// A constant message and its fields.
struct write_log {
    log_level level = log_level::info;
    std::string message;
    std::vector<std::pair<std::string, std::string>> fields;
};

using action = std::variant<create_pod, delete_pod, write_result, delete_state, set_phase, delete_job, set_condition,
                            cancel_operation, answer_report, show_check, hide_check, record_event, write_log>;

} // namespace kh::core
