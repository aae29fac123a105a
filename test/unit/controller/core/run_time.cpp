#include "bench.hpp"

using namespace core_test;

// RunDuration: exact where this process saw the start, and never off by more than the second that Kubernetes rounds to.

namespace {

struct timed_run {
    bench b = synced_bench();
    pod_view pod;

    /// The pod is created `fraction` after a full second.
    explicit timed_run(duration fraction) {
        b.tell(check_applied{make_check()});
        while (!b.has<create_pod>())
            b.advance(1s);
        b.advance(at_second(b.wall() + 1) - b.clock.wall + fraction);
        pod = b.answer_create();
    }

    void runs(duration after, unix_seconds started) {
        b.advance(after);
        pod = b.running(pod);
        pod.started = started;
        b.tell(pod_applied{pod});
    }

    duration reported(duration after) {
        b.advance(after);
        b.report(pod);
        return b.accept_write().result.run_duration;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(core_run_time)

BOOST_AUTO_TEST_CASE(a_run_of_50_ms_is_50_ms_wherever_in_the_second_it_starts) {
    for (const duration fraction : {0ms, 100ms, 500ms, 940ms, 990ms}) {
        timed_run run(fraction);
        run.runs(10ms, run.b.wall());
        BOOST_TEST((run.reported(50ms) == 50ms));
    }
}

BOOST_AUTO_TEST_CASE(a_watch_that_is_late_costs_less_than_a_second) {
    timed_run run(200ms);
    const unix_seconds started = run.b.wall();
    run.runs(5s, started); // it has run since
    BOOST_TEST((run.reported(1s) == 5200ms));
}

BOOST_AUTO_TEST_CASE(a_report_that_is_faster_than_the_watch_counts_from_the_create) {
    timed_run run(700ms);
    BOOST_TEST((run.reported(80ms) == 80ms));
}

BOOST_AUTO_TEST_CASE(a_report_in_one_breath_with_the_watch_counts_from_the_create) {
    timed_run run(700ms);
    run.runs(80ms, run.b.wall());
    BOOST_TEST((run.reported(0ms) == 80ms));
}

BOOST_AUTO_TEST_CASE(a_node_whose_clock_is_wrong_cannot_stretch_a_run_beyond_its_creation) {
    for (const unix_seconds skew : {-3600, 3600}) {
        timed_run run(200ms);
        run.runs(300ms, run.b.wall() + skew);
        const duration time = run.reported(50ms);
        BOOST_TEST((time == (skew < 0 ? 350ms : 50ms)));
    }
}

BOOST_AUTO_TEST_CASE(after_a_restart_the_pods_own_start_counts) {
    timed_run run(200ms);
    run.runs(300ms, run.b.wall());
    bench after;
    after.clock = run.b.clock;
    after.tell(check_applied{make_check()});
    after.tell(pod_applied{run.pod});
    after.sync();
    after.advance(4s);
    after.report(run.pod);
    BOOST_TEST((after.accept_write().result.run_duration == after.clock.wall - at_second(*run.pod.started)));
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_changes_no_duration) {
    timed_run run(200ms);
    run.runs(300ms, run.b.wall());
    run.b.clock.wall -= 1h;
    BOOST_TEST((run.reported(2s) == 2s));
}

BOOST_AUTO_TEST_SUITE_END()
