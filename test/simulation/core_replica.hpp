#pragma once

#include "controller/core/decider.hpp"
#include "simulation/core_store.hpp"

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

// One process of the core tier: a decider, watches that lag and break, and calls whose answers are late, lost, repeated or wrong.

namespace simulation {

class core_world;

/// One checker's report on its way.
struct core_sender {
    report_order order;
    time_point gives_up{};
    duration pause = std::chrono::milliseconds(500);
    bool is_resend = false;
    std::weak_ptr<class core_replica> replica;
};

class core_replica : public std::enable_shared_from_this<core_replica> {
public:
    core_replica(core_world& in, std::string name, bool is_leader, std::uint64_t seed);

    const std::string& name() const { return name_; }
    bool is_dead() const { return is_dead_; }
    bool is_draining() const { return is_draining_; }
    std::size_t open_reports() const { return core_.open_reports(); }
    bool has_waiting_reports() const { return !waiting_.empty(); }

    void begin();
    void kill();
    /// No new runs; it dies when its reports are written, or after 25 s.
    void drain();
    void lead(time_point until);
    /// A change of the store.
    void told(kh::core::watched what, const kh::core::event& of);
    void cut_watch(kh::core::watched what);
    void take_report(std::shared_ptr<core_sender> from, ledger::try_id which);

    /// What it shows now.
    const std::map<check_key, kh::core::show_check>& shown() const { return shown_; }

private:
    struct feed {
        bool is_live = false;
        unsigned epoch = 0;
        time_point last{}; ///< nothing is delivered before what came before it
        std::map<check_key, std::string> known;
    };
    struct waiting_report {
        std::shared_ptr<core_sender> from;
        ledger::try_id which;
    };
    enum class call_fate { good, refused, lost_before, lost_after, conflict };

    void list(kh::core::watched what);
    void deliver(kh::core::watched what, kh::core::event of);
    void post(kh::core::event what);
    void plan_step();
    void step();
    void plan_wake();
    call_fate draw_fate(bool is_conditional);
    duration latency();

    template <class Done, class Effect>
    void call(Done done, bool is_conditional, Effect effect);
    template <class Done>
    void reply(Done done);
    void carry_out(kh::core::create_pod what);
    void carry_out(kh::core::delete_pod what);
    void carry_out(kh::core::write_result what);
    void carry_out(kh::core::delete_state what);
    void carry_out(kh::core::set_phase what);
    void carry_out(kh::core::delete_job what);
    void carry_out(kh::core::set_condition what);
    void carry_out(kh::core::cancel_operation what) { cancelled_.insert(what.id); }
    void carry_out(kh::core::answer_report what);
    void carry_out(kh::core::show_check what) { shown_[what.key] = std::move(what); }
    void carry_out(kh::core::hide_check what) { shown_.erase(what.key); }
    void carry_out(const kh::core::record_event&) {}
    void carry_out(const kh::core::write_log&) {}

    core_world& in_;
    std::string name_;
    kh::core::decider core_;
    std::array<feed, 4> feeds_;
    std::vector<kh::core::event> inbox_;
    std::vector<kh::core::action> actions_;
    std::set<kh::core::operation_id> cancelled_;
    std::map<kh::core::report_id, waiting_report> waiting_;
    std::map<check_key, kh::core::show_check> shown_;
    kh::core::report_id last_report_ = 0;
    time_point wakes_at_ = proto_http::never;
    time_point stepped_at_{};
    unsigned steps_at_once_ = 0;
    bool is_step_planned_ = false;
    bool is_dead_ = false;
    bool is_draining_ = false;
};

} // namespace simulation
