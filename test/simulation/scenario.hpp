#pragma once

#include "simulation/world.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the directed scenarios share: one check, `default/web`, whose pods do what is laid down, and requests whose fate is laid
// down as well. Nothing is drawn but delays; the ledger holds its invariants as in the seeds.

namespace simulation_test {

using namespace std::chrono_literals;
using devcluster::fault;
using kh::core::outcome;
using kh::core::pod_view;
using proto_http::server_request;
using simulation::check_order;
using simulation::kubelet;
using simulation::workload;

inline const simulation::check_key web{"default", "web"};

inline check_order check(std::chrono::seconds interval = 30s, std::chrono::seconds timeout = 10s) {
    check_order c;
    c.key = web;
    c.interval = interval;
    c.timeout = timeout;
    return c;
}

inline check_order edited(check_order c) {
    ++c.edition;
    return c;
}

inline check_order job(std::chrono::seconds timeout = 10s) {
    auto c = check(600s, timeout);
    c.kind = workload::job;
    return c;
}

inline kubelet::fate reports_after(proto_http::duration at) {
    kubelet::planned_report r;
    r.at = at;
    kubelet::fate f;
    f.start_delay = 100ms;
    f.reports.push_back(r);
    f.end_at = at + 500ms;
    return f;
}

/// It runs, says nothing, and ends.
inline kubelet::fate says_nothing(proto_http::duration ends_at) {
    kubelet::fate f;
    f.start_delay = 100ms;
    f.end_at = ends_at;
    return f;
}

inline kubelet::fate hangs() {
    kubelet::fate f;
    f.start_delay = 100ms;
    f.ends = kubelet::end::never;
    return f;
}

inline fault refusal(unsigned code, std::string reason) {
    fault f;
    f.answer.emplace();
    f.answer->code = code;
    f.answer->reason = std::move(reason);
    f.answer->message = "by the scenario";
    return f;
}

inline fault lost_answer() {
    fault f;
    f.resets_after = true;
    return f;
}

inline fault lost_request() {
    fault f;
    f.resets_before = true;
    return f;
}

inline fault delayed(proto_http::duration by) {
    fault f;
    f.latency_before = by;
    return f;
}

class scenario {
public:
    simulation::plan about = [] {
        simulation::plan p;
        p.seed = 1;
        p.faults.slow = 0.001; // bounds as under faults, though none is drawn
        return p;
    }();
    std::optional<simulation::world> world;

    /// A world whose pods report OK after two seconds; no controller yet.
    void prepare() {
        world.emplace(about, simulation::trace_for::nobody);
        world->begin(false);
        pods_do(reports_after(2s));
    }
    void begin() {
        prepare();
        world->start_controller();
    }

    void pods_do(kubelet::fate what) {
        world->pods().direct = [what](const pod_view&) { return std::optional(what); };
    }
    bool until(const std::function<bool()>& done, proto_http::duration limit = 60s) { return world->run_until(done, limit); }
    bool pods_are(std::size_t count, proto_http::duration limit = 60s) {
        return until([&] { return world->created_pods().size() >= count; }, limit);
    }
    bool answers_are(const std::vector<unsigned>& expected, proto_http::duration limit = 60s) {
        return until([&] { return world->answers() == expected; }, limit);
    }
    std::optional<kh::core::state_view> state() { return world->books().state_of(web); }
    bool result_is(outcome how, proto_http::duration limit = 60s) {
        return until([&] { return state() && state()->how == how; }, limit);
    }
    bool lives(const pod_view& pod) {
        const auto all = world->books().living_pods();
        return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.uid == pod.uid; });
    }

    /// Each request of that method whose path has that part meets this fate, from now on.
    void each(std::string method, std::string path_part, fault what) {
        world->api().on_request = [method, path_part, what](const server_request& r) -> std::optional<fault> {
            return r.method == method && (r.path + "?" + r.query).find(path_part) != std::string::npos ? std::optional(what)
                                                                                                       : std::nullopt;
        };
    }
    /// The next one does.
    void next(std::string method, std::string path_part, fault what) {
        world->api().on_request = [this, method, path_part, what](const server_request& r) -> std::optional<fault> {
            if (r.method != method || (r.path + "?" + r.query).find(path_part) == std::string::npos)
                return std::nullopt;
            const auto found = what; // this function goes with the next line
            world->api().on_request = nullptr;
            return found;
        };
    }
    void none() { world->api().on_request = nullptr; }

    /// Everything works from now on, comes to rest, and every promise was kept.
    void end() {
        world->heal();
        world->run_for(100s);
        world->finish();
        BOOST_TEST(world->outcome().violation == "");
    }
};

} // namespace simulation_test
