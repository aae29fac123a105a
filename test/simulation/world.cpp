#include "simulation/world.hpp"

#include "controller/check_object.hpp"
#include "controller/pod_object.hpp"
#include "proto_http/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace simulation {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

std::optional<workload> kind_of_collection(std::string_view name) {
    if (name == "khchecks.comcast.github.io")
        return workload::check;
    return name == "khjobs.comcast.github.io" ? std::optional(workload::job) : std::nullopt;
}

/// Waits that are pending at once, of everybody: an upper bound of what may be in flight for a handful of checks.
constexpr std::size_t waits_bound = 2000;

/// Turns of the loop at one moment of virtual time.
constexpr std::uint64_t turns_bound = 100'000;

} // namespace

world::world(const plan& about, trace_for whom)
    : plan_(about), dice_(about.seed ^ 0x5eed), trace_(whom), ledger_(trace_, plan_),
      time_(std::make_shared<test_support::timeline>()), network_(std::make_shared<test_support::memory_network>()),
      cluster_(dice_.next(), plan_, dice_, trace_, time_, network_),
      checkers_runtime_(checkers_context_, dice_.next(), time_, network_), kubelet_(*this), user_(*this), began_(time_->now()) {
    network_->on_dial = [this](const proto_http::host_port& to) {
        test_support::dial_plan made;
        if (to.host == "api" && (cluster_.is_down() || (cluster_.is_faulty && dice_.chance(plan_.faults.dial_fails))))
            made.error = proto_http::errc::connect_failed;
        return made;
    };
    cluster_.on_change = [this](std::string_view collection, const devcluster::change& what) { changed(collection, what); };
}

/// Whatever still runs is ended, also where a promise was broken midway.
world::~world() {
    is_ending_ = true;
    restarts_ = false;
    while (!controllers_.empty())
        kill_controller();
    if (!cluster_is_stopped_)
        cluster_.stop();
    run_until([this] { return senders_ == 0; }, 300s);
    let_checkers_rest();
}

/// What has nothing to wait for but its turn: the ends of connections.
void world::let_checkers_rest() {
    while (checkers_runtime_.poll())
        ;
}

void world::begin(bool with_user) {
    mark_time();
    cluster_.serve();
    if (with_user) {
        if (plan_.has_v2_objects)
            add_v2_objects();
        user_.begin();
    }
    if (plan_.is_calm)
        ledger_.chaos_ended();
}

// Time and handlers

void world::mark_time() {
    trace_.set_time(now());
    const auto wall = controllers_.empty() ? cluster_.runtime().wall_now() : controllers_.front()->runtime().wall_now();
    ledger_.at(now(), std::chrono::floor<std::chrono::seconds>(wall).time_since_epoch().count());
}

/// Lets each context run a few handlers, in an order that the seed decides. False if there was nothing to run.
bool world::run_ready_handlers() {
    std::array<asio::io_context*, 5> all{&cluster_.context(), &checkers_context_};
    std::size_t count = 2;
    for (const auto& one : controllers_)
        if (count < all.size())
            all[count++] = &one->context();
    const auto first = static_cast<std::size_t>(dice_.below(count));
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
        auto& context = *all[(first + i) % count];
        if (is_paused(context))
            continue;
        const bool is_first_controller = !controllers_.empty() && &context == &controllers_.front()->context();
        if (context.stopped())
            context.restart();
        for (auto left = dice_.below(6) + 1; left > 0 && context.poll_one() != 0; --left) {
            any = true;
            if (plan_.has_election)
                look_at_leaders();
            if (is_first_controller && kill_after_handlers_ && (*kill_after_handlers_)-- == 0) {
                kill_after_handlers_.reset();
                kill_controller();
                return true;
            }
        }
    }
    return any;
}

bool world::is_paused(const asio::io_context& context) const {
    return std::ranges::any_of(controllers_, [&](const auto& one) { return one->is_paused && &one->context() == &context; });
}

/// At most one leads at any moment, and only who leads orders a run.
void world::look_at_leaders() {
    std::size_t leaders = 0;
    for (const auto& one : controllers_) {
        leaders += one->leads() ? 1 : 0;
        auto& known = runs_started_[one->name()];
        if (one->runs_started() > known && !one->leads())
            ledger_.fail(fmt::format("{} ordered a run and does not lead", one->name()));
        known = one->runs_started();
    }
    if (leaders > 1)
        ledger_.fail(fmt::format("{} controllers lead at once", leaders));
}

void world::move_time() {
    const auto wait = time_->next();
    const auto planned = next_on_agenda();
    const bool takes_planned = planned < wait || (planned == wait && dice_.chance(0.5));
    if (takes_planned) {
        time_->move_to(planned);
        mark_time();
        run_next_on_agenda();
    } else {
        time_->fire_next();
        mark_time();
    }
    ledger_.look();
    waits_max_ = std::max(waits_max_, time_->size());
    if (time_->size() > waits_bound)
        ledger_.fail(fmt::format("{} waits are pending at once", time_->size()));
}

