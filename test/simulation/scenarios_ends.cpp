#include "simulation/scenario.hpp"

// How runs end that do not report, and what is left of pods (run protocol, sections 5.3 to 6).

using namespace simulation_test;

namespace {

kubelet::fate begins(kubelet::start how) {
    auto f = hangs();
    f.begins = how;
    return f;
}

kubelet::fate vanishes() {
    auto f = says_nothing(2s);
    f.ends = kubelet::end::vanishes;
    return f;
}

/// Reports after a second and ends; its second container lives on.
kubelet::fate with_sidecar() {
    auto f = reports_after(1s);
    f.has_sidecar = true;
    return f;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(scenarios_ends, scenario)

BOOST_AUTO_TEST_CASE(each_cause_is_final_at_its_time_and_not_before) {
    struct {
        const char* name;
        kubelet::fate fate;
        outcome how;
        std::chrono::seconds from, until; ///< after the pod's creation; its timeout is 20 s
    } cases[] = {
        {"an image name that can never work", begins(kubelet::start::bad_image_name), outcome::could_not_start, 0s, 2s},
        {"an image that does not come", begins(kubelet::start::image_error), outcome::could_not_start, 20s, 22s},
        {"no node", begins(kubelet::start::unschedulable), outcome::timed_out_before_start, 20s, 22s},
        {"a container that does not start", begins(kubelet::start::never), outcome::timed_out_before_start, 20s, 22s},
        {"a checker that hangs", hangs(), outcome::timed_out_before_report, 20s, 22s},
        {"a checker that says nothing", says_nothing(2s), outcome::ended_without_report, 7s, 9s},
        {"somebody deletes the pod", vanishes(), outcome::pod_deleted, 2s, 4s},
    };
    for (auto& one : cases) {
        begin();
        pods_do(one.fate);
        world->apply_check(check(100s, 20s));
        BOOST_TEST(pods_are(1));
        const auto created = world->now();
        BOOST_TEST(until([&] { return state() && state()->how; }), one.name);
        const auto after = world->now() - created;
        BOOST_TEST((state() && state()->how == one.how), one.name);
        BOOST_TEST((after >= one.from && after <= one.until), one.name << ": after " << after / 1ms << " ms");
        end();
    }
}

BOOST_AUTO_TEST_CASE(a_report_within_five_seconds_of_the_end_of_its_pod_is_taken) {
    begin();
    auto fate = reports_after(5s);
    fate.end_at = 1s;
    pods_do(fate);
    world->apply_check(check());
    BOOST_TEST(answers_are({200}));
    BOOST_TEST(world->outcome().results == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(a_pod_that_ended_while_nobody_watched_is_history_where_nothing_is_stored_and_judged_where_something_is) {
    for (bool has_state : {false, true}) {
        begin();
        if (has_state) {
            world->apply_check(check());
            BOOST_TEST(result_is(outcome::passed));
        }
        pods_do(says_nothing(1s));
        if (!has_state)
            world->apply_check(check());
        BOOST_TEST(pods_are(has_state ? 2 : 1));
        world->kill_controller_for_good();
        world->run_for(5s);
        pods_do(reports_after(1s));
        const auto slot = *world->created_pods().back().slot;
        world->start_controller();
        world->run_for(8s);
        BOOST_TEST((state() && state()->slot == slot) == has_state);
        if (has_state)
            BOOST_TEST((state()->how == outcome::ended_without_report));
        end();
    }
}

BOOST_AUTO_TEST_CASE(a_pod_with_a_sidecar_is_deleted_half_a_minute_after_its_report) {
    for (bool loses_state : {false, true}) {
        begin();
        pods_do(with_sidecar());
        world->apply_check(check(300s));
        BOOST_TEST(answers_are({200}));
        if (loses_state)
            world->remove_state(web);
        world->run_for(27s);
        BOOST_TEST(lives(world->created_pods()[0]));
        world->run_for(10s);
        BOOST_TEST(!lives(world->created_pods()[0]));
        end();
    }
}

BOOST_AUTO_TEST_CASE(the_finished_pod_of_the_newest_slot_is_kept_until_the_next_one_exists) {
    about.succeeded_pods_max = 0;
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(10s);
    BOOST_TEST(lives(world->created_pods()[0]));
    BOOST_TEST(pods_are(2, 60s));
    world->run_for(10s);
    BOOST_TEST(!lives(world->created_pods()[0]));
    BOOST_TEST(lives(world->created_pods()[1]));
    end();
}

BOOST_AUTO_TEST_CASE(a_pod_that_came_and_went_while_the_watch_was_away_blocks_nothing) {
    begin();
    world->run_for(2s);
    each("GET", "/pods?", lost_request());
    world->api().runtime().reset_connections();
    pods_do(hangs());
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    world->run_for(1s);
    pods_do(reports_after(1s));
    const auto pod = world->created_pods()[0];
    world->remove_pod({pod.check.ns, pod.name, pod.uid}, true);
    world->api().compact();
    none();
    world->jump_clock(-3600s);
    BOOST_TEST(until([&] { return world->created_pods().size() >= 3; }, 200s));
    end();
}

BOOST_AUTO_TEST_CASE(a_completed_job_whose_state_was_deleted_by_hand_does_not_keep_its_pod) {
    begin();
    pods_do(with_sidecar());
    world->apply_check(job());
    BOOST_TEST(answers_are({200}));
    world->run_for(2s);
    world->remove_state(web);
    world->kill_controller();
    world->run_for(60s);
    BOOST_TEST(!lives(world->created_pods()[0]));
    end();
}

BOOST_AUTO_TEST_CASE(a_job_that_was_running_and_has_neither_a_pod_nor_a_result_has_failed) {
    begin();
    pods_do(hangs());
    world->apply_check(job(60s));
    BOOST_TEST(pods_are(1));
    world->run_for(3s);
    world->kill_controller_for_good();
    const auto pod = world->created_pods()[0];
    world->remove_pod({pod.check.ns, pod.name, pod.uid}, true);
    world->start_controller();
    BOOST_TEST(result_is(outcome::pod_deleted, 70s));
    end();
}

BOOST_AUTO_TEST_CASE(a_check_that_is_deleted_takes_its_pods_and_its_state_along) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    pods_do(hangs());
    BOOST_TEST(pods_are(2, 60s));
    world->remove_check(web, workload::check);
    world->run_for(10s);
    BOOST_TEST(!state());
    BOOST_TEST(world->books().living_pods().empty());
    end();
}

BOOST_AUTO_TEST_CASE(a_retry_has_the_deadline_of_its_first_attempt) {
    begin();
    world->pods().direct = [](const pod_view& pod) {
        auto evicted = hangs();
        evicted.ends = kubelet::end::evicted;
        evicted.end_at = 5s;
        return std::optional(pod.attempt == 0 ? evicted : hangs());
    };
    world->apply_check(check(100s, 20s));
    BOOST_TEST(pods_are(1));
    const auto created = world->now();
    BOOST_TEST(result_is(outcome::timed_out_before_report));
    BOOST_TEST((world->now() - created < 22s));
    BOOST_TEST(world->created_pods().size() == 2u);
    end();
}

BOOST_AUTO_TEST_SUITE_END()
