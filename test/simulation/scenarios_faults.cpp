#include "simulation/scenario.hpp"

#include <algorithm>

// What is broken or lost on the way, and what people do meanwhile: each of these breaks without the rule of the run protocol that
// it is about.

using namespace simulation_test;

BOOST_FIXTURE_TEST_SUITE(scenarios_faults, scenario)

BOOST_AUTO_TEST_CASE(a_controller_that_is_killed_after_its_create_takes_the_report_of_that_pod) {
    begin();
    world->apply_check(check(120s, 60s)); // it comes back before that
    BOOST_TEST(pods_are(1));
    world->kill_controller();
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(world->created_pods().size() == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(a_configuration_that_changes_or_breaks_in_mid_run_touches_no_run) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    for (const char* yaml : {"maxKHJobAge: -5m", "maxErrorPodCount: [", "unknown: 1\nmaxStartsPerSecond: 1"}) {
        world->controller().write_config(yaml);
        world->run_for(100ms);
    }
    BOOST_TEST(result_is(kh::core::outcome::passed));
    BOOST_TEST(world->created_pods().size() == 1u);
    BOOST_TEST(until([&] { return world->answers() == std::vector<unsigned>{200}; }));
    end();
}

BOOST_AUTO_TEST_CASE(a_create_whose_answer_is_lost_is_adopted) {
    begin();
    next("POST", "/pods", lost_answer());
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(world->created_pods().size() == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(a_write_whose_answer_is_lost_is_not_done_twice) {
    begin();
    next("POST", "/khstates", lost_answer());
    world->apply_check(check());
    BOOST_TEST(answers_are({200}));
    BOOST_TEST(world->outcome().results == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(a_report_waits_for_an_api_server_that_is_away) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    world->run_for(100ms); // the controller hears of it
    world->api().go_down();
    world->run_for(15s); // beyond the deadline as well
    BOOST_TEST(world->answers().empty());
    world->api().come_back();
    BOOST_TEST(until([&] { return !world->answers().empty(); }));
    BOOST_TEST(world->answers().front() == 200u);
    BOOST_TEST((state()->how == outcome::passed));
    end();
}

BOOST_AUTO_TEST_CASE(slots_that_pass_while_the_api_server_is_away_collapse_into_one) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    world->api().go_down();
    world->run_for(150s);
    BOOST_TEST(world->created_pods().size() == 1u);
    const auto back = world->api().wall();
    world->api().come_back();
    BOOST_TEST(until([&] { return world->created_pods().size() >= 2u; }, 40s));
    world->run_for(5s);
    // The next regular slot may have come in these seconds.
    const auto missed = std::ranges::count_if(world->created_pods(), [back](const auto& pod) { return pod.slot < back; });
    BOOST_TEST(missed == 2);
    end();
}

BOOST_AUTO_TEST_CASE(an_edit_supersedes_the_run_in_flight) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    world->run_for(500ms);
    world->apply_check(edited(check()));
    BOOST_TEST(pods_are(2, 5s));
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(*state()->slot == *world->created_pods()[1].slot);
    end();
}

BOOST_AUTO_TEST_CASE(a_check_that_is_recreated_with_a_run_in_flight_is_another_check) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    world->run_for(500ms);
    world->remove_check(web, workload::check);
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(state()->owner_uid == world->created_pods().back().check_uid);
    BOOST_TEST(state()->owner_uid != world->created_pods().front().check_uid);
    end();
}

BOOST_AUTO_TEST_CASE(a_clock_that_jumps_an_hour_does_not_end_a_run_in_flight) {
    for (auto by : {3600s, -3600s}) {
        begin();
        world->apply_check(check());
        BOOST_TEST(pods_are(1));
        world->jump_clock(by);
        BOOST_TEST(result_is(outcome::passed, 5s));
        BOOST_TEST(pods_are(2, 100s));
        end();
    }
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_does_not_judge_what_was_reported_before) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(2, 100s));
    world->run_for(5s);
    world->jump_clock(-3600s + 100s);
    world->run_for(60s);
    world->kill_controller();
    world->run_for(120s);
    end();
}

BOOST_AUTO_TEST_CASE(a_state_that_is_deleted_by_hand_comes_with_the_next_run) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(3s);
    world->remove_state(web);
    BOOST_TEST(!state());
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(world->created_pods().size() == 2u);
    end();
}

BOOST_AUTO_TEST_CASE(a_report_of_a_pod_of_v2_is_taken_at_the_first_start) {
    prepare();
    pods_do(reports_after(5s));
    world->apply_check(check());
    world->api().add_v2_state(web, false, world->api().wall() + 1);
    world->run_for(3s);
    world->api().add_v2_pod(web, "7f3a2d1c-0000-4000-8000-000000000002");
    world->start_controller();
    BOOST_TEST(answers_are({200}, 15s));
    BOOST_TEST(state()->ok);
    BOOST_TEST(*state()->slot == world->created_pods().front().created);
    end();
}

