#include "bench.hpp"

using namespace core_test;

// A restart is the same code as a relist: what a new process makes of what an old one left, whatever it was doing.

namespace {

check_view old_check() {
    check_view check = make_check();
    check.created = epoch - 100'000;
    return check;
}

state_view stored_result(bench& b, const check_view& check, unix_seconds slot, outcome how = outcome::passed) {
    run_result result;
    result.key = check.key;
    result.check_uid = check.uid;
    result.slot = slot;
    result.generation = check.generation;
    result.how = how;
    result.content.ok = how == outcome::passed;
    result.finished = slot + 5;
    return b.state_of(result);
}

} // namespace

BOOST_AUTO_TEST_SUITE(core_recovery)

BOOST_AUTO_TEST_CASE(a_run_in_flight_goes_on_after_a_restart) {
    bench b;
    const check_view check = old_check();
    pod_view pod = b.running(b.pod_of(order_for(check, epoch - 10, epoch + 20)));
    b.tell(check_applied{check});
    b.tell(pod_applied{pod});
    b.sync();
    BOOST_TEST(!b.has<create_pod>());
    BOOST_TEST(!b.has<delete_pod>());
    b.report(pod);
    BOOST_TEST((b.accept_write().result.how == outcome::passed));
}

BOOST_AUTO_TEST_CASE(a_recovered_run_ends_at_the_deadline_that_stands_in_its_pod) {
    bench b;
    const check_view check = old_check();
    b.tell(check_applied{check});
    b.tell(pod_applied{b.running(b.pod_of(order_for(check, epoch - 10, epoch + 20)))});
    b.sync();
    b.advance(19s);
    BOOST_TEST(!b.has<write_result>());
    b.advance(2s);
    BOOST_TEST((b.take<write_result>().result.how == outcome::timed_out_before_report));
}

BOOST_AUTO_TEST_CASE(a_wild_clock_cannot_stretch_a_recovered_run_beyond_its_timeout) {
    bench b;
    const check_view check = old_check();
    b.tell(check_applied{check});
    b.tell(pod_applied{b.running(b.pod_of(order_for(check, epoch + 3600, epoch + 3630)))});
    b.sync();
    BOOST_TEST(!b.has<create_pod>());
    b.advance(31s);
    BOOST_TEST(b.has<write_result>());
}

// Another replica has seen the edit, and ordered a run that may take longer.
BOOST_AUTO_TEST_CASE(a_run_of_another_generation_has_the_time_that_its_own_spec_gave_it) {
    for (const std::int64_t generation : {1, 2, 3}) {
        bench b;
        check_view check = old_check();
        check.generation = 2;
        b.tell(check_applied{check});
        pod_view pod = b.pod_of(order_for(check, epoch, epoch + 90));
        pod.generation = generation;
        b.tell(pod_applied{b.running(pod)});
        b.sync();
        if (generation == 1) { // it is superseded, whatever it may take
            BOOST_TEST(b.has<delete_pod>());
            continue;
        }
        b.advance(31s);
        BOOST_TEST(b.has<write_result>() == (generation == 2));
        b.advance(60s);
        BOOST_TEST((b.take<write_result>().result.how == outcome::timed_out_before_report));
    }
}

BOOST_AUTO_TEST_CASE(the_deadline_of_such_a_run_is_judged_anew_when_the_spec_is_told) {
    bench b;
    check_view check = old_check();
    b.tell(check_applied{check});
    pod_view pod = b.pod_of(order_for(check, epoch, epoch + 3600)); // of a clock that has been set back
    pod.generation = 2;
    b.tell(pod_applied{b.running(pod)});
    b.sync();
    b.advance(100s);
    BOOST_TEST(!b.has<write_result>());
    check.generation = 2;
    check.timeout = 50s;
    b.tell(check_applied{check});
    b.advance(50s);
    BOOST_TEST((b.take<write_result>().result.how == outcome::timed_out_before_report));
}

