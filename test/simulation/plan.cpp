#include "simulation/plan.hpp"

#include <fmt/format.h>

namespace simulation {

using namespace std::chrono_literals;
using std::chrono::seconds;

namespace {

double sometimes(dice& d, double how_often, double high) {
    return d.chance(how_often) ? high * static_cast<double>(d.between(1, 100)) / 100 : 0;
}

seconds rate(dice& d, double how_often, seconds low, seconds high) {
    return d.chance(how_often) ? seconds(d.between(low.count(), high.count())) : 0s;
}

fault_mix draw_faults(dice& d) {
    fault_mix f;
    f.latency_max = d.chance(0.7) ? d.time(1ms, 300ms) : 0ms;
    f.slow = sometimes(d, 0.3, 0.05);
    f.refused = sometimes(d, 0.3, 0.3);
    f.conflict = sometimes(d, 0.2, 0.2);
    f.unstorable = sometimes(d, 0.15, 0.15);
    f.closing = sometimes(d, 0.1, 0.2);
    f.told_otherwise = sometimes(d, 0.3, 0.2);
    f.reset_before = sometimes(d, 0.2, 0.15);
    f.reset_after = sometimes(d, 0.3, 0.2);
    f.cut = sometimes(d, 0.3, 0.2);
    f.gone = sometimes(d, 0.25, 0.4);
    f.bookmarks = sometimes(d, 0.1, 0.3);
    f.dial_fails = sometimes(d, 0.2, 0.2);
    f.kill = rate(d, 0.4, 10s, 90s);
    f.kill_at_request = sometimes(d, 0.25, 0.05);
    f.restart = rate(d, 0.2, 20s, 120s);
    f.outage = rate(d, 0.3, 20s, 120s);
    f.wire = rate(d, 0.3, 3s, 60s);
    f.compact = rate(d, 0.3, 3s, 60s);
    f.clock = rate(d, 0.2, 20s, 180s);
    f.user = rate(d, 0.5, 3s, 60s);
    f.states_by_hand = d.chance(0.3);
    f.pods_by_hand = d.chance(0.3);
    f.overlap = f.clock.count() == 0 ? rate(d, 0.2, 20s, 120s) : 0s;
    return f;
}

fate_mix draw_fates(dice& d) {
    fate_mix f;
    f.never_starts = sometimes(d, 0.3, 0.3);
    f.silent = sometimes(d, 0.3, 0.3);
    f.hangs = sometimes(d, 0.3, 0.3);
    f.late = sometimes(d, 0.4, 0.4);
    f.repeats = sometimes(d, 0.4, 0.5);
    f.contradicts = sometimes(d, 0.3, 0.4);
    f.wrong_secret = sometimes(d, 0.2, 0.3);
    f.no_header = sometimes(d, 0.2, 0.4);
    f.vanishes = sometimes(d, 0.3, 0.3);
    f.evicted = sometimes(d, 0.3, 0.4);
    f.sidecar = sometimes(d, 0.3, 0.4);
    f.lingers = sometimes(d, 0.2, 0.3);
    f.slow_start = sometimes(d, 0.3, 0.3);
    f.patient = d.chance(0.5) ? 0.8 : 0.2;
    return f;
}

} // namespace

plan draw_plan(std::uint64_t seed) {
    dice d(seed);
    plan p;
    p.seed = seed;
    p.is_calm = d.chance(0.12);
    p.checks = static_cast<int>(d.between(1, 4));
    p.jobs = static_cast<int>(d.between(0, 2));
    p.has_v2_objects = d.chance(0.2);
    p.has_same_name = d.chance(0.15);
    p.chaos = seconds(d.between(60, 300));
    p.interval_max = seconds(d.between(10, 60));
    p.succeeded_pods_max = static_cast<unsigned>(d.between(0, 3));
    p.failed_pods_max = static_cast<unsigned>(d.between(0, 3));
    p.fates = draw_fates(d);
    const auto faults = draw_faults(d);
    if (p.is_calm)
        p.fates.lingers = 0; // the strict bounds count on a kubelet that does its work
    if (!p.is_calm)
        p.faults = faults;
    else if (d.chance(0.5))
        p.faults.user = seconds(d.between(10, 60));
    p.has_election = d.chance(0.15); // its calls take time that runs could have
    if (p.has_election && !p.is_calm) {
        p.faults.pause = rate(d, 0.4, 20s, 90s);
        if (p.faults.overlap.count() == 0)
            p.faults.overlap = rate(d, 0.4, 20s, 90s);
        p.faults.partition = rate(d, 0.4, 20s, 90s);
        if (p.faults.clock.count() == 0)
            p.faults.skew = rate(d, 0.7, 1s, 5s);
    }
    return p;
}

std::string describe(const plan& of) {
    std::string text =
        fmt::format("{} checks, {} jobs, {} s{}{}{}{}", of.checks, of.jobs, of.chaos.count(), of.is_calm ? ", calm" : "",
                    of.has_election ? ", election" : "", of.has_v2_objects ? ", v2 objects" : "",
                    of.has_same_name ? ", a check and a job of one name" : "");
    auto add = [&](std::string_view name, double value) {
        if (value > 0)
            text += fmt::format(", {} {:g}", name, value);
    };
    const auto& f = of.faults;
    add("latency", std::chrono::duration<double>(f.latency_max).count());
    add("slow", f.slow);
    add("refused", f.refused);
    add("409", f.conflict);
    add("413 and 422", f.unstorable);
    add("namespace closes", f.closing);
    add("told otherwise", f.told_otherwise);
    add("reset before", f.reset_before);
    add("reset after", f.reset_after);
    add("cut", f.cut);
    add("410", f.gone);
    add("bookmarks", f.bookmarks);
    add("dial fails", f.dial_fails);
    add("kill at a request", f.kill_at_request);
    auto every = [&](std::string_view name, seconds value) { add(name, static_cast<double>(value.count())); };
    every("kill every", f.kill);
    every("restart every", f.restart);
    every("overlap every", f.overlap);
    every("pause every", f.pause);
    every("outage every", f.outage);
    every("wire every", f.wire);
    every("partition every", f.partition);
    every("compact every", f.compact);
    every("clock every", f.clock);
    every("clocks apart by", f.skew);
    every("user every", f.user);
    return text;
}

} // namespace simulation