BOOST_AUTO_TEST_CASE(a_check_takes_over_the_name_and_the_state_of_a_job) {
    begin();
    world->apply_check(job());
    BOOST_TEST(result_is(outcome::passed));
    const auto of_job = state()->owner_uid;
    world->run_for(5s);
    world->apply_check(check());
    BOOST_TEST(until([&] { return state() && state()->owner_uid != of_job; }, 40s));
    end();
}

BOOST_AUTO_TEST_CASE(a_conflict_on_a_write_is_decided_anew) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    world->run_for(10s);
    next("PATCH", "/khstates", refusal(409, "Conflict"));
    BOOST_TEST(answers_are({200, 200}));
    end();
}

BOOST_AUTO_TEST_CASE(a_conflict_on_a_delete_does_not_leave_the_pod_behind) {
    begin();
    auto fate = reports_after(2s);
    fate.has_sidecar = true;
    pods_do(fate);
    auto c = check(600s);
    c.has_sidecar = true;
    next("DELETE", "/pods", refusal(409, "Conflict"));
    world->apply_check(c);
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(60s);
    BOOST_TEST(world->books().living_pods().empty());
    end();
}

BOOST_AUTO_TEST_CASE(a_start_that_is_refused_for_a_while_goes_on) {
    begin();
    next("POST", "/pods", refusal(429, "TooManyRequests"));
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    end();
}

BOOST_AUTO_TEST_CASE(a_history_that_is_forgotten_is_read_anew) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(2s);
    world->api().go_down();
    world->apply_check(edited(check()));
    world->api().compact();
    world->api().come_back();
    BOOST_TEST(pods_are(2, 60s));
    BOOST_TEST(world->created_pods().back().generation == 2);
    end();
}

BOOST_AUTO_TEST_CASE(a_pod_that_is_evicted_is_tried_once_more) {
    begin();
    kubelet::fate evicted;
    evicted.ends = kubelet::end::evicted;
    evicted.end_at = 500ms;
    world->pods().direct = [evicted](const kh::core::pod_view& pod) {
        return std::optional(pod.attempt == 0 ? evicted : reports_after(200ms));
    };
    world->apply_check(check(60s, 30s));
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(world->created_pods().size() == 2u);
    end();
}

BOOST_AUTO_TEST_CASE(a_run_without_a_report_ends_at_its_deadline) {
    begin();
    pods_do(hangs());
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    BOOST_TEST(result_is(outcome::timed_out_before_report, 12s));
    end();
}

BOOST_AUTO_TEST_CASE(a_follower_takes_reports_and_leads_when_the_leader_is_killed) {
    about.has_election = true;
    begin();
    world->run_for(2s);
    world->start_controller();
    world->run_for(2s);
    world->reports_to = 1;
    world->apply_check(check());
    BOOST_TEST(answers_are({200}));
    BOOST_TEST(world->created_pods().size() == 1u);
    world->kill_controller_for_good();
    BOOST_TEST(pods_are(2, 60s));
    BOOST_TEST(answers_are({200, 200}));
    end();
}

BOOST_AUTO_TEST_CASE(a_leader_whose_clock_is_apart_from_its_successors_leaves_no_gap_and_nothing_twice) {
    for (const auto ahead : {-5s, 5s}) {
        about.has_election = true;
        begin();
        world->controller().runtime().wall_base += ahead;
        world->run_for(2s);
        world->start_controller();
        world->run_for(2s);
        world->reports_to = 1;
        world->apply_check(check());
        BOOST_TEST(pods_are(2)); // the first is off the grid
        world->kill_controller_for_good();
        BOOST_TEST(answers_are({200, 200}));
        BOOST_TEST(pods_are(3));
        BOOST_TEST(answers_are({200, 200, 200}));
        const auto& pods = world->created_pods();
        BOOST_TEST(*pods[2].slot == *pods[1].slot + 30);
        end();
    }
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_cut_off_from_the_api_server_hands_over_and_loses_no_report) {
    about.has_election = true;
    about.faults.partition = 60s;
    begin();
    world->run_for(2s);
    world->start_controller();
    world->run_for(2s);
    world->apply_check(check(60s, 30s));
    BOOST_TEST(pods_are(1));
    world->run_for(100ms); // the leader hears of it
    world->reports_to = 0;
    world->controller().cut_off(true);
    BOOST_TEST(until([&] { return !world->controller().leads(); }, 20s));
    auto another = check(60s, 30s);
    another.key.name = "another";
    world->apply_check(another);
    BOOST_TEST(pods_are(2, 40s));                         // the other one leads
    BOOST_TEST(result_is(outcome::ended_without_report)); // and knows of no report
    world->controller().cut_off(false);
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(until([&] { return !world->answers().empty(); }));
    BOOST_TEST(world->answers().front() == 200u);
    end();
}

BOOST_AUTO_TEST_SUITE_END()