BOOST_AUTO_TEST_CASE(a_slot_that_has_a_finished_pod_is_not_run_again) {
    bench b;
    const check_view check = old_check();
    const unix_seconds slot = next_slot(check, epoch - 60, epoch);
    b.tell(check_applied{check});
    b.tell(state_applied{stored_result(b, check, slot)});
    b.tell(pod_applied{b.ended(b.pod_of(order_for(check, slot, slot + 30)))});
    b.sync();
    b.advance(29s);
    for (const create_pod& order : b.all<create_pod>())
        BOOST_TEST(order.slot > slot);
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(the_schedule_of_a_stored_result_goes_on_after_a_restart) {
    bench b;
    const check_view check = old_check();
    const unix_seconds slot = grid_of(check).at_or_before(epoch - 5);
    b.tell(check_applied{check});
    b.tell(state_applied{stored_result(b, check, slot)});
    b.sync();
    b.advance(61s);
    BOOST_TEST(b.take<create_pod>().slot == slot + 60);
    BOOST_TEST(!b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(an_ended_pod_without_a_result_is_judged_only_if_a_state_of_its_check_exists) {
    for (bool with_state : {false, true}) {
        BOOST_TEST_CONTEXT("with a state: " << with_state) {
            bench b;
            const check_view check = old_check();
            const unix_seconds slot = grid_of(check).at_or_before(epoch - 5);
            b.tell(check_applied{check});
            if (with_state)
                b.tell(state_applied{stored_result(b, check, slot - 60)});
            b.tell(pod_applied{b.ended(b.pod_of(order_for(check, slot, slot + 30)), pod_phase::failed)});
            b.sync();
            b.advance(6s);
            BOOST_TEST(b.has<write_result>() == with_state);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_state_deleted_by_hand_is_neither_invented_again_nor_does_it_restart_the_check) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod);
    b.accept_write();
    b.tell(pod_applied{b.ended(pod)});
    b.forget_actions();
    b.tell(state_deleted{{"default", "web"}, "state-of-web"});
    b.advance(20s);
    BOOST_TEST(!b.has<write_result>());
    BOOST_TEST(!b.has<create_pod>());
    b.advance(71s);
    pod_view second = b.running(b.answer_create());
    b.report(second);
    BOOST_TEST(b.accept_write().resource_version.empty());
}

BOOST_AUTO_TEST_CASE(an_old_state_event_does_not_bury_a_newer_write) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod);
    const write_result order = b.take<write_result>();
    state_view stored = b.state_of(order.result);
    stored.resource_version = "1000";
    b.answer_write(order, write_answer::written, stored);
    b.forget_actions();
    state_view stale = stored;
    stale.resource_version = "999";
    stale.slot = *stored.slot - 60;
    stale.ok = false;
    b.tell(state_applied{stale});
    BOOST_TEST(!b.has<show_check>());
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(the_clock_set_back_an_hour_skips_no_slot_and_buries_no_result) {
    bench b = synced_bench();
    check_view check = old_check();
    b.tell(check_applied{check});
    b.advance(1s);
    pod_view pod = b.running(b.answer_create());
    b.report(pod);
    b.accept_write();
    b.tell(pod_applied{b.ended(pod)});
    b.forget_actions();
    b.clock.wall -= 1h;
    b.advance(125s);
    BOOST_TEST(b.has<create_pod>());
    const create_pod order = b.take<create_pod>();
    BOOST_TEST(order.slot <= b.wall());
    BOOST_TEST(order.slot > b.wall() - 125);
}

BOOST_AUTO_TEST_CASE(a_slot_of_before_the_clock_was_set_back_does_not_end_the_run_of_now_when_it_comes_near) {
    bench b = synced_bench();
    b.tell(check_applied{old_check()});
    b.advance(1s);
    const pod_view first = b.running(b.answer_create());
    b.report(first);
    b.accept_write();
    b.tell(pod_applied{b.ended(first)});
    b.forget_actions();
    b.clock.wall = wall_time(std::chrono::seconds(*first.slot - 78)); // void: more than a minute ahead
    b.advance(11s);
    const pod_view second = b.running(b.answer_create());
    b.tell(pod_applied{second});
    b.advance(25s); // less than a minute ahead
    BOOST_TEST(!b.has<delete_pod>());
    b.report(second);
    BOOST_TEST(b.accept_write().result.slot == *second.slot);
    BOOST_TEST((b.take<answer_report>().answer == report_answer::stored));
}

BOOST_AUTO_TEST_CASE(an_edit_is_run_soon_although_the_slots_of_before_the_clock_was_set_back_come_near) {
    bench b = synced_bench();
    check_view check = old_check();
    b.tell(check_applied{check});
    b.advance(1s);
    const pod_view first = b.running(b.answer_create());
    b.report(first);
    b.accept_write();
    b.tell(pod_applied{b.ended(first)});
    b.forget_actions();
    b.clock.wall = wall_time(std::chrono::seconds(*first.slot - 62)); // void for two seconds more
    check.generation = 2;
    check.created = b.wall() + 5; // by the API server's clock
    b.tell(check_applied{check});
    b.advance(20s);
    BOOST_TEST(b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_slot_that_comes_a_second_time_is_not_started_again_and_again) {
    bench b = synced_bench();
    b.tell(check_applied{old_check()});
    b.advance(1s);
    const pod_view first = b.running(b.answer_create());
    b.report(first);
    b.accept_write();
    b.tell(pod_applied{b.ended(first)});
    b.tell(pod_deleted{first.check.ns, first.name, first.uid, first});
    b.forget_actions();
    b.tell(leadership_changed{b.clock.now});
    b.clock.wall = wall_time(std::chrono::seconds(*first.slot - 78));
    b.tell(check_applied{old_check()});
    b.advance(78s);
    b.tell(leadership_changed{proto_http::never});
    b.advance(1s);
    BOOST_TEST(b.take<create_pod>().slot == *first.slot + 1);
}

BOOST_AUTO_TEST_CASE(the_clock_set_forward_an_hour_runs_the_check_once_and_not_sixty_times) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod);
    b.accept_write();
    b.tell(pod_applied{b.ended(pod)});
    b.forget_actions();
    b.clock.wall += 1h;
    b.advance(91s);
    BOOST_TEST(b.all<create_pod>().size() == 1u);
    BOOST_TEST(b.take<create_pod>().slot > epoch + 3600);
}

BOOST_AUTO_TEST_CASE(a_live_run_survives_a_clock_that_is_set_back) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.clock.wall -= 1h;
    b.advance(10s);
    BOOST_TEST(!b.has<delete_pod>());
    BOOST_TEST(!b.has<create_pod>());
    const report_id id = b.report(pod);
    b.accept_write();
    BOOST_TEST((b.take<answer_report>().answer == report_answer::stored));
    BOOST_TEST(id == 1u);
}

