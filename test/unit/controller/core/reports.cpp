#include "bench.hpp"

using namespace core_test;

namespace {

void answers(bench& b, report_id id, report_answer expected, std::string_view reason = {}) {
    const answer_report answer = b.take<answer_report>();
    BOOST_TEST(answer.id == id);
    BOOST_TEST((answer.answer == expected));
    BOOST_TEST(answer.reason.find(reason) != std::string::npos);
}

} // namespace

BOOST_AUTO_TEST_SUITE(core_reports)

BOOST_AUTO_TEST_CASE(a_repeat_that_equals_what_is_stored_is_200_without_a_write) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    answers(b, (b.report(pod, false, {"no"}), b.accept_write(), 1), report_answer::stored);
    answers(b, b.report(pod, false, {"no"}), report_answer::stored);
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(a_different_second_report_of_a_run_is_refused) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod, false, {"no"});
    b.accept_write();
    b.forget_actions();
    answers(b, b.report(pod, true), report_answer::refused, "already stored");
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(a_resend_joins_the_write_that_is_under_way) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    const report_id first = b.report(pod);
    const report_id second = b.report(pod);
    const report_id other = b.report(pod, false, {"no"});
    b.accept_write();
    BOOST_TEST(!b.has<write_result>());
    answers(b, first, report_answer::stored);
    answers(b, second, report_answer::stored);
    answers(b, other, report_answer::refused, "another report");
}

BOOST_AUTO_TEST_CASE(a_secret_that_no_pod_carries_is_held_five_seconds_and_then_503) {
    bench b = synced_bench();
    pod_view unknown;
    unknown.secret = "never seen";
    const report_id id = b.report(unknown);
    b.advance(4900ms);
    BOOST_TEST(!b.has<answer_report>());
    b.advance(200ms);
    answers(b, id, report_answer::later);
}

BOOST_AUTO_TEST_CASE(a_report_that_is_faster_than_the_watch_waits_for_it) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    b.advance(11s);
    const create_pod order = b.take<create_pod>();
    pod_view pod = b.running(b.pod_of(order));
    const report_id id = b.report(pod);
    BOOST_TEST(!b.has<write_result>());
    b.tell(pod_applied{pod});
    b.accept_write();
    answers(b, id, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(a_report_of_a_check_that_no_watch_has_shown_yet_waits_for_it) {
    bench other = synced_bench();
    const pod_view pod = other.start_first_run(make_check()); // another replica's run
    bench b = synced_bench();
    b.tell(pod_applied{pod});
    const report_id early = b.report(pod);
    BOOST_TEST(!b.has<answer_report>());
    b.tell(check_applied{make_check()});
    b.accept_write();
    answers(b, early, report_answer::stored);
    bench late = synced_bench();
    late.tell(pod_applied{pod});
    const report_id never = late.report(pod);
    late.advance(6s);
    answers(late, never, report_answer::later);
}

BOOST_AUTO_TEST_CASE(holds_are_capped_in_number) {
    decider_settings settings;
    settings.held_max = 3;
    bench b = synced_bench(settings);
    pod_view unknown;
    unknown.secret = "never seen";
    for (int i = 0; i < 3; ++i)
        b.report(unknown);
    BOOST_TEST(!b.has<answer_report>());
    answers(b, b.report(unknown), report_answer::later);
}

BOOST_AUTO_TEST_CASE(a_report_without_the_header_is_known_by_its_address_if_exactly_one_open_run_has_it) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    const report_id id = b.report_from(pod.ip);
    b.accept_write();
    answers(b, id, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(an_address_is_not_trusted_when_it_is_shared_on_the_host_or_of_a_container_that_ended) {
    struct {
        const char* name;
        void (*shape)(pod_view&);
    } cases[] = {
        {"on the host's network", [](pod_view& p) { p.host_network = true; }},
        {"a container has ended", [](pod_view& p) { p.container_ended = true; }},
        {"another address", [](pod_view& p) { p.ip = "10.9.9.9"; }},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.name) {
            bench b = synced_bench();
            pod_view pod = b.start_first_run(make_check());
            c.shape(pod);
            b.tell(pod_applied{pod});
            const report_id id = b.report_from("10.0.0.7");
            BOOST_TEST(!b.has<write_result>());
            b.advance(6s);
            answers(b, id, report_answer::later);
        }
    }
    bench b = synced_bench();
    b.start_first_run(make_check("one", "uid-1"));
    b.start_first_run(make_check("two", "uid-2"));
    b.report_from("10.0.0.7");
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(reports_without_the_header_can_be_turned_off) {
    decider_settings settings;
    settings.reports_without_header = false;
    bench b = synced_bench(settings);
    pod_view pod = b.start_first_run(make_check());
    answers(b, b.report_from(pod.ip), report_answer::refused, "header");
}

BOOST_AUTO_TEST_CASE(while_the_api_server_is_away_a_report_is_held_then_503_and_still_written_later) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    const report_id id = b.report(pod);
    const time_point arrived = b.clock.now;
    while (!b.has<answer_report>()) {
        if (b.has<write_result>())
            b.answer_write(b.take<write_result>(), write_answer::failed);
        b.advance(100ms);
    }
    BOOST_TEST((b.clock.now - arrived >= 20s));
    BOOST_TEST((b.clock.now - arrived < 21s));
    answers(b, id, report_answer::later);
    // A resend joins, long after the deadline of the run, and gets its 200 with the write.
    b.advance(5min);
    while (!b.has<write_result>())
        b.advance(1s);
    const report_id again = b.report(pod);
    const write_result order = b.accept_write();
    BOOST_TEST((order.result.how == outcome::passed));
    BOOST_TEST(order.result.finished < b.wall() - 200);
    answers(b, again, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(nothing_is_inferred_about_a_run_whose_report_waits) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod);
    for (int i = 0; i < 100; ++i) {
        if (b.has<write_result>()) {
            const write_result order = b.take<write_result>();
            BOOST_TEST((order.result.how == outcome::passed));
            b.answer_write(order, write_answer::failed);
        }
        b.tell(pod_applied{b.ended(pod)});
        b.advance(1s);
    }
}

BOOST_AUTO_TEST_CASE(a_report_after_the_deadline_is_refused) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.advance(31s);
    answers(b, b.report(pod), report_answer::refused, "deadline");
}

