#include "controller/core/schedule.hpp"
#include "simulation/scenario.hpp"

// When a run is due and how it starts (run protocol, sections 2, 3, 6.4 and 7).

using namespace simulation_test;

BOOST_FIXTURE_TEST_SUITE(scenarios_starts, scenario)

BOOST_AUTO_TEST_CASE(a_restart_does_not_run_a_check_before_its_time) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(2, 100s));
    world->run_for(5s);
    world->kill_controller();
    world->run_for(12s);
    BOOST_TEST(world->created_pods().size() == 2u);
    BOOST_TEST(pods_are(3, 30s));
    BOOST_TEST(*world->created_pods()[2].slot - *world->created_pods()[1].slot == 30);
    end();
}

BOOST_AUTO_TEST_CASE(overdue_checks_start_at_a_bounded_rate) {
    begin();
    for (int i = 0; i < 60; ++i) {
        auto c = check(100s);
        c.key.name = "web" + std::to_string(i);
        world->apply_check(c);
    }
    BOOST_TEST(pods_are(60));
    world->run_for(5s);
    world->stop_controller();
    world->run_for(200s);
    world->start_controller();
    BOOST_TEST(pods_are(61));
    world->run_for(900ms);
    BOOST_TEST(world->created_pods().size() >= 60u + 20);
    BOOST_TEST(world->created_pods().size() <= 60u + 41);
    BOOST_TEST(pods_are(120, 5s));
    end();
}

BOOST_AUTO_TEST_CASE(somebody_elses_pod_of_that_name_is_a_named_error) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(5s);
    const auto next_slot = kh::core::next_slot(world->books().check_of(web), *world->created_pods()[0].slot, 0);
    world->api().add_foreign_pod("default", "web-" + std::to_string(next_slot));
    BOOST_TEST(result_is(outcome::could_not_start, 80s));
    BOOST_TEST(state()->errors.at(0).find("exists already and is not of this check") != std::string::npos);
    BOOST_TEST(result_is(outcome::passed)); // the next slot has another name
    end();
}

BOOST_AUTO_TEST_CASE(a_pod_that_hangs_in_terminating_does_not_block_the_next_slot) {
    begin();
    auto fate = hangs();
    fate.goes_in = 600s;
    pods_do(fate);
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::timed_out_before_report));
    pods_do(reports_after(1s));
    BOOST_TEST(result_is(outcome::passed, 60s));
    BOOST_TEST(lives(world->created_pods()[0]));
    end();
}

BOOST_AUTO_TEST_CASE(a_pod_that_the_api_server_will_never_take_fails_at_once) {
    for (auto code : {400u, 422u}) {
        begin();
        each("POST", "/pods", refusal(code, code == 400 ? "BadRequest" : "Invalid"));
        world->apply_check(check(30s, 25s));
        BOOST_TEST(result_is(outcome::could_not_start, 12s));
        BOOST_TEST(state()->errors.at(0).find("by the scenario") != std::string::npos);
        end();
    }
}

BOOST_AUTO_TEST_CASE(a_start_that_is_refused_fails_when_the_timeout_is_over) {
    // A quota, a missing service account, a namespace that is being deleted; 409; too many requests.
    const std::vector<std::pair<unsigned, const char*>> refusals{{403, "Forbidden"}, {409, "Conflict"}, {429, "TooManyRequests"}};
    for (const auto& [code, reason] : refusals) {
        begin();
        world->apply_check(check(60s, 20s));
        auto first_refusal = std::make_shared<simulation::time_point>();
        world->api().on_request = [this, first_refusal,
                                   what = refusal(code, reason)](const server_request& r) -> std::optional<fault> {
            if (r.method != "POST" || !r.path.ends_with("/pods"))
                return std::nullopt;
            if (*first_refusal == simulation::time_point{})
                *first_refusal = world->now();
            return what;
        };
        BOOST_TEST(result_is(outcome::could_not_start));
        const auto after = world->now() - *first_refusal;
        BOOST_TEST((after >= 20s && after < 25s), code << " was final after " << after / 1ms << " ms");
        end();
    }
}

BOOST_AUTO_TEST_CASE(an_edit_in_the_second_of_a_start_is_run_even_if_that_pod_is_gone_at_once) {
    begin();
    world->apply_check(check(600s));
    BOOST_TEST(pods_are(1));
    const auto pod = world->created_pods()[0];
    world->apply_check(edited(check(600s)));
    world->remove_pod({pod.check.ns, pod.name, pod.uid}, true);
    BOOST_TEST(pods_are(2, 5s));
    BOOST_TEST(world->created_pods().back().generation == 2);
    end();
}

BOOST_AUTO_TEST_CASE(a_pod_of_v2_that_vanishes_leaves_its_check_due) {
    prepare();
    pods_do(hangs());
    world->apply_check(check(30s, 20s));
    world->api().add_v2_state(web, true, world->api().wall() + 1);
    world->run_for(3s);
    world->api().add_v2_pod(web, "7f3a2d1c-0000-4000-8000-000000000002");
    world->start_controller();
    world->run_for(2s);
    pods_do(reports_after(1s));
    const auto pod = world->created_pods()[0];
    world->remove_pod({pod.check.ns, pod.name, pod.uid}, true);
    BOOST_TEST(pods_are(2, 40s));
    BOOST_TEST((!state()->how || state()->how == outcome::passed)); // nothing was made of it
    BOOST_TEST(result_is(outcome::passed));
    end();
}

BOOST_AUTO_TEST_CASE(a_result_of_v2_counts_when_the_next_run_is_due) {
    prepare();
    world->apply_check(check(60s));
    world->run_for(20s);
    world->api().add_v2_state(web, true, world->api().wall());
    world->start_controller();
    world->run_for(20s);
    BOOST_TEST(world->created_pods().empty());
    BOOST_TEST(pods_are(1, 75s));
    end();
}

BOOST_AUTO_TEST_CASE(a_job_is_not_run_while_a_check_has_its_name) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    world->apply_check(job());
    BOOST_TEST(pods_are(3, 100s));
    for (const auto& pod : world->created_pods())
        BOOST_TEST(!pod.name.ends_with("-j"));
    world->remove_check(web, workload::check);
    BOOST_TEST(until([&] { return world->created_pods().back().name.ends_with("-j"); }));
    end();
}

BOOST_AUTO_TEST_CASE(the_run_of_a_job_whose_name_a_check_takes_ends) {
    begin();
    pods_do(hangs());
    world->apply_check(job(60s));
    BOOST_TEST(pods_are(1));
    world->run_for(2s);
    pods_do(reports_after(1s));
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(!lives(world->created_pods()[0]));
    end();
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_behind_the_creation_of_a_job_does_not_matter_to_it) {
    begin();
    world->jump_clock(-3600s);
    pods_do(says_nothing(1s));
    world->apply_check(job());
    BOOST_TEST(result_is(outcome::ended_without_report));
    BOOST_TEST(world->created_pods().size() == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(an_edit_of_a_job_that_runs_is_ignored) {
    begin();
    pods_do(reports_after(5s));
    world->apply_check(job(30s));
    BOOST_TEST(pods_are(1));
    world->run_for(2s);
    world->apply_check(edited(job(30s)));
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(10s);
    world->apply_check(edited(edited(job(30s))));
    world->run_for(10s);
    BOOST_TEST(world->created_pods().size() == 1u);
    end();
}

BOOST_AUTO_TEST_SUITE_END()