BOOST_AUTO_TEST_CASE(a_state_of_v2_gives_the_base_of_the_schedule) {
    bench b;
    const check_view check = old_check();
    state_view v2;
    v2.key = check.key;
    v2.uid = "s";
    v2.resource_version = "5";
    v2.ok = true;
    v2.last_run = epoch - 10;
    v2.authoritative_pod = "kuberhealthy-old";
    b.tell(check_applied{check});
    b.tell(state_applied{v2});
    b.sync();
    b.advance(15s);
    BOOST_TEST(!b.has<create_pod>());
    b.advance(80s);
    BOOST_TEST(b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_running_pod_of_v2_is_a_run_and_its_report_counts) {
    bench b;
    const check_view check = old_check();
    pod_view pod;
    pod.check = check.key;
    pod.name = "web-1699999990";
    pod.uid = "v2-pod";
    pod.secret = "v2-uuid"; // its run-id label is the secret itself: it is not taken for an id

    pod.created = epoch - 10;
    b.tell(check_applied{check});
    b.tell(pod_applied{b.running(pod)});
    b.sync();
    BOOST_TEST(!b.has<create_pod>());
    const report_id id = b.report(pod);
    const write_result order = b.accept_write();
    BOOST_TEST(order.result.slot == epoch - 10);
    BOOST_TEST(order.result.run_id == run_id(check.uid, epoch - 10, 0));
    const answer_report answer = b.take<answer_report>();
    BOOST_TEST(answer.id == id);
    BOOST_TEST((answer.answer == report_answer::stored));
}

BOOST_AUTO_TEST_CASE(a_pod_of_v2_that_vanishes_ends_without_a_result) {
    bench b;
    const check_view check = old_check();
    pod_view pod;
    pod.check = check.key;
    pod.name = "web-1699999990";
    pod.uid = "v2-pod";
    pod.secret = "v2-uuid";
    pod.created = epoch - 10;
    b.tell(check_applied{check});
    b.tell(pod_applied{b.running(pod)});
    b.sync();
    pod.terminating = true; // the garbage collection's first step
    b.tell(pod_applied{b.running(pod)});
    b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
    BOOST_TEST(!b.has<write_result>());
    b.advance(75s);
    BOOST_TEST(b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_spec_that_is_invalid_twice_after_the_clock_was_set_back_gets_two_slots) {
    bench b = synced_bench();
    check_view check = make_check();
    const pod_view pod = b.start_first_run(check);
    b.clock.wall -= 1h;
    check.generation = 2;
    check.spec_error = "spec.runInterval: \"1x\" is not a duration";
    b.tell(check_applied{check});
    BOOST_TEST(b.accept_write().result.slot == *pod.slot + 1);
    check.generation = 3;
    b.tell(check_applied{check});
    BOOST_TEST(b.accept_write().result.slot == *pod.slot + 2);
}

BOOST_AUTO_TEST_SUITE_END()
