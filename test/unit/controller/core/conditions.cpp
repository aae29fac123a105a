#include "bench.hpp"

using namespace core_test;

namespace {

bench serving_bench(decider_settings settings = {}) {
    bench b = synced_bench(settings);
    b.tell(conditions_served{true});
    return b;
}

check_view check_of(std::string version = "5") {
    check_view check = make_check();
    check.resource_version = std::move(version);
    return check;
}

/// The API server takes it, and the watch tells.
set_condition accept_condition(bench& b, check_view& check) {
    const set_condition order = b.take<set_condition>();
    check.resource_version = std::to_string(std::stoi(order.resource_version) + 1);
    check.ready = order.ready;
    condition_done done;
    done.key = order.key;
    done.id = order.id;
    done.answer = condition_answer::written;
    done.check = check;
    b.tell(done);
    b.tell(check_applied{check});
    return order;
}

void refuse_condition(bench& b, condition_answer how, std::string message = "403 Forbidden") {
    const set_condition order = b.take<set_condition>();
    condition_done done;
    done.key = order.key;
    done.id = order.id;
    done.answer = how;
    done.message = std::move(message);
    b.tell(done);
}

run_result run_once(bench& b, bool ok, std::vector<std::string> errors = {}) {
    for (int i = 0; i < 100 && !b.has<create_pod>(); ++i)
        b.advance(1s);
    const pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    b.report(pod, ok, std::move(errors));
    const run_result result = b.accept_write().result;
    b.tell(pod_applied{b.ended(pod)});
    return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(core_conditions)

BOOST_AUTO_TEST_CASE(without_the_status_subresource_nothing_is_written) {
    for (const bool is_answered : {false, true}) {
        bench b = synced_bench();
        if (is_answered)
            b.tell(conditions_served{false});
        b.tell(check_applied{check_of()});
        run_once(b, true);
        b.advance(5min);
        BOOST_TEST(!b.has<set_condition>());
    }
}

// Two replicas that both act, one of them with an older result before its eyes.
BOOST_AUTO_TEST_CASE(a_condition_that_somebody_else_writes_as_well_is_not_fought_for) {
    bench b = serving_bench();
    check_view check = check_of();
    b.tell(check_applied{check});
    std::size_t written = 0;
    for (int i = 0; i < 1000; ++i) {
        while (b.has<set_condition>()) {
            accept_condition(b, check);
            ++written;
            check.resource_version = std::to_string(std::stoi(check.resource_version) + 1);
            check.ready->reason = "Otherwise";
            b.tell(check_applied{check});
        }
        b.advance(60ms);
    }
    BOOST_TEST(written > 5u);
    BOOST_TEST(written < 20u);
    b.advance(20s);
    accept_condition(b, check);
    BOOST_TEST(check.ready->reason == "Pending");
}

BOOST_AUTO_TEST_CASE(a_check_is_unknown_until_its_first_result_and_then_ready) {
    bench b = serving_bench();
    check_view check = check_of();
    b.tell(check_applied{check});
    const set_condition pending = accept_condition(b, check);
    BOOST_TEST(pending.ready.status == "Unknown");
    BOOST_TEST(pending.ready.reason == "Pending");
    BOOST_TEST(pending.ready.observed_generation == 1);
    BOOST_TEST(pending.resource_version == "5");
    run_once(b, true);
    const set_condition passed = accept_condition(b, check);
    BOOST_TEST(passed.ready.status == "True");
    BOOST_TEST(passed.ready.reason == "Passed");
    BOOST_TEST(passed.resource_version == "6");
    BOOST_TEST(passed.ready.since == b.wall());
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_like_the_one_before_writes_nothing) {
    bench b = serving_bench();
    check_view check = check_of();
    b.tell(check_applied{check});
    accept_condition(b, check);
    run_once(b, true);
    accept_condition(b, check);
    run_once(b, true);
    const run_result last = run_once(b, true);
    BOOST_TEST(!b.has<set_condition>());
    // Nor does a restart.
    bench after;
    after.clock = b.clock;
    after.tell(check_applied{check});
    after.tell(state_applied{after.state_of(last)});
    after.sync();
    after.tell(conditions_served{true});
    BOOST_TEST(!after.has<set_condition>());
}

BOOST_AUTO_TEST_CASE(the_time_of_transition_moves_only_with_the_status) {
    bench b = serving_bench();
    check_view check = check_of();
    b.tell(check_applied{check});
    accept_condition(b, check);
    run_once(b, false, {"first"});
    const set_condition first = accept_condition(b, check);
    BOOST_TEST(first.ready.status == "False");
    BOOST_TEST(first.ready.message == "first");
    run_once(b, false, {"second"});
    const set_condition second = accept_condition(b, check);
    BOOST_TEST(second.ready.message == "second");
    BOOST_TEST(second.ready.since == first.ready.since);
    run_once(b, true);
    BOOST_TEST(accept_condition(b, check).ready.since == b.wall());
}

BOOST_AUTO_TEST_CASE(after_an_edit_the_condition_is_of_the_old_generation_until_its_first_result) {
    bench b = serving_bench();
    check_view check = check_of();
    b.tell(check_applied{check});
    accept_condition(b, check);
    run_once(b, true);
    accept_condition(b, check);
    check.generation = 2;
    check.resource_version = "20";
    b.tell(check_applied{check});
    BOOST_TEST(!b.has<set_condition>());
    run_once(b, true);
    const set_condition edited = accept_condition(b, check);
    BOOST_TEST(edited.ready.observed_generation == 2);
    BOOST_TEST(edited.resource_version == "20");
}

BOOST_AUTO_TEST_CASE(a_stale_check_is_unknown) {
    bench b = serving_bench();
    check_view check = check_of();
    b.tell(check_applied{check});
    accept_condition(b, check);
    run_once(b, true);
    accept_condition(b, check);
    b.advance(5min);
    const set_condition stale = b.take<set_condition>();
    BOOST_TEST(stale.ready.status == "Unknown");
    BOOST_TEST(stale.ready.reason == "Stale");
}

BOOST_AUTO_TEST_CASE(what_others_wrote_goes_with_it) {
    bench b = serving_bench();
    check_view check = check_of();
    check.other_conditions = R"([{"type":"Approved"}])";
    b.tell(check_applied{check});
    BOOST_TEST(b.take<set_condition>().other_conditions == check.other_conditions);
}

BOOST_AUTO_TEST_CASE(a_conflict_is_written_anew_on_what_the_watch_tells) {
    bench b = serving_bench();
    check_view check = check_of();
    b.tell(check_applied{check});
    refuse_condition(b, condition_answer::conflict);
    check.resource_version = "9";
    b.tell(check_applied{check});
    b.advance(1s);
    BOOST_TEST(b.take<set_condition>().resource_version == "9");
    BOOST_TEST(!b.has<write_log>());
}

BOOST_AUTO_TEST_CASE(a_missing_right_is_one_line_a_minute_and_a_try_in_ten_minutes) {
    bench b = serving_bench();
    for (int i = 0; i < 3; ++i) {
        check_view check = make_check("web-" + std::to_string(i), "uid-" + std::to_string(i));
        check.resource_version = "5";
        check.interval = 24h;
        b.tell(check_applied{check});
        refuse_condition(b, condition_answer::refused);
    }
    BOOST_TEST(b.all<write_log>().size() == 1u);
    b.advance(9min);
    BOOST_TEST(!b.has<set_condition>());
    b.advance(4min);
    BOOST_TEST(b.all<set_condition>().size() == 3u);
}

BOOST_AUTO_TEST_CASE(four_are_written_at_once_and_the_others_follow) {
    bench b = serving_bench();
    std::vector<check_view> checks;
    for (int i = 0; i < 10; ++i) {
        checks.push_back(make_check("web-" + std::to_string(i), "uid-" + std::to_string(i)));
        checks.back().resource_version = "5";
        b.tell(check_applied{checks.back()});
    }
    BOOST_TEST(b.all<set_condition>().size() == 4u);
    std::set<std::string> written;
    for (int i = 0; i < 10; ++i) {
        const std::string name = b.all<set_condition>().front().key.name;
        accept_condition(b, *std::find_if(checks.begin(), checks.end(), [&](const auto& c) { return c.key.name == name; }));
        written.insert(name);
    }
    BOOST_TEST(written.size() == 10u);
    BOOST_TEST(!b.has<set_condition>());
}

BOOST_AUTO_TEST_CASE(one_that_is_deleted_while_it_waits_or_is_written_leaves_the_others_their_turn) {
    bench b = serving_bench();
    std::vector<check_view> checks;
    for (int i = 0; i < 6; ++i) {
        checks.push_back(make_check("web-" + std::to_string(i), "uid-" + std::to_string(i)));
        checks.back().resource_version = "5";
        b.tell(check_applied{checks.back()});
    }
    b.tell(check_deleted{checks[4].key, workload::check, checks[4].uid}); // it waits
    b.tell(check_deleted{checks[0].key, workload::check, checks[0].uid}); // its write is under way
    refuse_condition(b, condition_answer::refused, {});
    BOOST_TEST(b.all<set_condition>().back().key.name == "web-5");
    BOOST_TEST(!b.has<write_log>());
}

BOOST_AUTO_TEST_CASE(an_old_event_of_the_watch_does_not_hide_what_was_written) {
    bench b = serving_bench();
    check_view check = check_of();
    b.tell(check_applied{check});
    const check_view before = check;
    accept_condition(b, check);
    b.tell(check_applied{before});
    BOOST_TEST(!b.has<set_condition>());
}

BOOST_AUTO_TEST_CASE(a_follower_and_a_draining_process_write_none) {
    decider_settings settings;
    settings.leader_until = time_point();
    bench b = serving_bench(settings);
    b.tell(check_applied{check_of()});
    BOOST_TEST(!b.has<set_condition>());
    bench d = serving_bench();
    d.tell(draining{});
    d.tell(check_applied{check_of()});
    BOOST_TEST(!d.has<set_condition>());
}

BOOST_AUTO_TEST_CASE(a_job_has_no_condition) {
    bench b = serving_bench();
    check_view job = check_of();
    job.kind = workload::job;
    b.tell(check_applied{job});
    BOOST_TEST(!b.has<set_condition>());
}

BOOST_AUTO_TEST_SUITE_END()
