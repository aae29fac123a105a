#pragma once

#include "controller/core/action.hpp"
#include "controller/core/entity.hpp"
#include "controller/core/event.hpp"
#include "controller/core/report_desk.hpp"
#include "controller/core/retention.hpp"
#include "controller/core/schedule.hpp"
#include "controller/core/stall.hpp"
#include "controller/core/verdict.hpp"

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

// The core: every decision of the controller, without I/O, clock or randomness. Events change what is known of a name; whatever
// changed, and whatever a wait was for, is then reconciled: the same code decides after an event, a relist and a restart.

namespace kh::core {

struct decider_settings : live_settings {
    verdict_rules verdicts;
    duration hold_unknown_max = std::chrono::seconds(5);                ///< a report whose pod no watch has shown
    duration hold_write_max = std::chrono::seconds(20);                 ///< a report whose write does not succeed
    std::size_t held_max = 1000;                                        ///< reports of unknown pods held at once
    std::size_t open_reports_max = 20'000;                              ///< accepted reports that are not stored yet
    std::size_t open_report_bytes_max = std::size_t{128} * 1024 * 1024; ///< and their errors
    duration linger_after_report = std::chrono::seconds(30);
    duration stale_margin = std::chrono::seconds(30);
    unix_seconds newcomer_spread = newcomer_delay_max; ///< 0: a new check starts at once
    time_point leader_until = proto_http::never;       ///< in the past: this replica is a follower until it is told otherwise
    boost::uuids::uuid salt{};                         ///< random, for the index of secrets
};

class decider {
public:
    explicit decider(decider_settings settings);
    ~decider();

    /// Takes a batch of events at one reading of the clocks and appends what is to be done, in order.
    void step(const clock_reading& clock, std::vector<event> batch, std::vector<action>& actions);

    /// Until when the shell may sleep if nothing happens.
    time_point next_due() const;

    /// Every watch has told everything once.
    bool synced() const { return synced_ == 0b1111; }

    std::size_t open_reports() const { return open_reports_; }

private:
    // Events (decider.cpp)
    void on(check_applied&& e);
    void on(check_deleted&& e);
    void on(state_applied&& e);
    void on(state_deleted&& e);
    void on(pod_applied&& e);
    void on(pod_deleted&& e);
    void on(watch_synced&& e);
    void on(report_received&& e);
    void on(create_done&& e);
    void on(write_done&& e);
    void on(pod_delete_done&& e);
    void on(state_delete_done&& e);
    void on(phase_done&& e);
    void on(job_delete_done&& e);
    void on(conditions_served&& e);
    void on(condition_done&& e);
    void on(leadership_changed&& e);
    void on(draining&& e);
    void on(settings_changed&& e);

    entity& entity_of(const check_key& key);
    entity* find_entity(const check_key& key);
    void mark(const entity& e);
    void mark_all();
    void wake_at(time_point when) { wake_ = std::min(wake_, when); }
    /// Only the leader starts pods, deletes, and writes what it infers. Leadership ends by itself when its time is over.
    bool leads() const;
    /// Whether this replica may make that call now; if it is only too early, the name is looked at again in time.
    bool may_call(const repeated_call& call);
    void put_in_agenda(entity& e, time_point when);
    void forget_if_empty(entity& e);
    operation_id next_operation() { return ++last_operation_; }
    template <class Action>
    void act(Action what) {
        actions_->emplace_back(std::move(what));
    }
    void log(log_level level, std::string message, const entity& e, std::vector<std::pair<std::string, std::string>> fields = {});
    void log_first_failure(const entity& e, const repeated_call& call, std::string message, const std::string& error);
    void forget_object(entity& e, workload kind);
    pod_record& apply_pod(entity& e, pod_view view);
    void apply_created_pod(entity& e, pod_view view);
    void store_state(entity& e, state_view state);
    void drop_pod(entity& e, const std::string& pod_name);

    // Runs (decider_runs.cpp)
    void reconcile(entity& e);
    time_point deadline_of(const pod_record& pod, const check_view* subject) const;
    void set_deadline(pod_record& pod, const check_view* subject) const;
    void reconcile_check(entity& e, const check_view& check);
    void write_invalid(entity& e, const check_view& subject);
    bool settle_open_slot(entity& e, const check_view& subject, unix_seconds slot);
    void infer(entity& e, const check_view& subject, const pod_record* pod, unix_seconds slot, int attempt, const verdict& v);
    void write(entity& e, run_result result);

