#include "simulation/core_replica.hpp"

#include "simulation/core_world.hpp"

#include <fmt/format.h>

#include <cstring>

namespace simulation {

using namespace kh::core;
using namespace std::chrono_literals;

namespace {

decider_settings settings_of(const plan& about, bool is_leader, std::uint64_t seed) {
    decider_settings s;
    s.retention.succeeded_max = about.succeeded_pods_max;
    s.retention.failed_max = about.failed_pods_max;
    s.leader_until = is_leader ? proto_http::never : time_point{};
    std::memcpy(s.salt.data, &seed, sizeof seed);
    return s;
}

/// For readers of a trace.
std::string text_of(const action& of) {
    if (const auto* create = std::get_if<create_pod>(&of))
        return fmt::format("create {}", create->pod_name);
    if (const auto* remove = std::get_if<delete_pod>(&of))
        return fmt::format("delete {}{}", remove->pod_name, remove->verify_owner_uid ? " if its owner is gone" : "");
    if (const auto* write = std::get_if<write_result>(&of))
        return fmt::format("write slot {} of {}: {}", write->result.slot, write->result.key.text(), to_text(write->result.how));
    if (const auto* remove = std::get_if<delete_state>(&of))
        return fmt::format("delete the state of {}", remove->key.text());
    if (const auto* phase = std::get_if<set_phase>(&of))
        return fmt::format("write that {} is {}", phase->key.text(), phase->phase);
    if (const auto* line = std::get_if<write_log>(&of))
        return fmt::format("\"{}\"", line->message);
    return std::holds_alternative<cancel_operation>(of) ? "give up a call" : std::string();
}

constexpr std::array all_watches{watched::checks, watched::jobs, watched::states, watched::pods};

} // namespace

core_replica::core_replica(core_world& in, std::string name, bool is_leader, std::uint64_t seed)
    : in_(in), name_(std::move(name)), core_(settings_of(in.about(), is_leader, seed)) {}

void core_replica::begin() {
    for (auto what : all_watches)
        in_.after(latency(), [self = shared_from_this(), what] { self->list(what); });
    conditions_served conditions;
    conditions.served = true;
    post(conditions);
}

void core_replica::kill() {
    is_dead_ = true;
    for (auto& [id, report] : std::exchange(waiting_, {}))
        in_.answered(report.from, report.which, 0, {});
}

void core_replica::drain() {
    if (std::exchange(is_draining_, true))
        return;
    post(draining{});
    in_.after(25s, [self = shared_from_this()] {
        if (!self->is_dead_)
            self->in_.dies(*self);
    });
}

void core_replica::lead(time_point until) {
    post(leadership_changed{until});
}

// Steps

void core_replica::post(event what) {
    inbox_.push_back(std::move(what));
    plan_step();
}

void core_replica::plan_step() {
    if (std::exchange(is_step_planned_, true))
        return;
    in_.after(in_.draws().chance(0.9) ? duration{} : in_.draws().time(0ms, 20ms), [self = shared_from_this()] {
        self->is_step_planned_ = false;
        if (!self->is_dead_)
            self->step();
    });
}

void core_replica::plan_wake() {
    const auto due = core_.next_due();
    if (due == proto_http::never || (due >= wakes_at_ && wakes_at_ > in_.now()))
        return;
    wakes_at_ = due;
    in_.after(std::max<duration>(due - in_.now(), 0ns), [self = shared_from_this(), due] {
        if (self->is_dead_ || self->wakes_at_ != due)
            return;
        self->wakes_at_ = proto_http::never;
        if (self->core_.next_due() <= self->in_.now())
            self->plan_step();
        else
            self->plan_wake();
    });
}

void core_replica::step() {
    steps_at_once_ = stepped_at_ == in_.now() ? steps_at_once_ + 1 : 0;
    stepped_at_ = in_.now();
    if (steps_at_once_ > 10'000)
        in_.books().fail("the core asks to be woken again and again");
    clock_reading clock;
    clock.now = in_.now();
    clock.wall = in_.controller_wall();
    std::vector<event> batch;
    batch.swap(inbox_);
    actions_.clear();
    core_.step(clock, std::move(batch), actions_);
    if (in_.told().prints())
        for (const auto& each : actions_)
            if (const auto text = text_of(each); !text.empty())
                in_.told().note(fmt::format("  {}: {}", name_, text));
    for (auto& each : actions_)
        std::visit([this](auto& what) { carry_out(std::move(what)); }, each);
    plan_wake();
    if (is_draining_ && core_.open_reports() == 0)
        in_.dies(*this);
}

// Reports

void core_replica::take_report(std::shared_ptr<core_sender> from, ledger::try_id which) {
    report_received r;
    r.id = ++last_report_;
    if (!from->order.secret.empty())
        r.secret = from->order.secret;
    r.source_address = from->order.address;
    r.content = from->order.content;
    waiting_[r.id] = {std::move(from), which};
    post(std::move(r));
}

void core_replica::carry_out(answer_report what) {
    auto at = waiting_.find(what.id);
    if (at == waiting_.end())
        return;
    const auto report = std::move(at->second);
    waiting_.erase(at);
    const unsigned status = what.answer == report_answer::stored ? 200 : what.answer == report_answer::refused ? 400 : 503;
    in_.answered(report.from, report.which, status, what.reason);
}

} // namespace simulation