/// False at the first broken promise, and when nothing can happen any more.
bool world::turn() {
    if (!ledger_.violation().empty() && !is_ending_)
        return false;
    if (now() != moved_at_) {
        moved_at_ = now();
        turns_ = 0;
    }
    if (++turns_ > turns_bound && !is_ending_)
        ledger_.fail("something spins: time does not go on");
    if (run_ready_handlers()) {
        reap();
        return true;
    }
    if (std::min(time_->next(), next_on_agenda()) == proto_http::never)
        return false;
    move_time();
    return true;
}

void world::run_for(duration by) {
    run_until([] { return false; }, by);
}

bool world::run_until(const std::function<bool()>& done, duration limit) {
    const auto end = now() + limit;
    bool is_over = false;
    // A mark on the agenda: the loop ends there even where nothing else happens.
    auto over = std::make_shared<bool*>(&is_over);
    after(limit, [over] {
        if (*over)
            **over = true;
    });
    while (!done() && !is_over && now() <= end)
        if (!turn())
            break;
    *over = nullptr;
    return done();
}

// What is stored

void world::changed(std::string_view collection, const devcluster::change& what) {
    const auto& object = what.object->value;
    const bool is_gone = what.kind == devcluster::change_kind::deleted;
    const bool by_hand = cluster_.is_by_hand();
    mark_time();
    const std::string_view did = is_gone ? "deleted" : what.kind == devcluster::change_kind::added ? "created" : "changed";
    if (const auto kind = kind_of_collection(collection)) {
        const auto view = kh::v1::parse_check(object, *kind).view;
        trace_.line("{} {} {}: generation {}, interval {} s, timeout {} s{}{}", *kind == workload::check ? "check" : "job",
                    view.key.text(), did, view.generation, view.interval / 1s, view.timeout / 1s, view.phase.empty() ? "" : ", ",
                    view.phase);
        is_gone ? ledger_.check_gone(view) : ledger_.check_stored(view);
    } else if (collection == "khstates.comcast.github.io") {
        const auto view = kh::v1::parse_state(object);
        trace_.line("state {} {}{}: slot {}, {}{}{}", view.key.text(), did, by_hand ? " by hand" : "", view.slot.value_or(0),
                    view.how ? kh::core::to_text(*view.how) : "of v2", view.errors.empty() ? "" : ", ",
                    view.errors.empty() ? std::string_view() : view.errors.front());
        const auto before = last_states_.find(view.key);
        if (is_gone) {
            ledger_.state_gone(view, by_hand || !what.previous || !ledger_.is_present(view.key));
            last_states_.erase(view.key);
        } else {
            ledger_.state_stored(view, before == last_states_.end() ? nullptr : &before->second, by_hand);
            last_states_[view.key] = view;
        }
    } else if (collection == "pods") {
        const auto view = kh::parse_pod(object);
        if (view.check.name.empty())
            return; // somebody else's
        trace_.line("pod {} {}{} (generation {}){}{}{}", view.name, did, by_hand ? " by hand" : "", view.generation,
                    is_gone ? "" : ": ", is_gone ? std::string_view() : view.explanation,
                    !is_gone && view.terminating ? ", terminating" : "");
        if (is_gone) {
            ledger_.pod_gone(view, by_hand);
            kubelet_.gone(view);
            return;
        }
        const bool is_new = what.kind == devcluster::change_kind::added;
        ledger_.pod_stored(view, is_new, by_hand);
        if (is_new) {
            created_.push_back(view);
            kubelet_.created(view, ledger_.timeout_of(view.check_uid));
        } else if (view.terminating) {
            kubelet_.terminating(view);
        }
    }
}

// The controllers

void world::start_controller() {
    // A container that is started again has its pod's name; a new pod has one of its own. Where a name says who leads, both
    // occur.
    auto name = fmt::format("kuberhealthy-{}", ++controllers_made_);
    if (plan_.has_election)
        do
            name = fmt::format("kuberhealthy-{}", dice_.between(1, 3));
        while (std::ranges::any_of(controllers_, [&](const auto& one) { return one->name() == name; }));
    runs_started_[name] = 0;
    trace_.line("{} starts", name);
    const auto ahead = plan_.faults.skew.count() == 0 ? duration() : dice_.time(0s, plan_.faults.skew);
    controllers_.push_back(
        std::make_unique<controller_process>(name, dice_.next(), wall_base_ + ahead, plan_, trace_, time_, network_));
    ledger_.controllers_changed();
}