    // Jobs (decider_jobs.cpp)
    void reconcile_job(entity& e, const check_view& job);
    void give_up_pod(entity& e, const check_view& job);
    void note_job_change(entity& e, const check_view& before, const check_view& now);
    void write_phase(entity& e, const check_view& job, std::string_view phase);
    void remove_old_job(entity& e, const check_view& job);

    // Starts (decider_starts.cpp)
    void start_when_due(entity& e, const check_view& check, const std::optional<newest_run>& newest, bool edited);
    void begin_start(entity& e, const check_view& subject, unix_seconds slot, int attempt, std::optional<time_point> deadline);
    void drive_start(entity& e, const check_view& subject);
    void abandon_start(entity& e);
    void start_overdue();

    // Removal (decider_pods.cpp)
    time_point heard_until(const pod_record& pod) const;
    void reconcile_orphans(entity& e);
    duration linger_of(const entity& e, const check_view& subject) const;
    void remove_unwanted_pods(entity& e, const check_view& subject, const std::optional<newest_run>& newest, bool edited);
    void keep_finished_pods(entity& e, const check_view& subject, const std::optional<newest_run>& newest);
    void remove_pod(entity& e, pod_record& pod, bool verify_owner);
    void remove_state(entity& e);

    // What is shown (decider_show.cpp)
    void show(entity& e);

    // The condition Ready (decider_conditions.cpp)
    void publish_condition(entity& e, const check_view& check, const show_check& now);
    void note_condition_of_others(entity& e, const check_view& before, const check_view& now);
    void complain_of_condition(const entity& e, const std::string& error);

    // What is told: log lines of runs, and Events (decider_events.cpp)
    void tell_start(const entity& e, const check_view& subject, const pod_view& pod);
    void tell_result(const entity& e, const std::optional<state_view>& before);
    void tell_superseded(const entity& e, const pod_record& pod);
    void tell_staleness(const entity& e, const check_view& subject, const show_check& now);
    void tell_conflict(entity& e);
    void tell_ignored_change(const entity& e, const check_view& job);
    void record(const check_view& about, bool is_warning, std::string reason, std::string message);

    // Reports (decider_reports.cpp)
    void take_report(report_received report, time_point held_until);
    bool take_report_of_gone_pod(const report_received& report);
    void take_report_of(entity& e, const pod_record& pod, report_received report);
    const pod_record* reporter_of(const report_received& report, entity*& owner);
    void retry_held_reports();
    void settle_report(entity& e);
    void close_report(entity& e, report_answer answer, const std::string& reason);
    void close_report_by(entity& e, const state_view& stored);
    void answer(report_id id, report_answer how, std::string reason = {});

    decider_settings settings_;
    report_desk desk_;
    std::map<check_key, entity> entities_;
    std::unordered_map<std::uint64_t, entity*> by_sequence_;
    std::map<check_key, check_key> check_of_pod_; ///< (namespace, pod name) → check
    std::set<std::uint64_t> dirty_;
    std::set<std::pair<time_point, std::uint64_t>> agenda_;
    std::set<std::pair<unix_seconds, std::uint64_t>> overdue_; ///< by slot: oldest first
    std::uint64_t overdue_turn_ = 0;                           ///< the one that may start now although it is late
    stall stall_;
    unsigned synced_ = 0;
    bool draining_ = false;
    bool desk_changed_ = false;
    bool conditions_served_ = false;
    std::set<operation_id> conditions_in_flight_;
    std::set<std::uint64_t> conditions_waiting_;
    time_point next_condition_complaint_ = time_point::min();
    std::uint64_t last_sequence_ = 0;
    operation_id last_operation_ = 0;
    std::size_t open_reports_ = 0;
    std::size_t open_report_bytes_ = 0;
    double start_tokens_ = 0;
    time_point tokens_at_ = time_point::min();

    // Valid during a step.
    clock_reading clock_{};
    unix_seconds wall_ = 0;
    std::vector<action>* actions_ = nullptr;
    time_point wake_ = proto_http::never;
    time_point overdue_wake_ = proto_http::never;
};

} // namespace kh::core
