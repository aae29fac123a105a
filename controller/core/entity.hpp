#pragma once

#include "controller/core/action.hpp"
#include "controller/core/types.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// What the core knows of one name in one namespace: the check or job, its stored state, its pods, and what is under way. All of
// it but the monotonic deadlines and what is under way can be read again from the API server at any time.

namespace kh::core {

/// An API call that is repeated until it succeeds. Zero id: none in flight.
struct repeated_call {
    operation_id in_flight = 0;
    time_point not_before = time_point::min();
    int failures = 0;

    bool ready(time_point now) const { return in_flight == 0 && not_before <= now; }
    void start(operation_id id) { in_flight = id; }
    void succeeded() { *this = {}; }
    void failed(time_point now, std::optional<duration> retry_after, std::uint64_t jitter);
};

/// A deleted object is told to be gone or terminating within this; later, the delete is repeated.
inline constexpr duration removal_told_max = std::chrono::seconds(60);

struct pod_record {
    pod_view view;
    bool legacy = false;      ///< one of v2's: no annotations of ours
    bool watched = false;     ///< this process saw it unfinished
    bool vanished = false;    ///< deleted before its slot had a result: kept here until it has
    bool settled = false;     ///< a result of its slot was seen stored: it is never judged again
    bool passed_over = false; ///< its slot was void when others were started: it stays older than those
    time_point deadline = proto_http::never;
    bool has_provisional_deadline = false; ///< its spec has not been told here yet
    std::optional<time_point> seen_at;     ///< when this process saw it first, if it did not run yet
    std::optional<time_point> ran_at;      ///< when this process saw it begin to run
    std::optional<time_point> ended_at;    ///< when this process saw it ended
    std::optional<time_point> remove_at;   ///< its slot has a result, but it still runs: when it is deleted
    repeated_call removal;

    unix_seconds slot() const { return view.slot ? *view.slot : view.created; }
    bool alive() const { return !vanished && !view.ended() && !view.terminating; }
};

/// The create that is due, in flight, or refused so far.
struct starting_run {
    std::string check_uid;
    unix_seconds slot = 0;
    int attempt = 0;
    std::int64_t generation = 0;
    duration timeout{};                 ///< of the spec that is run, whatever an edit says meanwhile
    std::optional<time_point> deadline; ///< of the retry: the one of its first attempt
    std::optional<time_point> first_refusal;
    std::string refusal;           ///< what the API server said last
    bool refused_for_good = false; ///< 400 or 422: trying again is of no use
    repeated_call create;
};

/// A report that was accepted and is not stored yet, and who waits for it.
struct open_report {
    struct waiter {
        report_id id = 0;
        report_content content;
        time_point until;
    };

    std::string pod_name;
    run_result result;
    std::vector<waiter> waiters;
    std::size_t bytes = 0;
};

struct entity {
    check_key key;
    std::uint64_t sequence = 0; ///< the order of first sight: ties in the agenda are broken by it
    std::optional<check_view> check;
    std::optional<check_view> job;
    std::optional<state_view> state;
    std::vector<pod_record> pods;

    std::optional<starting_run> starting;
    std::optional<open_report> report;
    repeated_call write;
    std::optional<run_result> writing;       ///< the result of the write in flight
    std::optional<unix_seconds> passed_over; ///< the stored slot, once it was void: it stays older than every other
    repeated_call state_removal;
    repeated_call phase_write;
    repeated_call job_removal;
    repeated_call condition_write;
    repeated_call condition_contest; ///< somebody else writes it: when it may be written again
    bool conflict_told = false;      ///< that a check and a job have this name
    bool job_was_changed = false;    ///< its spec, after its start: what changed is ignored
    bool job_pod_was_seen = false;
    std::optional<time_point> job_pod_missed; ///< since when a job runs whose pod this process has never seen
    /// A slot of the subject was used in this process, even if no pod or result of it was ever seen.
    std::optional<unix_seconds> newest_used;
    std::set<std::string, std::less<>> gone_uids; ///< checks and jobs of this name whose deletion was seen
    std::string gone_state_uid;                   ///< the last state whose deletion was seen

