#include "simulation/scenario.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

// What becomes of objects over time and under other people's hands: jobs that age, Events and conditions, states that lose what
// they carried, namespaces that go.

using namespace simulation_test;

namespace {

class objects : public scenario {
public:
    /// The reason of the condition Ready, or nothing.
    std::string ready() {
        for (const auto& one : world->api().stored("khchecks.comcast.github.io")) {
            const auto* status = one.if_contains("status");
            if (status && status->get_object().contains("conditions"))
                return std::string(status->at("conditions").at(0).at("reason").as_string());
        }
        return {};
    }
    std::vector<std::string> events() {
        std::vector<std::string> reasons;
        for (const auto& event : world->api().stored("events"))
            reasons.emplace_back(event.at("reason").as_string());
        return reasons;
    }
    bool has_event(const std::string& reason) {
        const auto all = events();
        return std::find(all.begin(), all.end(), reason) != all.end();
    }
    std::size_t jobs() { return world->api().stored("khjobs.comcast.github.io").size(); }
};

kubelet::fate says_no() {
    auto f = reports_after(1s);
    f.reports.front().ok = false;
    f.reports.front().error = "no";
    return f;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(scenarios_objects, objects)

BOOST_AUTO_TEST_CASE(a_finished_job_goes_when_its_age_is_over_and_takes_its_pod_and_its_state_along) {
    begin();
    world->apply_check(job());
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(15min - 10s);
    BOOST_TEST(jobs() == 1u);
    world->run_for(15s);
    BOOST_TEST(jobs() == 0u);
    BOOST_TEST(until([&] { return !state() && world->books().living_pods().empty(); }));
    end();
}

BOOST_AUTO_TEST_CASE(a_finished_job_whose_age_was_over_during_an_outage_goes_after_it) {
    begin();
    world->apply_check(job());
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(5s);
    world->api().go_down();
    world->run_for(20min);
    BOOST_TEST(jobs() == 1u);
    world->api().come_back();
    BOOST_TEST(until([&] { return jobs() == 0; }));
    end();
}

BOOST_AUTO_TEST_CASE(a_conflict_on_the_delete_of_a_job_is_decided_anew) {
    begin();
    world->apply_check(job());
    BOOST_TEST(result_is(outcome::passed));
    next("DELETE", "/khjobs", refusal(409, "Conflict"));
    BOOST_TEST(until([&] { return jobs() == 0; }, 16min));
    end();
}

BOOST_AUTO_TEST_CASE(an_outcome_that_changes_is_an_event_and_a_condition_and_one_that_does_not_is_neither) {
    begin();
    world->apply_check(check());
    BOOST_TEST(until([&] { return ready() == "Pending"; }));
    BOOST_TEST(until([&] { return ready() == "Passed"; }));
    world->run_for(95s);
    BOOST_TEST(events().empty());
    pods_do(says_no());
    BOOST_TEST(until([&] { return has_event("Failed") && ready() == "Failed"; }));
    world->run_for(95s);
    BOOST_TEST(events().size() == 1u);
    pods_do(reports_after(1s));
    BOOST_TEST(until([&] { return has_event("Recovered") && ready() == "Passed"; }));
    end();
}

BOOST_AUTO_TEST_CASE(what_an_outage_kept_back_is_told_after_it) {
    begin();
    world->apply_check(check());
    BOOST_TEST(until([&] { return ready() == "Passed"; }));
    world->api().go_down();
    world->run_for(100s);
    world->api().come_back();
    BOOST_TEST(until([&] { return has_event("Stale") && has_event("Recovered"); }, 4min));
    BOOST_TEST(until([&] { return ready() == "Passed"; }));
    end();
}

BOOST_AUTO_TEST_CASE(refused_events_and_conditions_are_in_nobodys_way) {
    begin();
    world->api().on_request = [](const server_request& r) -> std::optional<fault> {
        const bool is_told = r.path.ends_with("/status") || r.path.find("/events") != std::string::npos;
        return is_told ? std::optional(refusal(403, "Forbidden")) : std::nullopt;
    };
    pods_do(says_no());
    world->apply_check(check());
    BOOST_TEST(pods_are(3, 120s));
    BOOST_TEST(result_is(outcome::failed));
    BOOST_TEST(events().empty());
    none();
    end();
}

BOOST_AUTO_TEST_CASE(a_job_whose_spec_is_broken_while_it_runs_ends_as_it_began) {
    begin();
    world->apply_check(job());
    BOOST_TEST(pods_are(1));
    world->run_for(300ms);
    auto broken = edited(job());
    broken.is_valid = false;
    world->apply_check(broken);
    BOOST_TEST(result_is(outcome::passed));
    BOOST_TEST(until([&] { return has_event("SpecChangeIgnored"); }));
    BOOST_TEST(world->created_pods().size() == 1u);
    end();
}

BOOST_AUTO_TEST_CASE(a_job_runs_when_the_check_of_its_name_is_gone) {
    begin();
    world->apply_check(check(600s));
    BOOST_TEST(result_is(outcome::passed));
    world->apply_check(job());
    BOOST_TEST(until([&] { return has_event("NameTaken"); }));
    world->run_for(30s);
    BOOST_TEST(world->created_pods().size() == 1u);
    world->remove_check(web, workload::check);
    BOOST_TEST(pods_are(2));
    end();
}

BOOST_AUTO_TEST_CASE(a_state_whose_annotations_are_gone_keeps_the_schedule) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    world->run_for(3s);
    world->api().edit_state(web, [](boost::json::object& now) { now["metadata"].get_object().erase("annotations"); });
    world->run_for(5s);
    BOOST_TEST(world->created_pods().size() == 1u);
    BOOST_TEST(until([&] { return state()->slot.has_value(); }));
    BOOST_TEST(world->created_pods().size() == 2u);
    end();
}

BOOST_AUTO_TEST_CASE(in_a_namespace_that_is_being_deleted_nothing_is_left) {
    begin();
    world->apply_check(check());
    BOOST_TEST(result_is(outcome::passed));
    each("POST", "/pods", refusal(403, "Forbidden")); // "because it is being terminated"
    world->run_for(35s);
    BOOST_TEST(world->created_pods().size() == 1u);
    world->remove_check(web, workload::check); // the namespace's controller does, and removes the rest in any order
    world->run_for(10s);
    BOOST_TEST(!state());
    BOOST_TEST(world->books().living_pods().empty());
    none();
    end();
}

BOOST_AUTO_TEST_SUITE_END()
