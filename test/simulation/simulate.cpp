#include "proto_http/mutation.hpp"
#include "simulation/core_world.hpp"
#include "simulation/world.hpp"

#include <fmt/format.h>

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// tools/simulate: seeds by hand.

namespace proto_http {
std::string_view active_mutation;
} // namespace proto_http

namespace {

/// Of a seed, in seconds of the processor: most take milliseconds.
constexpr int seed_time_max = 60;

std::uint64_t seed_now = 0;

/// What goes round inside one step of the controller shows no broken promise, and no end.
void give_up(int) {
    char text[64];
    const auto end = fmt::format_to_n(text, sizeof text, "seed {}: it does not end\n", seed_now);
    [[maybe_unused]] const auto written = write(STDOUT_FILENO, text, std::min(end.size, sizeof text));
    _exit(1);
}

void limit_time() {
    itimerval limit{};
    limit.it_value.tv_sec = seed_time_max;
    setitimer(ITIMER_PROF, &limit, nullptr);
}

using clock_type = std::chrono::steady_clock;

struct options {
    std::uint64_t first = 1;
    std::uint64_t last = 100;
    double minutes = 0;
    simulation::trace_for whom = simulation::trace_for::nobody;
    bool is_core = false;
};

int usage() {
    fmt::print(stderr, "usage: simulate [--tier stack|core] [--seed N | --seeds A..B] [--minutes M] [--mutation NAME]\n");
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    options o;
    if (argc % 2 == 0)
        return usage();
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--seed") {
            o.first = o.last = std::strtoull(value.c_str(), nullptr, 10);
            o.whom = simulation::trace_for::reader;
        } else if (name == "--seeds") {
            const auto dots = value.find("..");
            if (dots == std::string::npos)
                return usage();
            o.first = std::strtoull(value.c_str(), nullptr, 10);
            o.last = std::strtoull(value.c_str() + dots + 2, nullptr, 10);
        } else if (name == "--minutes") {
            o.minutes = std::strtod(value.c_str(), nullptr);
        } else if (name == "--tier" && (value == "core" || value == "stack")) {
            o.is_core = value == "core";
        } else if (name == "--mutation") {
            proto_http::active_mutation = argv[i + 1];
        } else {
            return usage();
        }
    }
    std::signal(SIGPROF, give_up);
    const auto began = clock_type::now();
    std::uint64_t seeds = 0, runs = 0, acknowledged = 0, requests = 0, broken = 0;
    double simulated = 0;
    for (auto seed = o.first; o.minutes > 0 || seed <= o.last; ++seed) {
        const double spent = std::chrono::duration<double>(clock_type::now() - began).count();
        if (o.minutes > 0 && spent > o.minutes * 60)
            break;
        seed_now = seed;
        if (o.whom != simulation::trace_for::reader)
            limit_time();
        const auto end = o.is_core ? simulation::simulate_core(seed, o.whom) : simulation::simulate(seed, o.whom);
        ++seeds;
        runs += end.runs;
        acknowledged += end.acknowledged;
        requests += end.requests;
        simulated += std::chrono::duration<double>(end.simulated).count();
        if (!end.violation.empty()) {
            ++broken;
            fmt::print("seed {}: {}\n    replay: tools/simulate {}--seed {}\n", seed, end.violation,
                       o.is_core ? "--tier core " : "", seed);
            std::fflush(stdout);
        }
    }
    const double spent = std::chrono::duration<double>(clock_type::now() - began).count();
    fmt::print("{} seeds, {} runs, {} acknowledged reports, {} API requests, {:.0f} virtual hours in {:.1f} s: {:.0f} runs/s; {} "
               "broken\n",
               seeds, runs, acknowledged, requests, simulated / 3600, spent, static_cast<double>(runs) / spent, broken);
    return broken == 0 ? 0 : 1;
}