    std::optional<time_point> wake; ///< its entry in the agenda
    unix_seconds overdue_slot = 0;  ///< its place in the queue of overdue starts, if it is there
    std::optional<show_check> shown;
    std::string logged_trouble; ///< the last waiting reason that was logged

    /// The check; else the job. A check owns the name.
    const check_view* subject() const { return check ? &*check : job ? &*job : nullptr; }
    pod_record* find_pod(std::string_view name);
    bool empty() const { return !check && !job && !state && pods.empty() && !report && !starting; }
};

/// Takes what the watch shows of a pod's start. A pod's own times are whole seconds of the node's clock; ours are exact.
void observe_start(pod_record& pod, const pod_view& now, bool is_new, const clock_reading& clock);

/// How long it has run: since this process saw it begin to run, but not later than the end of the second in which it began by its
/// own status; where this process did not see that, since that second, else since the pod was there.
duration run_time(const pod_record& pod, const clock_reading& clock);

/// Whether this pod is a run of this check or job, not of a namesake.
bool belongs_to(const pod_record& pod, const check_view& subject);

/// Whether the check or job of this pod is there or was seen to go. Otherwise the watch of the checks lags behind that of the
/// pods, and nothing can be said of the run yet.
bool knows_owner(const entity& e, const pod_record& pod);

/// Whether this state is a result of this very check: not a deleted namesake's, not one that says nothing yet.
bool is_result_of(const state_view& state, const check_view& subject);

/// How its run ended; of a state that only v2 wrote, as its OK says.
outcome outcome_of(const state_view& result);

/// The errors of a result, or any text, as one line for people: at most 1 KiB, cut on a UTF-8 boundary and marked.
std::string brief(std::string text);
std::string brief_errors(const state_view& result);

/// The stored state, if it is a result of this very check: not a deleted namesake's, not one that says nothing yet.
const state_view* result_of(const entity& e, const check_view& subject);

/// Whether the stored state names another owner than this.
bool is_state_of_other(const entity& e, std::string_view owner_uid);

/// Whether the stored state belongs to another owner than this and must go before anything is written. That of a job whose name a
/// check has taken is the check's to overwrite: its owner exists, so it would never be removed.
bool is_foreign_state(const entity& e, std::string_view owner_uid);

/// The slot that a stored result stands for: ours by annotation, v2's by its LastRun.
unix_seconds slot_of(const state_view& result);

/// Whether the rank of this result's slot is to be believed: it is not void, and was not void when the runs of now were started
/// (a slot does not come back because the clock comes near it a second time).
bool has_rank(const entity& e, const check_view& subject, const state_view& result, unix_seconds now);

/// Remembers what is void now.
void pass_over_void_slots(entity& e, const check_view& subject, unix_seconds now);

/// The slot has a result, or a newer one has: it has ended.
bool has_ended(const entity& e, const check_view& subject, unix_seconds slot, unix_seconds now);

/// Whether the stored result is what a checker said, not what was inferred.
bool has_report(const entity& e, const check_view& subject);

/// Whether the pod runs an older generation of the check's spec: it is superseded. A newer one is another replica's that has seen
/// an edit of which the watch here has not told yet. Never true of a job.
bool is_of_other_spec(const pod_record& pod, const check_view& subject);

/// The newest slot known of the subject, with the generation that it ran; nothing if it has never run.
struct newest_run {
    unix_seconds slot = 0;
    std::int64_t generation = 0; ///< 0: unknown
};
std::optional<newest_run> newest_of(const entity& e, const check_view& subject, unix_seconds now);

/// The pod of that slot with the highest attempt, or null.
pod_record* pod_of_slot(entity& e, const check_view& subject, unix_seconds slot);

/// The first slot from this one on that nothing has: no pod, also none of a deleted namesake (their names would be the same), and
/// no result. They may hold slots of the future after the clock was set back.
unix_seconds first_free_slot(const entity& e, const check_view& subject, unix_seconds from, unix_seconds now);

} // namespace kh::core
