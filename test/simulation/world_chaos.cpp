#include "simulation/world.hpp"

#include <string_view>
#include <utility>

// What goes wrong by itself while a seed is in its chaos, and how all of it ends.

namespace simulation {

using namespace std::chrono_literals;

void world::again(std::chrono::seconds mean, std::function<void()> what) {
    if (mean.count() == 0)
        return;
    after(dice_.time(mean / 4, mean * 2), [this, mean, what] {
        if (!is_chaotic_)
            return;
        what();
        again(mean, what);
    });
}

void world::plan_chaos() {
    const auto& f = plan_.faults;
    cluster_.is_faulty = !plan_.is_calm;
    again(f.kill, [this] { kill_after_handlers_ = static_cast<unsigned>(dice_.below(60)); });
    again(f.restart, [this] {
        if (!controllers_.empty() && !controllers_.front()->has_ended()) {
            trace_.line("{} is told to stop", controllers_.front()->name());
            dice_.chance(0.5) ? controllers_.front()->retire(25s) : controllers_.front()->stop(25s);
        }
    });
    again(f.overlap, [this] { overlap(); });
    again(f.pause, [this] { pause(); });
    again(f.outage, [this] {
        trace_.line("the API server goes away");
        cluster_.go_down();
        after(dice_.time(100ms, 40s), [this] {
            if (cluster_.is_down())
                trace_.line("the API server is back");
            cluster_.come_back();
        });
    });
    again(f.wire, [this] { cut_a_wire(); });
    again(f.partition, [this] { cut_off(); });
    again(f.compact, [this] {
        trace_.line("the API server forgets its history");
        cluster_.compact();
    });
    again(f.clock, [this] { jump_clock(std::chrono::seconds(dice_.between(-3600, 3600))); });
    again(f.user, [this] { user_.act(ledger_.living_pods()); });
    if (f.kill_at_request > 0)
        cluster_.on_request = [this](const proto_http::server_request& request) -> std::optional<devcluster::fault> {
            if (is_chaotic_ && request.method != "GET" && dice_.chance(plan_.faults.kill_at_request))
                kill_after_handlers_ = static_cast<unsigned>(dice_.below(12));
            return std::nullopt;
        };
}

/// A second controller beside the first, as in a careless rollout: both act. One of them goes.
void world::overlap() {
    if (controllers_.size() != 1)
        return;
    start_controller();
    after(dice_.time(1s, 30s), [this] {
        if (controllers_.size() > 1) {
            if (dice_.chance(0.5))
                std::swap(controllers_.front(), controllers_.back());
            kill_controller();
        }
    });
}

/// Does something to a controller, and undoes it later if that one is still there. (`heal` undoes all of it.)
void world::afflict(controller_process& which, void (*set)(controller_process&, bool), std::string_view begins, duration at_most,
                    std::string_view ends) {
    trace_.line("{} {}", which.name(), begins);
    set(which, true);
    after(dice_.time(1s, at_most), [this, name = which.name(), afflicted = &which, set, ends] {
        for (auto& one : controllers_)
            if (is_chaotic_ && one.get() == afflicted) {
                trace_.line("{} {}", name, ends);
                set(*one, false);
            }
    });
}

void world::pause() {
    if (controllers_.empty())
        return;
    auto& which = *dice_.pick(controllers_);
    if (which.is_paused || which.has_ended())
        return;
    const auto set = [](controller_process& of, bool is_paused) { of.is_paused = is_paused; };
    afflict(which, set, "is paused", 45s, "goes on");
}

void world::cut_off() {
    if (controllers_.empty())
        return;
    const auto set = [](controller_process& of, bool is_cut_off) { of.cut_off(is_cut_off); };
    afflict(*dice_.pick(controllers_), set, "is cut off from the API server", 40s, "reaches the API server again");
}

void world::cut_a_wire() {
    auto& of = dice_.chance(0.7) || controllers_.empty() ? cluster_.runtime() : controllers_.front()->runtime();
    const auto& open = of.connections();
    if (open.empty())
        return;
    auto wire = open[static_cast<std::size_t>(dice_.below(open.size()))];
    if (dice_.chance(0.6)) {
        trace_.line("a connection is reset");
        wire.reset();
        return;
    }
    trace_.line("a connection stalls");
    wire.stall(true);
    after(dice_.time(500ms, 40s), [wire]() mutable { wire.stall(false); });
}

void world::heal() {
    trace_.line("everything works from now on");
    is_chaotic_ = false;
    cluster_.is_faulty = false;
    cluster_.on_request = nullptr;
    cluster_.come_back();
    // What stalls or is slow is no concern of the bounds that hold from now on.
    cluster_.runtime().reset_connections();
    kill_after_handlers_.reset();
    for (auto& one : controllers_) {
        one->is_paused = false;
        one->cut_off(false);
    }
    while (controllers_.size() > 1)
        kill_controller();
    if (controllers_.empty())
        start_controller();
    ledger_.chaos_ended();
}

} // namespace simulation
