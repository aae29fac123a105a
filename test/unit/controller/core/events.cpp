#include "bench.hpp"

using namespace core_test;

namespace {

std::vector<std::string> reasons(const bench& b) {
    std::vector<std::string> found;
    for (const record_event& event : b.all<record_event>())
        found.push_back(event.reason);
    return found;
}

std::vector<write_log> lines(const bench& b, std::string_view message) {
    std::vector<write_log> found;
    for (const write_log& line : b.all<write_log>())
        if (line.message == message)
            found.push_back(line);
    return found;
}

std::string field(const write_log& line, std::string_view name) {
    for (const auto& [key, value] : line.fields)
        if (key == name)
            return value;
    return "(none)";
}

/// Brings the next run of the check to its report.
void run_once(bench& b, bool ok, std::vector<std::string> errors = {}) {
    for (int i = 0; i < 100 && !b.has<create_pod>(); ++i)
        b.advance(1s);
    const pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    b.report(pod, ok, std::move(errors));
    b.accept_write();
    b.tell(pod_applied{b.ended(pod)});
}

using texts = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(core_events)

BOOST_AUTO_TEST_CASE(an_event_is_recorded_when_the_outcome_changes_and_only_then) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    run_once(b, true);
    run_once(b, true);
    BOOST_TEST(reasons(b) == texts{}, boost::test_tools::per_element());
    run_once(b, false, {"the target said 503", "a second"});
    const record_event failed = b.take<record_event>();
    BOOST_TEST(failed.is_warning);
    BOOST_TEST(failed.reason == "Failed");
    BOOST_TEST(failed.message == "the target said 503; a second");
    BOOST_TEST(failed.uid == "uid-1");
    BOOST_TEST((failed.kind == workload::check));
    run_once(b, false, {"the target said 504"});
    BOOST_TEST(reasons(b) == texts{}, boost::test_tools::per_element());
    run_once(b, true);
    const record_event recovered = b.take<record_event>();
    BOOST_TEST(!recovered.is_warning);
    BOOST_TEST(recovered.reason == "Recovered");
    BOOST_TEST(recovered.message.find("Failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_first_run_that_fails_is_told_and_so_is_another_kind_of_failure) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    run_once(b, false, {"no"});
    b.advance(61s);
    b.tell(pod_applied{b.running(b.answer_create())});
    b.advance(31s);
    b.accept_write();
    BOOST_TEST(reasons(b) == (texts{"Failed", "TimedOutBeforeReport"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_stored_before_the_start_is_no_news) {
    bench b;
    const check_view check = make_check();
    b.tell(check_applied{check});
    state_view state;
    state.key = check.key;
    state.uid = "s";
    state.resource_version = "9";
    state.errors = {"no"};
    state.last_run = epoch + 1;
    state.owner_uid = check.uid;
    state.slot = epoch + 1;
    state.how = outcome::failed;
    b.tell(state_applied{state});
    b.sync();
    BOOST_TEST(reasons(b) == texts{}, boost::test_tools::per_element());
    BOOST_TEST(lines(b, "run ended").empty());
    run_once(b, true);
    BOOST_TEST(reasons(b) == texts{"Recovered"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_result_that_another_replica_stored_is_told_by_the_leader) {
    for (const bool leads : {true, false}) {
        decider_settings settings;
        settings.leader_until = leads ? proto_http::never : time_point();
        bench b = synced_bench(settings);
        const check_view check = make_check();
        b.tell(check_applied{check});
        run_result result;
        result.key = check.key;
        result.check_uid = check.uid;
        result.slot = epoch + 5;
        result.finished = epoch + 6;
        result.how = outcome::failed;
        result.content.errors = {"no"};
        b.tell(state_applied{b.state_of(result)});
        b.tell(state_applied{b.state_of(result)});
        BOOST_TEST(reasons(b).size() == (leads ? 1u : 0u));
        BOOST_TEST(lines(b, "run ended").size() == (leads ? 1u : 0u));
    }
}

BOOST_AUTO_TEST_CASE(a_check_that_turns_stale_says_so_once_and_recovers) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    run_once(b, true);
    // Nobody answers the creates any more.
    b.advance(5min);
    const record_event stale = b.take<record_event>();
    BOOST_TEST(stale.reason == "Stale");
    BOOST_TEST(stale.is_warning);
    BOOST_TEST(stale.message.find("no result since") != std::string::npos);
    BOOST_TEST(reasons(b) == texts{}, boost::test_tools::per_element());
    const create_pod order = b.all<create_pod>().back();
    pod_view pod = b.pod_of(order);
    b.answer_create(order, create_answer::created, pod);
    b.report(pod);
    b.accept_write();
    BOOST_TEST(b.take<record_event>().message == "passed; before, it was Stale");
}

BOOST_AUTO_TEST_CASE(starts_are_recorded_only_where_it_is_asked_for) {
    for (const bool asked : {false, true}) {
        decider_settings settings;
        settings.run_start_events = asked;
        bench b = synced_bench(settings);
        b.start_first_run(make_check());
        BOOST_TEST(reasons(b) == (asked ? texts{"RunStarted"} : texts{}), boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_job_whose_name_a_check_has_says_so_once) {
    bench b = synced_bench();
    check_view job = make_check("web", "job-uid");
    job.kind = workload::job;
    b.tell(check_applied{make_check()});
    b.tell(check_applied{job});
    b.advance(20s);
    const record_event event = b.take<record_event>();
    BOOST_TEST(event.reason == "NameTaken");
    BOOST_TEST(event.uid == "job-uid");
    BOOST_TEST((event.kind == workload::job));
    BOOST_TEST(!b.has<record_event>());
    BOOST_TEST(lines(b, "a check and a job have one name: the job is not run").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_replica_that_takes_over_tells_of_a_name_that_two_have) {
    decider_settings settings;
    settings.leader_until = time_point();
    bench b = synced_bench(settings);
    check_view job = make_check("web", "job-uid");
    job.kind = workload::job;
    b.tell(check_applied{make_check()});
    b.tell(check_applied{job});
    BOOST_TEST(!b.has<record_event>());
    b.tell(leadership_changed{proto_http::never});
    BOOST_TEST(b.take<record_event>().reason == "NameTaken");
}

BOOST_AUTO_TEST_CASE(a_job_that_is_changed_after_its_start_says_that_it_is_ignored) {
    bench b = synced_bench();
    check_view job = make_check("web", "job-uid");
    job.kind = workload::job;
    b.tell(check_applied{job});
    b.tell(pod_applied{b.running(b.answer_create())});
    job.spec_hash = 7;
    b.tell(check_applied{job});
    BOOST_TEST(b.take<record_event>().reason == "SpecChangeIgnored");
    job.phase = "Running"; // ours
    b.tell(check_applied{job});
    BOOST_TEST(!b.has<record_event>());
}

BOOST_AUTO_TEST_CASE(a_message_is_one_line_of_a_kilobyte_cut_between_characters) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    std::string error = "first\nsecond ";
    while (error.size() < 4000)
        error += "ü";
    run_once(b, false, {error, "more"});
    const std::string message = b.take<record_event>().message;
    BOOST_TEST(message.size() <= 1024u);
    BOOST_TEST(message.size() > 1000u);
    BOOST_TEST(message.starts_with("first second üü"));
    BOOST_TEST(message.ends_with("ü … (cut)"));
}

BOOST_AUTO_TEST_CASE(a_run_has_one_line_at_its_start_and_one_at_its_end) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    run_once(b, false, {"no"});
    b.advance(1s);
    const auto started = lines(b, "run started");
    const auto ended = lines(b, "run ended");
    BOOST_TEST_REQUIRE(started.size() == 1u);
    BOOST_TEST_REQUIRE(ended.size() == 1u);
    BOOST_TEST(b.all<write_log>().size() == 2u);
    BOOST_TEST(field(started[0], "check") == "web");
    BOOST_TEST(field(started[0], "namespace") == "default");
    BOOST_TEST(field(started[0], "uuid") == field(ended[0], "uuid"));
    BOOST_TEST(field(ended[0], "node") == "node-1");
    BOOST_TEST(field(ended[0], "result") == "Failed");
    BOOST_TEST((ended[0].level == log_level::warning));
}

BOOST_AUTO_TEST_CASE(a_superseded_run_has_its_line_too) {
    bench b = synced_bench();
    check_view check = make_check();
    const pod_view pod = b.start_first_run(check);
    check.generation = 2;
    b.tell(check_applied{check});
    b.advance(2s);
    const auto ended = lines(b, "run ended");
    BOOST_TEST_REQUIRE(ended.size() == 1u);
    BOOST_TEST(field(ended[0], "uuid") == pod.run_id);
    BOOST_TEST(field(ended[0], "result") == "Superseded");
}

BOOST_AUTO_TEST_SUITE_END()
