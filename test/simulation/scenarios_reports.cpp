#include "simulation/scenario.hpp"

// What becomes of reports (run protocol, sections 4, 5.1 and 5.2).

using namespace simulation_test;

namespace {

kubelet::fate says(std::vector<kubelet::planned_report> reports, proto_http::duration end = 3s) {
    kubelet::fate f;
    f.start_delay = 100ms;
    f.reports = std::move(reports);
    f.end_at = end;
    return f;
}

kubelet::planned_report report_at(proto_http::duration at, bool ok = true) {
    kubelet::planned_report r;
    r.at = at;
    r.ok = ok;
    if (!ok)
        r.error = "no";
    return r;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(scenarios_reports, scenario)

BOOST_AUTO_TEST_CASE(a_report_that_is_faster_than_the_watch_waits_for_it) {
    begin();
    pods_do(reports_after(100ms));
    world->api().on_request = [this](const server_request& r) -> std::optional<fault> {
        if (r.method != "POST" || !r.path.ends_with("/pods"))
            return std::nullopt;
        world->api().stall(true); // neither its answer nor the watch arrives
        return fault();
    };
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    world->run_for(3s);
    BOOST_TEST(world->answers().empty());
    none();
    world->api().stall(false);
    BOOST_TEST(answers_are({200}, 5s));
    end();
}

BOOST_AUTO_TEST_CASE(a_secret_that_is_nobodys_is_asked_to_come_again) {
    begin();
    auto forged = report_at(1s, false);
    forged.wrong_secret = true;
    forged.patience = 1s;
    pods_do(says({forged, report_at(8s)}, 9s));
    world->apply_check(check(60s, 30s));
    BOOST_TEST(answers_are({503, 200}));
    BOOST_TEST(state()->ok);
    end();
}

BOOST_AUTO_TEST_CASE(a_report_without_the_header_is_known_by_its_address) {
    begin();
    auto silent = report_at(1s);
    silent.no_header = true;
    pods_do(says({silent}));
    world->apply_check(check());
    BOOST_TEST(answers_are({200}));
    end();
}

BOOST_AUTO_TEST_CASE(a_report_at_one_replica_wins_over_the_timeout_that_another_writes) {
    begin();
    about.faults.overlap = 1s;
    world->start_controller();
    world->reports_to = 1;
    pods_do(says({report_at(9s)}, 40s));
    world->apply_check(check(60s, 10s));
    BOOST_TEST(pods_are(1));
    next("POST", "/khstates", delayed(5s)); // the report's write: the other's comes before it
    BOOST_TEST(result_is(outcome::timed_out_before_report, 14s));
    BOOST_TEST(answers_are({200}, 10s));
    BOOST_TEST((state()->how == outcome::passed));
    end();
}

BOOST_AUTO_TEST_CASE(a_report_whose_client_gave_up_is_written_all_the_same) {
    begin();
    auto hasty = report_at(1s);
    hasty.patience = 10s;
    pods_do(says({hasty}, 2s));
    world->apply_check(check(300s));
    BOOST_TEST(pods_are(1));
    world->run_for(200ms);
    world->api().go_down();
    BOOST_TEST(answers_are({503}));
    world->run_for(30s);
    world->api().come_back();
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(world->answers().size() == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(a_resend_joins_the_report_that_waits) {
    begin();
    pods_do(says({report_at(1s)}, 2s)); // its client goes on for a minute
    world->apply_check(check(300s));
    BOOST_TEST(pods_are(1));
    world->run_for(200ms);
    world->api().go_down();
    BOOST_TEST(answers_are({503}));
    world->run_for(10s); // far beyond the deadline: the resend is held now
    world->api().come_back();
    BOOST_TEST(answers_are({503, 200}));
    BOOST_TEST(world->outcome().results == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(nothing_is_inferred_while_a_report_waits) {
    begin();
    pods_do(says({report_at(9s)}, 9500ms));
    world->apply_check(check(60s, 10s));
    BOOST_TEST(pods_are(1));
    world->run_for(5s);
    each("POST", "/khstates", refusal(503, "ServiceUnavailable")); // writes fail, everything else works
    world->run_for(15s);
    none();
    BOOST_TEST(answers_are({200}));
    BOOST_TEST(world->outcome().results == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(a_repeat_is_answered_without_a_write_and_another_report_of_the_same_run_is_refused) {
    begin();
    pods_do(says({report_at(1s), report_at(2s), report_at(3s, false)}, 4s));
    world->apply_check(check(60s, 20s));
    BOOST_TEST(answers_are({200, 200, 400}));
    BOOST_TEST(world->outcome().results == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(a_report_after_its_deadline_is_refused) {
    begin();
    pods_do(says({report_at(10500ms)}, 20s));
    world->apply_check(check(60s, 10s));
    BOOST_TEST(answers_are({400}));
    BOOST_TEST((state()->how == outcome::timed_out_before_report));
    end();
}

BOOST_AUTO_TEST_CASE(a_report_that_cannot_be_stored_becomes_a_short_one_that_says_so) {
    for (auto [code, reason] : {std::pair(413u, "RequestEntityTooLarge"), std::pair(422u, "Invalid")}) {
        begin();
        next("POST", "/khstates", refusal(code, reason));
        world->apply_check(check());
        BOOST_TEST(result_is(outcome::failed));
        BOOST_TEST(state()->errors.at(0).find("the report could not be stored") != std::string::npos);
        BOOST_TEST(answers_are({400}));
        end();
    }
}

BOOST_AUTO_TEST_CASE(a_state_that_is_deleted_while_its_write_is_under_way_is_created_again) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(2, 100s));
    next("PATCH", "/khstates", delayed(2s));
    BOOST_TEST(until([&] { return !world->api().on_request; })); // the write is under way
    world->remove_state(web);
    BOOST_TEST(answers_are({200, 200}));
    BOOST_TEST(result_is(outcome::passed, 1s));
    end();
}

BOOST_AUTO_TEST_CASE(a_state_that_is_edited_by_hand_is_overwritten_by_the_next_run) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(3s);
    world->edit_state(web);
    BOOST_TEST(!state()->ok);
    BOOST_TEST(until([&] { return state()->ok; }));
    BOOST_TEST(world->created_pods().size() == 2u);
    end();
}

BOOST_AUTO_TEST_CASE(a_report_does_not_join_the_waiting_report_of_an_older_slot) {
    about.faults.overlap = 1s;
    begin();
    world->start_controller();
    const auto first = world->controller().name();
    world->reports_to = 0;
    world->controller().runtime().own_address = "10.9.9.9";
    world->controller().runtime().reset_connections();
    // The first replica cannot write; the second ends its slot and starts the next one.
    world->api().on_request = [](const server_request& r) -> std::optional<fault> {
        const bool is_its_write = r.remote_address == "10.9.9.9" && r.path.find("/khstates") != std::string::npos &&
                                  (r.method == "POST" || r.method == "PATCH");
        return is_its_write ? std::optional(lost_request()) : std::nullopt;
    };
    world->run_for(2s);
    pods_do(says({report_at(2s)}, 40s));
    world->apply_check(check(30s, 10s));
    BOOST_TEST(pods_are(1));
    BOOST_TEST(result_is(outcome::timed_out_before_report, 20s));
    BOOST_TEST(pods_are(2, 40s));
    const auto asked = world->answers().size();
    BOOST_TEST(until([&] { return world->answers().size() > asked; }, 8s));
    BOOST_TEST(world->answers().back() == 503u);
    world->reports_to.reset();
    none();
    BOOST_TEST(until([&] { return world->answers().back() == 200u; }));
    end();
}

BOOST_AUTO_TEST_CASE(a_report_at_a_replica_that_has_not_seen_the_check_yet_is_not_refused) {
    about.faults.overlap = 1s;
    begin();
    world->start_controller();
    world->reports_to = 0;
    world->controller().runtime().own_address = "10.9.9.9";
    world->api().on_request = [](const server_request& r) -> std::optional<fault> {
        return r.remote_address == "10.9.9.9" && r.path.ends_with("/khchecks") ? std::optional(lost_request()) : std::nullopt;
    };
    world->run_for(1s);
    world->controller().runtime().reset_connections();
    world->apply_check(check(60s, 30s));
    BOOST_TEST(pods_are(1));
    world->run_for(6s);
    for (auto status : world->answers())
        BOOST_TEST(status != 400u);
    none();
    BOOST_TEST(result_is(outcome::passed, 40s));
    end();
}

BOOST_AUTO_TEST_CASE(a_report_of_a_check_that_is_deleted_meanwhile_leaves_no_state) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    each("GET", "/khchecks?", lost_request()); // the watch is away, single reads are not
    world->api().runtime().reset_connections();
    world->remove_check(web, workload::check);
    world->run_for(6s);
    BOOST_TEST(!state());
    none();
    end();
}

BOOST_AUTO_TEST_CASE(a_stop_waits_for_a_report_that_is_being_written) {
    begin();
    world->apply_check(check());
    BOOST_TEST(pods_are(1));
    next("POST", "/khstates", delayed(5s));
    BOOST_TEST(until([&] { return !world->api().on_request; }));
    world->stop_controller();
    BOOST_TEST(world->answers() == std::vector<unsigned>{200});
    BOOST_TEST((state()->how == outcome::passed));
    world->start_controller();
    end();
}

BOOST_AUTO_TEST_CASE(a_report_to_a_process_that_is_stopped_past_the_deadline_is_taken_when_that_goes_on) {
    about.faults.pause = 60s;
    begin();
    world->apply_check(check(30s, 5s));
    BOOST_TEST(pods_are(1));
    world->run_for(1s); // a second before it reports
    world->controller().is_paused = true;
    world->run_for(9s);
    BOOST_TEST(world->answers().empty());
    world->controller().is_paused = false;
    BOOST_TEST(answers_are({200}));
    BOOST_TEST((state()->how == outcome::passed));
    end();
}

BOOST_AUTO_TEST_SUITE_END()
