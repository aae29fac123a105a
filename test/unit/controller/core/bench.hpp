#pragma once

#include "controller/core/decider.hpp"
#include "controller/core/run_id.hpp"
#include "controller/core/schedule.hpp"
#include "support/stored_views.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// Drives a decider by hand: tell it events, move its clocks, take its actions one by one.

namespace core_test {

using namespace kh::core;
using namespace std::chrono_literals;

inline constexpr unix_seconds epoch = 1'700'000'000;

inline check_view make_check(std::string name = "web", std::string uid = "uid-1") {
    check_view check;
    check.key = {"default", std::move(name)};
    check.uid = std::move(uid);
    check.generation = 1;
    check.created = epoch;
    check.interval = 60s;
    check.timeout = 30s;
    return check;
}

/// What another process ordered, or one that is gone.
inline create_pod order_for(const check_view& check, unix_seconds slot, unix_seconds deadline) {
    create_pod order;
    order.key = check.key;
    order.kind = check.kind;
    order.check_uid = check.uid;
    order.slot = slot;
    order.generation = check.generation;
    order.pod_name = pod_name(check.key, check.kind, slot, 0);
    order.run_id = run_id(check.uid, slot, 0);
    order.deadline = deadline;
    return order;
}

class bench {
public:
    explicit bench(decider_settings settings = {}) : core(settings) {
        clock.now = time_point(1h);
        clock.wall = wall_time(std::chrono::seconds(epoch));
    }

    decider core;
    clock_reading clock;
    std::vector<action> actions;

    unix_seconds wall() const { return clock.wall_seconds(); }

    void tell(event what) {
        std::vector<event> batch;
        batch.push_back(std::move(what));
        core.step(clock, std::move(batch), actions);
    }

    void sync() {
        for (watched what : {watched::checks, watched::jobs, watched::states, watched::pods})
            tell(watch_synced{what});
    }

    /// Moves both clocks, stopping wherever the core wants to be woken.
    void advance(duration by) {
        const time_point end = clock.now + by;
        while (core.next_due() <= end) {
            const duration jump = std::max<duration>(core.next_due() - clock.now, 0ns);
            clock.now += jump;
            clock.wall += jump;
            core.step(clock, {}, actions);
        }
        clock.wall += end - clock.now;
        clock.now = end;
    }

    /// Both clocks go on, and the core is not woken: the process is stopped.
    void stand_still(duration by) {
        clock.now += by;
        clock.wall += by;
        core.step(clock, {}, actions);
    }

    template <class T>
    std::vector<T> all() const {
        std::vector<T> found;
        for (const action& each : actions)
            if (const T* what = std::get_if<T>(&each))
                found.push_back(*what);
        return found;
    }

    template <class T>
    bool has() const {
        return !all<T>().empty();
    }

    /// Takes the first action of that type out.
    template <class T>
    T take() {
        auto found = std::find_if(actions.begin(), actions.end(), [](const action& a) { return std::holds_alternative<T>(a); });
        BOOST_REQUIRE_MESSAGE(found != actions.end(), "no such action");
        T what = std::get<T>(*found);
        actions.erase(found);
        return what;
    }

    void forget_actions() { actions.clear(); }

    /// The pod that a create makes, as the API server would answer it.
    pod_view pod_of(const create_pod& order) {
        pod_view pod = test_support::stored_pod(order, wall());
        pod.uid = "pod-" + order.pod_name;
        pod.secret = "secret of " + order.pod_name;
        return pod;
    }

    pod_view running(pod_view pod) {
        pod.phase = pod_phase::running;
        pod.ran = true;
        pod.started = wall();
        pod.ip = "10.0.0.7";
        pod.node = "node-1";
        return pod;
    }

    pod_view ended(pod_view pod, pod_phase phase = pod_phase::succeeded) {
        pod = running(std::move(pod));
        pod.phase = phase;
        pod.container_ended = true;
        pod.finished = wall();
        pod.explanation = phase == pod_phase::succeeded ? "container main exited with code 0 (Completed)"
                                                        : "container main exited with code 3 (Error)";
        return pod;
    }

    /// Answers the create that is due and returns the pod.
    pod_view answer_create() {
        const create_pod order = take<create_pod>();
        pod_view pod = pod_of(order);
        answer_create(order, create_answer::created, pod);
        return pod;
    }

    void answer_create(const create_pod& order, create_answer answer, pod_view pod) {
        create_done done;
        done.key = order.key;
        done.id = order.id;
        done.answer = answer;
        done.pod = std::move(pod);
        tell(done);
    }

    /// A check is applied, and its first run is brought to a running pod.
    pod_view start_first_run(const check_view& check) {
        tell(check_applied{check});
        advance(11s);
        pod_view pod = running(answer_create());
        tell(pod_applied{pod});
        return pod;
    }

    state_view state_of(const run_result& result) {
        state_view state = test_support::stored_state(result, "kuberhealthy-0");
        state.uid = "state-of-" + result.key.name;
        state.resource_version = std::to_string(++version_);
        return state;
    }

    void answer_write(const write_result& order, write_answer answer, std::optional<state_view> state = {}) {
        write_done done;
        done.key = order.result.key;
        done.id = order.id;
        done.answer = answer;
        done.state = std::move(state);
        done.message = "as told";
        tell(done);
    }

    /// Answers the write that is due with success and returns what was written.
    write_result accept_write() {
        const write_result order = take<write_result>();
        answer_write(order, write_answer::written, state_of(order.result));
        return order;
    }

    report_id report(const pod_view& pod, bool ok = true, std::vector<std::string> errors = {}) {
        report_received r;
        r.id = ++last_report_;
        r.secret = pod.secret;
        r.source_address = "192.0.2.1";
        r.content.ok = ok;
        r.content.errors = std::move(errors);
        tell(r);
        return r.id;
    }

    report_id report_from(std::string address) {
        report_received r;
        r.id = ++last_report_;
        r.source_address = std::move(address);
        r.content.ok = true;
        tell(r);
        return r.id;
    }

private:
    std::uint64_t version_ = 100;
    report_id last_report_ = 0;
};

/// A bench whose watches are synced.
inline bench synced_bench(decider_settings settings = {}) {
    bench b(settings);
    b.sync();
    return b;
}

} // namespace core_test
