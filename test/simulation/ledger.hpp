#pragma once

#include "controller/core/types.hpp"
#include "simulation/stage.hpp"
#include "simulation/trace.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

// The invariants of the run protocol, held against every change of the store and every answer that a checker got. It knows
// nothing of how the controller decides; it keeps the books of what everybody could see from outside.

namespace simulation {

class ledger {
public:
    explicit ledger(trace& told, const plan& about) : trace_(told), about_(about) {}

    /// The first broken promise, if one was.
    const std::string& violation() const { return violation_; }
    void fail(std::string what);

    void at(time_point now, unix_seconds wall) {
        now_ = now;
        wall_ = wall;
    }

    // What is stored from now on. `by_hand`: the world did it, not the controller.
    void check_stored(const kh::core::check_view& check);
    void check_gone(const kh::core::check_view& last);
    void state_stored(const kh::core::state_view& now, const kh::core::state_view* before, bool by_hand);
    void state_gone(const kh::core::state_view& last, bool by_hand);
    void pod_stored(const kh::core::pod_view& pod, bool is_new, bool by_hand);
    void pod_gone(const kh::core::pod_view& last, bool by_hand);

    // What befell the controllers.
    void controllers_changed(); ///< one began or ended
    void clock_jumped();
    void chaos_ended();
    /// The last controller was told to stop: nothing is due from now on.
    void controllers_stopped() { is_over_ = true; }

    // The POSTs of the checkers: one try each.
    using try_id = std::uint64_t;
    try_id report_sent(const report_order& order, bool is_resend, const std::string& replica);
    /// 0: no answer came.
    void report_answered(try_id which, unsigned status, const std::string& reason);

    /// After each step: what should have happened by now.
    void look();

    /// When everything is quiet: what must not be there any more.
    void look_at_the_end();

    std::uint64_t runs() const { return run_count_; }
    std::uint64_t results() const { return result_count_; }
    std::uint64_t acknowledged() const { return acknowledged_; }
    duration timeout_of(const std::string& check_uid) const;
    std::vector<pod_handle> living_pods() const;
    /// The check of that name; it must exist.
    const kh::core::check_view& check_of(const check_key& key) const;
    std::optional<kh::core::state_view> state_of(const check_key& key) const;
    const std::map<check_key, kh::core::state_view>& states() const { return states_; }
    bool is_present(const check_key& key) const;
    /// Somebody deleted the result of this job or invalid check, which may be shown all the same (docs/reliability.md).
    bool was_lost_by_hand(const check_key& key) const;

private:
    struct spec_fact {
        duration timeout{};
        time_point since{};
    };
    struct check_fact {
        kh::core::check_view view;
        time_point changed{};
        std::optional<time_point> gone;
        std::optional<unix_seconds> newest_slot;
        std::int64_t newest_generation = 0;
        time_point newest_start{};
        bool states_were_lost = false;           ///< or edited, by hand
        bool went_back = false;                  ///< its state, over a void slot
        std::map<std::int64_t, spec_fact> specs; ///< by generation
    };
    struct slot_fact {
        std::optional<kh::core::outcome> how;
        std::vector<kh::core::report_content> reports; ///< that were stored, ever
        std::vector<kh::core::report_content> inferred;
        std::int64_t ended_wall = 0;
        time_point ended{};
    };
    struct run_fact {
        kh::core::pod_view pod;
        time_point created{};
        duration timeout{};
        bool is_gone = false;
        time_point over{}; ///< ended, terminating or gone since
        bool is_over = false;
        unix_seconds wall = 0; ///< the controller's clock, when it was created
        unsigned lives = 0;    ///< of controllers, then
        unsigned jumps = 0;    ///< of the clock, when it was ordered
        bool is_void = false;  ///< ordered before the clock was set back: its slot counts as older than every other
        unix_seconds slot() const { return pod.slot ? *pod.slot : pod.created; }
    };
    struct try_fact {
        report_order order;
        time_point sent{};
        bool is_resend = false;
        std::string replica;
        unsigned lives = 0;
    };
    using slot_key = std::pair<std::string, unix_seconds>;

    void judge_new_run(const run_fact& run, check_fact& check);
    void judge_refusal(const try_fact& sent, const std::string& reason);
    void judge_inference(const kh::core::state_view& state);
    void judge_acknowledged(const try_fact& sent);
    void judge_double_runs(const std::string& check_uid);
    void judge_due_run(run_fact& run);
    void judge_silence(check_fact& check);
    bool is_current(const check_fact& check) const;
    bool owns_its_name(const check_fact& check) const;
    bool is_open(const run_fact& run) const;
    bool may_have_other_timeout(const run_fact& run, const check_fact& job) const;
    bool has_result(const run_fact& run) const;
    static unix_seconds interval_of(const kh::core::check_view& check);
    duration call_time() const;
    duration pause_time() const;
    time_point earliest_deadline(const run_fact& run) const;
    duration slack() const;

    trace& trace_;
    const plan& about_;
    std::string violation_;
    time_point now_{};
    unix_seconds wall_ = 0;
    bool is_chaotic_ = true;
    bool is_over_ = false;
    time_point healed_{};
    unsigned lives_ = 0;
    time_point lives_changed_{};
    unsigned jumps_ = 0;
    time_point last_jump_{};
    time_point next_look_{};

    std::map<std::string, check_fact> checks_; ///< by uid
    std::map<std::pair<check_key, workload>, std::string> current_;
    std::map<check_key, kh::core::state_view> states_;
    std::map<std::string, run_fact> runs_;                        ///< by the uid of the pod; none is ever erased
    std::map<std::string, std::vector<const run_fact*>> runs_of_; ///< by the uid of the check
    std::map<slot_key, slot_fact> slots_;
    std::set<std::pair<time_point, std::string>> due_; ///< runs to be looked at
    std::map<std::string, time_point> doubled_;        ///< checks with two open runs, since when
    std::map<try_id, try_fact> tries_;
    std::set<std::tuple<slot_key, bool, std::vector<std::string>>> said_;
    std::set<check_key> shared_names_; ///< of a check and a job: what the job's result became is not asked
    try_id last_try_ = 0;
    std::uint64_t run_count_ = 0;
    std::uint64_t result_count_ = 0;
    std::uint64_t acknowledged_ = 0;
};

} // namespace simulation