BOOST_AUTO_TEST_CASE(a_report_in_time_replaces_an_inferred_failure_of_its_slot) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    pod.terminating = true;
    b.tell(pod_applied{pod});
    const write_result inferred = b.accept_write();
    BOOST_TEST((inferred.result.how == outcome::pod_deleted));
    b.forget_actions();
    const report_id id = b.report(pod);
    const write_result order = b.accept_write();
    BOOST_TEST((order.result.how == outcome::passed));
    BOOST_TEST(!order.resource_version.empty());
    answers(b, id, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(a_conflict_is_decided_anew_on_what_is_stored) {
    struct {
        const char* name;
        unix_seconds slot_later;
        outcome stored;
        bool ok;
        bool writes_again;
        report_answer answer;
    } cases[] = {
        {"somebody touched an older result", -60, outcome::passed, true, true, report_answer::stored},
        {"an inferred result of this slot", 0, outcome::timed_out_before_report, false, true, report_answer::stored},
        {"this very report, written by another replica", 0, outcome::passed, true, false, report_answer::stored},
        {"another report of this slot", 0, outcome::failed, false, false, report_answer::refused},
        {"a newer slot", 30, outcome::failed, false, false, report_answer::refused},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.name) {
            bench b = synced_bench();
            check_view check = make_check();
            check.created = epoch - 600;
            b.tell(check_applied{check});
            b.advance(70s);
            pod_view pod = b.running(b.answer_create());
            b.tell(pod_applied{pod});
            const report_id id = b.report(pod);
            const write_result first = b.take<write_result>();
            state_view stored = b.state_of(first.result);
            stored.slot = *stored.slot + c.slot_later;
            stored.how = c.stored;
            stored.ok = c.ok;
            stored.resource_version = "900";
            b.answer_write(first, write_answer::conflict, stored);
            b.advance(1s);
            BOOST_TEST(b.has<write_result>() == c.writes_again);
            if (c.writes_again) {
                const write_result second = b.take<write_result>();
                BOOST_TEST(second.resource_version == "900");
                state_view again = b.state_of(second.result);
                again.resource_version = "901";
                b.answer_write(second, write_answer::written, again);
            }
            answers(b, id, c.answer);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_state_that_vanished_under_a_patch_becomes_a_create) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod);
    b.accept_write();
    b.tell(pod_applied{b.ended(pod)});
    b.forget_actions();
    b.advance(91s);
    pod_view second = b.running(b.answer_create());
    const report_id id = b.report(second);
    b.answer_write(b.take<write_result>(), write_answer::conflict, std::nullopt);
    b.advance(1s);
    const write_result again = b.accept_write();
    BOOST_TEST(again.resource_version.empty());
    answers(b, id, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(a_report_that_the_api_server_refuses_for_good_becomes_a_short_result_that_says_so) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod, false, {std::string(1000, 'x')});
    b.answer_write(b.take<write_result>(), write_answer::refused_final);
    b.advance(1s);
    const write_result order = b.accept_write();
    BOOST_TEST(order.result.content.errors.size() == 1u);
    BOOST_TEST(order.result.content.errors[0] == "Check execution error: default/web: the report could not be stored: as told");
}

