#pragma once

#include "simulation/actors.hpp"
#include "simulation/cluster.hpp"
#include "simulation/controller_process.hpp"
#include "simulation/ledger.hpp"

#include <deque>
#include <optional>

// The stack tier: the real controller, the embedded API server, kubelet, checkers and user, each process on its own io_context,
// on one virtual timeline and network. The world lets the contexts run in an order that the seed decides, and moves time on when
// nothing is left to run.

namespace simulation {

class world : public stage {
public:
    world(const plan& about, trace_for whom);
    ~world() override;

    /// A whole seed: chaos, healing, quiescence, stop.
    outcome_of_seed run();

    // For scenarios, which lead the world by the hand.

    void begin(bool with_user);
    void start_controller();
    void kill_controller();
    void kill_controller_for_good(); ///< until start_controller()
    /// SIGTERM; waits for its end.
    void stop_controller();
    bool has_controller() const { return !controllers_.empty(); }
    controller_process& controller() { return *controllers_.front(); }
    /// Where the Service sends reports; nothing: the dice decide.
    std::optional<std::size_t> reports_to;
    void jump_clock(duration by);
    void run_for(duration by);
    /// False if it does not come true within `limit`.
    bool run_until(const std::function<bool()>& done, duration limit);
    void heal();
    /// Compares what is shown with what is stored, stops everything, and looks for what is left.
    void finish();
    outcome_of_seed outcome() const;

    cluster& api() { return cluster_; }
    kubelet& pods() { return kubelet_; }
    ledger& books() { return ledger_; }
    trace& told() { return trace_; }
    /// The statuses that checkers got, in order.
    const std::vector<unsigned>& answers() const { return answers_; }
    /// Pods as they are created.
    const std::vector<kh::core::pod_view>& created_pods() const { return created_; }

    // stage
    time_point now() const override { return time_->now(); }
    dice& draws() override { return dice_; }
    const plan& about() const override { return plan_; }
    bool is_chaotic() const override { return is_chaotic_; }
    void apply_check(const check_order& order) override;
    void remove_check(const check_key& key, workload kind) override;
    void remove_state(const check_key& key) override;
    void edit_state(const check_key& key) override;
    void tell_pod(const pod_handle& pod, const pod_news& news) override;
    void remove_pod(const pod_handle& pod, bool is_over) override;
    void report(report_order order) override;

private:
    struct sender;

    bool turn();
    bool run_ready_handlers();
    void let_checkers_rest();
    void move_time();
    void mark_time();
    void changed(std::string_view collection, const devcluster::change& what);
    void plan_chaos();
    void afflict(controller_process& which, void (*set)(controller_process&, bool), std::string_view begins, duration at_most,
                 std::string_view ends);
    void pause();
    void cut_off();
    void look_at_leaders();
    bool is_paused(const boost::asio::io_context& context) const;
    void again(std::chrono::seconds mean, std::function<void()> what);
    void add_v2_objects();
    void cut_a_wire();
    void overlap();
    void bury(controller_process& which, bool is_clean);
    void reap();
    boost::asio::awaitable<void> send(std::shared_ptr<sender> one);
    boost::asio::awaitable<void> read_page(std::string path, std::shared_ptr<std::optional<std::string>> into);
    std::optional<std::string> page(std::string path);
    std::string pick_controller();
    std::string compare_pages();
    void look_at_pages();

    plan plan_;
    dice dice_;
    trace trace_;
    ledger ledger_;
    std::shared_ptr<test_support::timeline> time_;
    std::shared_ptr<test_support::memory_network> network_;
    cluster cluster_;
    boost::asio::io_context checkers_context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
    test_support::manual_runtime checkers_runtime_;
    std::vector<std::unique_ptr<controller_process>> controllers_;
    kubelet kubelet_;
    user user_;
    std::map<check_key, kh::core::state_view> last_states_;
    std::vector<kh::core::pod_view> created_;
    std::vector<unsigned> answers_;
    proto_http::wall_time wall_base_{std::chrono::hours(24 * 365 * 56)};
    time_point began_{};
    time_point moved_at_{};
    std::uint64_t turns_ = 0;
    int controllers_made_ = 0;
    int senders_ = 0;
    std::size_t waits_max_ = 0;
    std::optional<unsigned> kill_after_handlers_;
    std::map<std::string, std::uint64_t> runs_started_; ///< by controller, as last looked at
    bool is_chaotic_ = true;
    bool is_ending_ = false;
    bool cluster_is_stopped_ = false;
    bool restarts_ = true; ///< a controller that is gone comes back by itself
};

outcome_of_seed simulate(std::uint64_t seed, trace_for whom = trace_for::nobody);

} // namespace simulation
