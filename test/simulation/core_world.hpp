#pragma once

#include "simulation/actors.hpp"
#include "simulation/core_replica.hpp"
#include "simulation/core_store.hpp"
#include "simulation/ledger.hpp"
#include "simulation/trace.hpp"

#include <memory>
#include <vector>

// The core tier: the decisions alone (controller/core), in a small model of everything around them. No HTTP, no JSON, no Asio:
// many times as many runs a second as the stack tier, for what only many seeds find. The actors and the ledger are the same.

namespace simulation {

class core_world final : public stage {
public:
    core_world(const plan& about, trace_for whom);

    outcome_of_seed run();

    core_store& store() { return store_; }
    ledger& books() { return ledger_; }
    trace& told() { return trace_; }
    bool is_down() const { return is_down_; }
    bool is_faulty() const { return is_faulty_; }
    proto_http::wall_time controller_wall() const {
        return proto_http::wall_time(now_.time_since_epoch() + wall_base_ + jumped_);
    }
    unix_seconds wall() const;
    void count_request() { ++requests_; }
    void dies(core_replica& which);
    void answered(const std::shared_ptr<core_sender>& one, ledger::try_id which, unsigned status, const std::string& reason);

    // stage
    time_point now() const override { return now_; }
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
    void run_for(duration by);
    void mark_time();
    void start_replica(bool is_leader);
    void kill_replica(std::size_t which);
    void again(std::chrono::seconds mean, void (core_world::*what)());
    void plan_chaos();
    void kill_one();
    void drain_one();
    void overlap();
    void outage();
    void cut_watches();
    void jump();
    void move_leadership();
    void user_acts();
    void add_v2_objects();
    void heal();
    void try_report(const std::shared_ptr<core_sender>& one);
    void look_at_the_end();
    std::string compare_shown() const;

    plan plan_;
    dice dice_;
    trace trace_;
    ledger ledger_;
    core_store store_;
    kubelet kubelet_;
    user user_;
    std::vector<std::shared_ptr<core_replica>> replicas_;
    time_point now_{std::chrono::hours(1)};
    duration wall_base_{std::chrono::hours(24 * 365 * 56)};
    duration jumped_{};
    std::uint64_t requests_ = 0;
    int replicas_made_ = 0;
    int senders_ = 0;
    bool is_chaotic_ = true;
    bool is_faulty_ = false;
    bool is_down_ = false;
};

outcome_of_seed simulate_core(std::uint64_t seed, trace_for whom = trace_for::nobody);

} // namespace simulation