void world::bury(controller_process& which, bool is_clean) {
    if (!is_clean)
        ledger_.fail(fmt::format("{} has ended and something of it is left", which.name()));
    ledger_.controllers_changed();
    std::erase_if(controllers_, [&](const auto& one) { return one.get() == &which; });
}

void world::kill_controller() {
    if (controllers_.empty())
        return;
    auto& which = *controllers_.front();
    trace_.line("{} is killed", which.name());
    bury(which, which.kill());
    if (restarts_ && controllers_.empty())
        after(dice_.time(10ms, 15s), [this] {
            if (controllers_.empty() && restarts_)
                start_controller();
        });
}

void world::kill_controller_for_good() {
    const bool restarts = std::exchange(restarts_, false);
    kill_controller();
    restarts_ = restarts;
}

void world::reap() {
    for (auto& one : controllers_)
        if (one->has_ended()) {
            trace_.line("{} has ended", one->name());
            bury(*one, one->clean_up());
            if (restarts_ && controllers_.empty())
                start_controller();
            return;
        }
}

void world::stop_controller() {
    if (controllers_.empty())
        return;
    auto& which = *controllers_.front();
    const auto name = which.name();
    trace_.line("{} is told to stop", name);
    const bool restarts = std::exchange(restarts_, false);
    which.stop(25s);
    const auto is_there = [&] {
        return std::any_of(controllers_.begin(), controllers_.end(), [&](const auto& one) { return one->name() == name; });
    };
    if (!run_until([&] { return !is_there(); }, 26s))
        ledger_.fail(fmt::format("{} has not ended 26 s after it was told to", name));
    restarts_ = restarts;
}

void world::jump_clock(duration by) {
    wall_base_ += by;
    trace_.line("the wall clock jumps by {} s", by / 1s);
    for (auto& one : controllers_)
        one->runtime().wall_base = wall_base_;
    ledger_.clock_jumped();
    mark_time();
}

void world::add_v2_objects() {
    check_order c;
    c.key = {"default", "check1"};
    c.interval = 30s;
    c.timeout = 20s;
    cluster_.apply_check(c);
    if (dice_.chance(0.7))
        cluster_.add_v2_state(c.key, dice_.chance(0.5), cluster_.wall() + 1);
    run_for(dice_.time(2s, 20s));
    if (dice_.chance(0.7))
        cluster_.add_v2_pod(c.key, "7f3a2d1c-0000-4000-8000-000000000002");
}

outcome_of_seed world::run() {
    trace_.line("seed {}: {}", plan_.seed, describe(plan_));
    begin(true);
    start_controller();
    plan_chaos();
    run_for(plan_.chaos);
    if (!ledger_.violation().empty())
        return outcome();
    heal();
    const auto longest = plan_.interval_max * 5 / 2 + 100s + (plan_.jumps() ? plan_.interval_max + 120s : 0s);
    run_for(plan_.is_calm ? duration(30s) : duration(longest));
    finish();
    return outcome();
}

outcome_of_seed world::outcome() const {
    outcome_of_seed made;
    made.violation = ledger_.violation();
    made.hash = trace_.hash();
    made.runs = ledger_.runs();
    made.results = ledger_.results();
    made.acknowledged = ledger_.acknowledged();
    made.requests = cluster_.requests();
    made.simulated = now() - began_;
    return made;
}

// The end

void world::finish() {
    if (!ledger_.violation().empty())
        return;
    run_until([this] { return senders_ == 0 && !controllers_.empty() && controllers_.front()->is_ready(); }, 120s);
    look_at_pages();
    ledger_.look_at_the_end();
    restarts_ = false;
    ledger_.controllers_stopped();
    stop_controller();
    run_until([this] { return senders_ == 0; }, 120s);
    if (senders_ != 0)
        ledger_.fail("a checker still waits for its answer");
    if (!ledger_.violation().empty())
        return;
    cluster_is_stopped_ = true;
    if (!cluster_.stop())
        ledger_.fail("something of the API server is left");
    let_checkers_rest();
    if (time_->size() != 0)
        ledger_.fail(fmt::format("{} waits are left at the end", time_->size()));
}

// Actors

void world::apply_check(const check_order& order) {
    cluster_.apply_check(order);
}

void world::remove_check(const check_key& key, workload kind) {
    cluster_.remove_check(key, kind);
}

void world::remove_state(const check_key& key) {
    cluster_.remove_state(key);
}

void world::edit_state(const check_key& key) {
    cluster_.edit_state(key);
}

void world::tell_pod(const pod_handle& pod, const pod_news& news) {
    cluster_.tell_pod(pod, news);
}

void world::remove_pod(const pod_handle& pod, bool is_over) {
    cluster_.remove_pod(pod, is_over);
}

outcome_of_seed simulate(std::uint64_t seed, trace_for whom) {
    world one(draw_plan(seed), whom);
    return one.run();
}

} // namespace simulation