BOOST_AUTO_TEST_CASE(open_reports_are_bounded_in_number) {
    decider_settings settings;
    settings.open_reports_max = 1;
    bench b = synced_bench(settings);
    pod_view one = b.start_first_run(make_check("one", "uid-1"));
    pod_view two = b.start_first_run(make_check("two", "uid-2"));
    b.report(one);
    answers(b, b.report(two), report_answer::later);
}

BOOST_AUTO_TEST_CASE(a_report_of_a_check_that_is_gone_is_refused_when_the_write_finds_no_owner) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    const report_id id = b.report(pod);
    b.answer_write(b.take<write_result>(), write_answer::owner_gone);
    answers(b, id, report_answer::refused, "deleted");
}

BOOST_AUTO_TEST_CASE(before_the_first_sync_reports_wait) {
    bench b;
    const check_view check = make_check();
    create_pod order;
    order.key = check.key;
    order.check_uid = check.uid;
    order.slot = epoch;
    order.pod_name = "web-1700000000";
    order.run_id = run_id(check.uid, epoch, 0);
    order.deadline = epoch + 30;
    pod_view pod = b.running(b.pod_of(order));
    b.tell(check_applied{check});
    b.tell(pod_applied{pod});
    const report_id id = b.report(pod);
    BOOST_TEST(!b.has<write_result>());
    b.sync();
    b.accept_write();
    answers(b, id, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(what_came_before_the_first_sync_is_judged_by_when_it_came) {
    const struct {
        duration after_the_start; ///< the deadline is 30 s after it
        duration until_the_sync;
        bool is_resent; ///< after the sync
        report_answer first;
        bool is_stored;
    } table[] = {{10s, 5s, false, report_answer::stored, true},   {29s, 10s, false, report_answer::stored, true},
                 {31s, 5s, false, report_answer::refused, false}, {10s, 25s, false, report_answer::later, true},
                 {29s, 60s, true, report_answer::later, true},    {31s, 60s, true, report_answer::later, false}};
    for (const auto& row : table) {
        bench other = synced_bench();
        const pod_view pod = other.running(other.start_first_run(make_check()));
        bench b;
        b.clock.wall = wall_time(std::chrono::seconds(*pod.deadline - 30)) + row.after_the_start;
        const report_id id = b.report(pod);
        b.advance(row.until_the_sync);
        if (row.first == report_answer::later)
            answers(b, id, report_answer::later);
        b.tell(check_applied{make_check()});
        b.tell(pod_applied{pod});
        b.sync();
        if (row.is_stored) {
            BOOST_TEST((b.accept_write().result.how == outcome::passed));
        } else {
            BOOST_TEST((b.accept_write().result.how == outcome::timed_out_before_report));
        }
        if (row.first != report_answer::later)
            answers(b, id, row.first);
        if (row.is_resent)
            answers(b, b.report(pod), row.is_stored ? report_answer::stored : report_answer::refused);
    }
}

BOOST_AUTO_TEST_CASE(what_is_resent_before_the_first_sync_takes_one_place) {
    decider_settings settings;
    settings.held_max = 3;
    bench b(settings);
    bench other = synced_bench();
    const pod_view pod = other.running(other.start_first_run(make_check()));
    for (int i = 0; i < 5; ++i) {
        const report_id id = b.report(pod);
        b.advance(21s);
        answers(b, id, report_answer::later);
    }
    b.report(pod);
    b.report(pod, false, {"another"});
    BOOST_TEST(!b.has<answer_report>());
}

BOOST_AUTO_TEST_CASE(the_late_report_of_a_pod_that_is_gone_is_refused_with_a_reason) {
    struct {
        const char* name;
        void (*end)(bench&, check_view, const pod_view&);
    } cases[] = {
        {"superseded by an edit",
         [](bench& b, check_view check, const pod_view&) {
             check.generation = 2;
             b.tell(check_applied{check});
         }},
        {"its check was deleted",
         [](bench& b, check_view check, const pod_view&) {
             b.tell(check_deleted{check.key, workload::check, check.uid});
         }},
        {"it reported otherwise",
         [](bench& b, check_view, const pod_view& pod) {
             b.report(pod, false, {"no"});
             b.accept_write();
         }},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.name) {
            bench b = synced_bench();
            const check_view check = make_check();
            pod_view pod = b.start_first_run(check);
            c.end(b, check, pod);
            b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
            b.forget_actions();
            const report_id id = b.report(pod);
            BOOST_TEST(!b.has<write_result>());
            const answer_report answer = b.take<answer_report>();
            BOOST_TEST(answer.id == id);
            BOOST_TEST((answer.answer == report_answer::refused));
            BOOST_TEST(!answer.reason.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_repeat_is_200_also_when_the_pod_is_gone) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod, false, {"no"});
    b.accept_write();
    b.forget_actions();
    b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
    answers(b, b.report(pod, false, {"no"}), report_answer::stored);
}

BOOST_AUTO_TEST_CASE(the_last_word_of_a_deleted_pod_replaces_the_inferred_failure_until_its_deadline) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
    BOOST_TEST((b.accept_write().result.how == outcome::pod_deleted));
    b.forget_actions();
    const report_id id = b.report(pod);
    BOOST_TEST((b.accept_write().result.how == outcome::passed));
    answers(b, id, report_answer::stored);

    bench late = synced_bench();
    pod = late.start_first_run(make_check());
    late.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
    late.accept_write();
    late.forget_actions();
    late.advance(31s);
    answers(late, late.report(pod), report_answer::refused);
}

BOOST_AUTO_TEST_CASE(a_pod_that_goes_before_its_check_is_known_still_has_a_last_word) {
    const check_view check = make_check("web", "uid-2");
    bench other = synced_bench();
    const pod_view pod = other.start_first_run(check); // another replica's run, of a check that was made anew
    for (const bool knows_namesake : {false, true}) {
        BOOST_TEST_CONTEXT("a namesake of before is known: " << knows_namesake) {
            bench b = synced_bench();
            if (knows_namesake)
                b.tell(check_applied{make_check()});
            b.tell(pod_applied{pod});
            const report_id early = b.report(pod);
            b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
            const report_id after = b.report(pod);
            BOOST_TEST(!b.has<answer_report>());
            if (knows_namesake)
                b.tell(check_deleted{check.key, workload::check, "uid-1"});
            b.tell(check_applied{check});
            b.accept_write();
            answers(b, early, report_answer::stored);
            answers(b, after, report_answer::stored);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_pod_that_is_gone_and_whose_check_never_comes_is_forgotten_at_its_deadline) {
    bench other = synced_bench();
    const pod_view pod = other.start_first_run(make_check());
    bench b = synced_bench();
    b.tell(pod_applied{pod});
    b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
    const report_id id = b.report(pod);
    b.advance(20s);
    answers(b, id, report_answer::later); // 503: it may come again
    b.advance(30s);
    BOOST_TEST((b.core.next_due() == proto_http::never));
    answers(b, b.report(pod), report_answer::refused);
}

BOOST_AUTO_TEST_CASE(a_late_report_that_waited_for_the_watch_is_refused_when_its_pod_comes) {
    bench b = synced_bench();
    const check_view check = make_check();
    b.tell(check_applied{check});
    while (!b.has<create_pod>())
        b.advance(1s);
    const create_pod order = b.take<create_pod>();
    pod_view pod = b.pod_of(order); // its create took effect, its answer did not come, and the watch is away
    b.advance(33s);
    const report_id id = b.report(pod);
    BOOST_TEST(!b.has<answer_report>());
    b.advance(1s);
    b.tell(pod_applied{b.running(pod)});
    const answer_report answer = b.take<answer_report>();
    BOOST_TEST(answer.id == id);
    BOOST_TEST((answer.answer == report_answer::refused));
    BOOST_TEST(answer.reason == "the deadline of this run has passed");
}

BOOST_AUTO_TEST_CASE(a_report_that_waited_while_the_process_stood_still_is_in_time) {
    bench b = synced_bench();
    const pod_view pod = b.start_first_run(make_check());
    b.forget_actions();
    b.stand_still(2min); // the pod's deadline has passed meanwhile
    BOOST_TEST(!b.has<write_result>());
    b.advance(100ms);
    const report_id id = b.report(pod);
    BOOST_TEST((b.accept_write().result.how == outcome::passed));
    answers(b, id, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(a_moment_after_a_stall_the_deadline_counts) {
    bench b = synced_bench();
    const pod_view pod = b.start_first_run(make_check());
    b.forget_actions();
    b.stand_still(2min);
    b.advance(1s);
    BOOST_TEST((b.take<write_result>().result.how == outcome::timed_out_before_report));
    answers(b, b.report(pod), report_answer::refused);
}

BOOST_AUTO_TEST_CASE(a_pod_that_was_deleted_while_the_process_stood_still_is_not_judged_at_once) {
    bench b = synced_bench();
    const pod_view pod = b.start_first_run(make_check());
    b.forget_actions();
    b.stand_still(2min);
    b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
    BOOST_TEST(!b.has<write_result>());
    const report_id id = b.report(pod);
    BOOST_TEST((b.accept_write().result.how == outcome::passed));
    answers(b, id, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(a_report_that_a_follower_read_after_a_stall_waits_for_its_pod_and_is_in_time) {
    decider_settings settings;
    settings.leader_until = time_point::min();
    bench b = synced_bench(settings);
    const check_view check = make_check();
    b.tell(check_applied{check});
    const create_pod order = order_for(check, b.wall() + 1, b.wall() + 30); // the leader's, while this one stands still
    const pod_view pod = b.running(b.pod_of(order));
    b.stand_still(1min);
    const report_id id = b.report(pod);
    b.advance(100ms);
    b.tell(pod_applied{pod});
    BOOST_TEST((b.accept_write().result.how == outcome::passed));
    answers(b, id, report_answer::stored);
}

BOOST_AUTO_TEST_CASE(a_report_in_time_that_waits_for_its_check_outlives_the_deadline_of_its_pod) {
    const check_view check = make_check();
    bench other = synced_bench();
    const pod_view pod = other.start_first_run(check);
    for (const bool is_told_in_time : {true, false}) {
        BOOST_TEST_CONTEXT("the check is told while the report is held: " << is_told_in_time) {
            bench b = synced_bench();
            b.tell(pod_applied{pod});
            b.advance(std::chrono::seconds(*pod.deadline - b.wall() - 1));
            const report_id id = b.report(pod);
            b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt}); // by the replica that ended the run
            b.advance(is_told_in_time ? 3s : 6s);
            BOOST_TEST(b.has<answer_report>() == !is_told_in_time);
            if (is_told_in_time) {
                b.tell(check_applied{check});
                b.accept_write();
            }
            answers(b, id, is_told_in_time ? report_answer::stored : report_answer::later);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_report_of_a_pod_that_was_replaced_is_not_refused_while_its_slot_is_open) {
    bench b = synced_bench();
    const pod_view first = b.start_first_run(make_check());
    pod_view second = first; // another replica's, which found neither the pod nor a result
    second.uid = "second";
    second.secret = "another";
    b.tell(pod_applied{second});
    b.forget_actions();
    answers(b, b.report(first), report_answer::later);
    b.report(second, false, {"down"});
    b.accept_write();
    b.forget_actions();
    answers(b, b.report(first), report_answer::refused);
    answers(b, b.report(first, false, {"down"}), report_answer::stored);
}

BOOST_AUTO_TEST_SUITE_END()
