#include "bench.hpp"

#include <map>

using namespace core_test;

BOOST_AUTO_TEST_SUITE(core_runs)

BOOST_AUTO_TEST_CASE(nothing_is_started_before_every_watch_is_synced) {
    bench b;
    b.tell(check_applied{make_check()});
    for (watched what : {watched::checks, watched::jobs, watched::states}) {
        b.tell(watch_synced{what});
        b.advance(60s);
        BOOST_TEST(!b.has<create_pod>());
    }
    b.tell(watch_synced{watched::pods});
    b.advance(1s);
    BOOST_TEST(b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_new_check_runs_within_ten_seconds_and_then_once_an_interval) {
    bench b = synced_bench();
    const check_view check = make_check();
    b.tell(check_applied{check});
    b.advance(11s);
    std::vector<unix_seconds> slots;
    for (int i = 0; i < 5; ++i) {
        const create_pod order = b.all<create_pod>().at(0);
        BOOST_TEST(order.slot <= b.wall());
        BOOST_TEST(order.deadline >= order.slot + 30);
        slots.push_back(order.slot);
        pod_view pod = b.running(b.answer_create());
        b.report(pod);
        b.accept_write();
        b.tell(pod_applied{b.ended(pod)});
        BOOST_TEST(!b.has<create_pod>());
        while (!b.has<create_pod>())
            b.advance(1s);
    }
    BOOST_TEST(slots[0] < epoch + 10);
    for (std::size_t i = 2; i < slots.size(); ++i)
        BOOST_TEST(slots[i] - slots[i - 1] == 60);
}

BOOST_AUTO_TEST_CASE(a_passing_report_is_answered_200_only_after_the_write_was_accepted) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    const report_id id = b.report(pod);
    BOOST_TEST(!b.has<answer_report>());
    const write_result order = b.take<write_result>();
    BOOST_TEST((order.result.how == outcome::passed));
    BOOST_TEST(order.resource_version.empty());
    BOOST_TEST(order.result.slot == *pod.slot);
    BOOST_TEST(order.result.run_id == pod.run_id);
    BOOST_TEST(order.result.node == "node-1");
    BOOST_TEST(!b.has<answer_report>());
    b.answer_write(order, write_answer::written, b.state_of(order.result));
    const answer_report answer = b.take<answer_report>();
    BOOST_TEST(answer.id == id);
    BOOST_TEST((answer.answer == report_answer::stored));
}

BOOST_AUTO_TEST_CASE(the_second_result_is_written_on_condition_of_the_first_ones_version) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod);
    const write_result first = b.take<write_result>();
    state_view stored = b.state_of(first.result);
    stored.resource_version = "4711";
    b.answer_write(first, write_answer::written, stored);
    b.tell(pod_applied{b.ended(pod)});
    b.forget_actions();
    b.advance(91s);
    pod_view second = b.running(b.answer_create());
    b.report(second, false, {"no"});
    BOOST_TEST(b.take<write_result>().resource_version == "4711");
}

struct fate {
    const char* name;
    void (*shape)(pod_view&);
    outcome how;
    bool at_once; ///< within the five seconds of grace; else only at the deadline
    const char* text;
};

const fate fates[] = {
    {"still running at the deadline", [](pod_view&) {}, outcome::timed_out_before_report, false,
     "timed out waiting for checker pod to report in: pod "},
    {"ended with an error",
     [](pod_view& p) {
         p.phase = pod_phase::failed;
         p.container_ended = true;
         p.explanation = "container main exited with code 3 (Error)";
     },
     outcome::ended_without_report, true, "pod ended without a report: pod "},
    {"ended well but silent",
     [](pod_view& p) {
         p.phase = pod_phase::succeeded;
         p.container_ended = true;
     },
     outcome::ended_without_report, true, "pod ended without a report: pod "},
    {"deleted by somebody", [](pod_view& p) { p.terminating = true; }, outcome::pod_deleted, true,
     "pod deleted unexpectedly: pod "},
    {"image name that can never work",
     [](pod_view& p) {
         p.ran = false;
         p.phase = pod_phase::pending;
         p.fatal_reason = "InvalidImageName";
         p.waiting_reason = "InvalidImageName";
     },
     outcome::could_not_start, true, "error when waiting for pod to start: InvalidImageName: pod "},
    {"image that does not come",
     [](pod_view& p) {
         p.ran = false;
         p.phase = pod_phase::pending;
         p.waiting_reason = "ImagePullBackOff";
     },
     outcome::could_not_start, false, "error when waiting for pod to start: ErrImagePull: pod "},
    {"unschedulable",
     [](pod_view& p) {
         p.ran = false;
         p.phase = pod_phase::pending;
         p.waiting_reason = "Unschedulable";
         p.explanation = "Unschedulable: 0/1 nodes are available";
     },
     outcome::timed_out_before_start, false, "failed to see pod running within timeout: pod "},
};

BOOST_AUTO_TEST_CASE(each_fate_of_a_pod_has_its_outcome_its_text_and_its_time) {
    for (const fate& f : fates) {
        BOOST_TEST_CONTEXT(f.name) {
            bench b = synced_bench();
            pod_view pod = b.start_first_run(make_check());
            f.shape(pod);
            b.tell(pod_applied{pod});
            b.advance(6s);
            BOOST_TEST(b.has<write_result>() == f.at_once);
            b.advance(30s);
            const write_result order = b.take<write_result>();
            BOOST_TEST(std::string(to_text(order.result.how)) == std::string(to_text(f.how)));
            BOOST_TEST(!order.result.content.ok);
            const std::string expected = std::string("Check execution error: default/web: ") + f.text + pod.name;
            BOOST_TEST(order.result.content.errors.at(0).substr(0, expected.size()) == expected);
            BOOST_TEST(!b.has<write_result>());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_pod_that_vanishes_without_a_word_is_a_deleted_pod) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.tell(pod_deleted{"default", pod.name, pod.uid, std::nullopt});
    const write_result order = b.accept_write();
    BOOST_TEST((order.result.how == outcome::pod_deleted));
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(a_pod_alive_at_its_deadline_is_deleted_after_its_result_is_stored) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.advance(31s);
    BOOST_TEST(!b.has<delete_pod>());
    b.accept_write();
    BOOST_TEST(b.take<delete_pod>().pod_uid == pod.uid);
}

BOOST_AUTO_TEST_CASE(a_pod_that_still_runs_half_a_minute_after_its_report_is_deleted) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.report(pod);
    b.accept_write();
    b.advance(29s);
    BOOST_TEST(!b.has<delete_pod>());
    b.advance(3s);
    BOOST_TEST(b.take<delete_pod>().pod_name == pod.name);
}

BOOST_AUTO_TEST_CASE(a_terminating_pod_does_not_block_the_next_slot) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    pod.terminating = true;
    b.tell(pod_applied{pod});
    b.accept_write();
    b.advance(91s);
    BOOST_TEST(b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(an_edit_supersedes_the_run_in_flight_and_starts_a_new_one_at_once) {
    bench b = synced_bench();
    check_view check = make_check();
    pod_view old = b.start_first_run(check);
    check.generation = 2;
    b.tell(check_applied{check});
    BOOST_TEST(b.take<delete_pod>().pod_name == old.name);
    b.advance(1s);
    const create_pod order = b.take<create_pod>();
    BOOST_TEST(order.slot > *old.slot);
    BOOST_TEST(order.slot <= b.wall());
    BOOST_TEST(order.generation == 2);
    BOOST_TEST(!b.has<write_result>());
    b.report(old);
    const answer_report answer = b.take<answer_report>();
    BOOST_TEST((answer.answer == report_answer::refused));
}

BOOST_AUTO_TEST_CASE(an_edit_within_the_second_of_a_start_takes_the_next_second) {
    bench b = synced_bench();
    check_view check = make_check();
    b.tell(check_applied{check});
    b.advance(11s);
    const create_pod first = b.take<create_pod>();
    check.generation = 2;
    b.tell(check_applied{check});
    BOOST_TEST(b.take<cancel_operation>().id == first.id);
    b.advance(61s);
    const create_pod second = b.take<create_pod>();
    BOOST_TEST(second.generation == 2);
    BOOST_TEST(second.slot > first.slot);
}

BOOST_AUTO_TEST_CASE(the_schedule_goes_on_from_the_slot_of_an_edit) {
    bench b = synced_bench();
    check_view check = make_check();
    b.start_first_run(check);
    check.generation = 2;
    b.tell(check_applied{check});
    b.advance(1s);
    const unix_seconds edit_slot = b.all<create_pod>().at(0).slot;
    pod_view pod = b.running(b.answer_create());
    b.report(pod);
    b.accept_write();
    b.tell(pod_applied{b.ended(pod)});
    b.advance(95s);
    BOOST_TEST(b.take<create_pod>().slot == next_slot(check, edit_slot, edit_slot));
}

BOOST_AUTO_TEST_CASE(a_deleted_check_takes_its_pod_and_its_state_with_it) {
    bench b = synced_bench();
    const check_view check = make_check();
    pod_view pod = b.start_first_run(check);
    b.report(pod);
    b.accept_write();
    b.forget_actions();
    b.tell(check_deleted{check.key, workload::check, check.uid});
    BOOST_TEST(b.has<hide_check>());
    const delete_pod gone = b.take<delete_pod>();
    BOOST_TEST(gone.pod_uid == pod.uid);
    BOOST_TEST(!gone.verify_owner_uid.has_value());
    const delete_state state = b.take<delete_state>();
    BOOST_TEST(state.owner_uid == check.uid);
    BOOST_TEST(!state.resource_version.empty());
    b.report(pod, true);
    BOOST_TEST((b.take<answer_report>().answer == report_answer::refused));
    b.advance(5min);
    BOOST_TEST(!b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_check_that_is_made_again_under_its_name_is_another_check) {
    bench b = synced_bench();
    const check_view check = make_check();
    pod_view old = b.start_first_run(check);
    b.report(old);
    b.accept_write();
    b.forget_actions();
    b.tell(check_deleted{check.key, workload::check, check.uid});
    check_view again = make_check("web", "uid-2");
    again.created = b.wall();
    b.tell(check_applied{again});
    b.advance(11s);
    BOOST_TEST(b.has<delete_pod>());
    BOOST_TEST(b.take<delete_state>().owner_uid == "uid-1");
    b.tell(state_deleted{check.key, "state-of-web"});
    b.tell(pod_deleted{"default", old.name, old.uid, std::nullopt});
    pod_view pod = b.running(b.answer_create());
    BOOST_TEST(pod.check_uid == "uid-2");
    b.report(pod);
    const write_result order = b.take<write_result>();
    BOOST_TEST(order.resource_version.empty());
    BOOST_TEST(order.result.check_uid == "uid-2");
}

BOOST_AUTO_TEST_CASE(an_orphan_whose_owner_was_never_seen_is_deleted_only_after_a_look) {
    bench b;
    create_pod order;
    order.key = {"default", "ghost"};
    order.check_uid = "uid-9";
    order.slot = epoch - 10;
    order.pod_name = "ghost-1";
    order.run_id = "r";
    b.tell(pod_applied{b.pod_of(order)});
    b.sync();
    const delete_pod gone = b.take<delete_pod>();
    BOOST_TEST(gone.verify_owner_uid.value_or("") == "uid-9");
    pod_delete_done done;
    done.key = order.key;
    done.pod_name = order.pod_name;
    done.id = gone.id;
    done.answer = remove_answer::kept;
    b.tell(done);
    b.advance(10s);
    BOOST_TEST(!b.has<delete_pod>());
}

BOOST_AUTO_TEST_CASE(an_invalid_spec_gets_a_result_once_and_is_tried_again_when_it_changes) {
    bench b = synced_bench();
    check_view check = make_check();
    check.spec_error = "spec.runInterval: \"1x\" is not a duration";
    b.tell(check_applied{check});
    const write_result order = b.accept_write();
    BOOST_TEST((order.result.how == outcome::invalid));
    BOOST_TEST(order.result.content.errors.at(0) ==
               "Check execution error: default/web: spec.runInterval: \"1x\" is not a duration");
    b.advance(1h);
    BOOST_TEST(!b.has<write_result>());
    BOOST_TEST(!b.has<create_pod>());
    check.spec_error.clear();
    check.generation = 2;
    b.tell(check_applied{check});
    b.advance(1s);
    BOOST_TEST(b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_pod_that_can_never_be_created_is_a_result_at_once) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    b.advance(11s);
    const create_pod order = b.take<create_pod>();
    create_done done;
    done.key = order.key;
    done.id = order.id;
    done.answer = create_answer::refused_final;
    done.message = "spec.containers[0].image: Required value";
    b.tell(done);
    const write_result result = b.accept_write();
    BOOST_TEST((result.result.how == outcome::could_not_start));
    BOOST_TEST(result.result.content.errors.at(0) == "Check execution error: default/web: failed to create pod for checker: "
                                                     "spec.containers[0].image: Required value");
    b.forget_actions();
    b.advance(20s);
    BOOST_TEST(!b.has<create_pod>());
    b.advance(60s);
    BOOST_TEST(b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(another_refusal_is_visible_at_once_tried_again_and_final_after_the_timeout) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    b.advance(11s);
    const unix_seconds slot = b.all<create_pod>().at(0).slot;
    int tries = 0;
    const time_point first = b.clock.now;
    while (!b.has<write_result>()) {
        if (b.has<create_pod>()) {
            const create_pod order = b.take<create_pod>();
            BOOST_TEST(order.slot == slot);
            create_done done;
            done.key = order.key;
            done.id = order.id;
            done.answer = create_answer::refused;
            done.message = "exceeded quota";
            b.tell(done);
            ++tries;
        }
        if (tries == 1)
            BOOST_TEST(b.all<show_check>().back().waiting_reason == "CreateRefused");
        b.advance(100ms);
    }
    BOOST_TEST(tries > 3);
    BOOST_TEST((b.clock.now - first >= 30s));
    BOOST_TEST((b.clock.now - first < 31s));
    BOOST_TEST((b.take<write_result>().result.how == outcome::could_not_start));
}

BOOST_AUTO_TEST_CASE(a_create_without_an_answer_is_nobodys_failure_and_the_slot_stays_due) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    b.advance(11s);
    const unix_seconds slot = b.all<create_pod>().at(0).slot;
    for (int i = 0; i < 20; ++i) {
        const create_pod order = b.take<create_pod>();
        create_done done;
        done.key = order.key;
        done.id = order.id;
        done.answer = create_answer::unanswered;
        b.tell(done);
        while (!b.has<create_pod>())
            b.advance(1s);
        BOOST_TEST(!b.has<write_result>());
    }
    // Slots that passed meanwhile collapse into the latest.
    const create_pod order = b.take<create_pod>();
    BOOST_TEST(order.slot > slot);
    BOOST_TEST(b.wall() - order.slot < 75);
}

BOOST_AUTO_TEST_CASE(a_pod_that_exists_already_is_adopted_if_it_is_this_run) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    b.advance(11s);
    const create_pod order = b.take<create_pod>();
    pod_view pod = b.pod_of(order);
    pod.secret = "the first create's secret";
    b.answer_create(order, create_answer::exists, pod);
    b.advance(5s);
    BOOST_TEST(!b.has<create_pod>());
    b.report(pod);
    b.accept_write();
    BOOST_TEST((b.take<answer_report>().answer == report_answer::stored));
}

BOOST_AUTO_TEST_CASE(a_pod_of_that_name_that_is_somebody_elses_is_a_named_error) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    b.advance(11s);
    while (!b.has<write_result>()) {
        if (b.has<create_pod>()) {
            const create_pod order = b.take<create_pod>();
            pod_view pod = b.pod_of(order);
            pod.check = {"default", "other"};
            pod.check_uid = "uid-of-other";
            b.answer_create(order, create_answer::exists, pod);
        }
        b.advance(1s);
    }
    const write_result order = b.take<write_result>();
    BOOST_TEST((order.result.how == outcome::could_not_start));
    BOOST_TEST(order.result.content.errors.at(0).find("exists already and is not of this check") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_evicted_pod_gets_one_retry_within_its_deadline) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    pod.infrastructure_fault = true;
    pod.terminating = true;
    pod.explanation = "EvictionByEvictionAPI: drained";
    b.tell(pod_applied{pod});
    const create_pod retry = b.all<create_pod>().at(0);
    BOOST_TEST(retry.slot == *pod.slot);
    BOOST_TEST(retry.attempt == 1);
    BOOST_TEST(retry.pod_name == pod.name + "-r1");
    BOOST_TEST(retry.deadline <= pod.created + 31);
    BOOST_TEST(!b.has<write_result>());
    pod_view second = b.running(b.answer_create());
    b.tell(pod_applied{second});
    second.infrastructure_fault = true;
    second.terminating = true;
    b.tell(pod_applied{second});
    const write_result order = b.accept_write();
    BOOST_TEST((order.result.how == outcome::infrastructure));
    BOOST_TEST(!b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_retry_that_is_not_answered_by_its_deadline_is_waited_for_in_peace) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    b.advance(29s);
    pod.infrastructure_fault = true;
    pod.terminating = true;
    b.tell(pod_applied{pod});
    const create_pod retry = b.take<create_pod>();
    b.stand_still(10s);
    BOOST_TEST((b.core.next_due() > b.clock.now)); // it does not ask to be woken again and again
    create_done done;
    done.key = retry.key;
    done.id = retry.id;
    b.tell(done);
    b.advance(1s);
    BOOST_TEST((b.take<write_result>().result.how == outcome::infrastructure));
}

BOOST_AUTO_TEST_CASE(the_retry_of_an_evicted_pod_reports_for_the_slot) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    pod.infrastructure_fault = true;
    b.tell(pod_deleted{"default", pod.name, pod.uid, pod});
    pod_view second = b.running(b.answer_create());
    b.tell(pod_applied{second});
    b.report(second);
    const write_result order = b.accept_write();
    BOOST_TEST((order.result.how == outcome::passed));
    BOOST_TEST(order.result.attempt == 1);
    BOOST_TEST(order.result.slot == *pod.slot);
}

BOOST_AUTO_TEST_CASE(live_pods_of_older_slots_are_deleted) {
    bench b;
    const check_view check = make_check();
    create_pod older;
    older.key = check.key;
    older.check_uid = check.uid;
    older.slot = epoch - 70;
    older.pod_name = pod_name(check.key, workload::check, older.slot, 0);
    older.run_id = run_id(check.uid, older.slot, 0);
    older.deadline = epoch + 100;
    create_pod newer = older;
    newer.slot = epoch - 10;
    newer.pod_name = pod_name(check.key, workload::check, newer.slot, 0);
    check_view old_check = check;
    old_check.created = epoch - 1000;
    b.tell(check_applied{old_check});
    b.tell(pod_applied{b.running(b.pod_of(older))});
    b.tell(pod_applied{b.running(b.pod_of(newer))});
    b.sync();
    BOOST_TEST(b.take<delete_pod>().pod_name == older.pod_name);
    BOOST_TEST(!b.has<delete_pod>());
    BOOST_TEST(!b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(overdue_checks_start_oldest_first_at_a_bounded_rate) {
    decider_settings settings;
    settings.overdue_starts_per_second = 5;
    bench b(settings);
    for (int i = 0; i < 40; ++i) {
        check_view check = make_check("c" + std::to_string(i), "uid-" + std::to_string(i));
        check.created = epoch - 100'000;
        check.interval = 1h;
        b.tell(check_applied{check});
    }
    b.sync();
    const std::size_t at_once = b.all<create_pod>().size();
    BOOST_TEST(at_once <= 7u);
    b.advance(2s);
    BOOST_TEST(b.all<create_pod>().size() <= at_once + 11);
    b.advance(10s);
    BOOST_TEST(b.all<create_pod>().size() == 40u);
    unix_seconds last = 0;
    for (const create_pod& order : b.all<create_pod>()) {
        BOOST_TEST(order.slot >= last);
        last = order.slot;
    }
}

BOOST_AUTO_TEST_CASE(an_overdue_check_that_waits_its_turn_runs_in_the_latest_slot_and_only_once) {
    decider_settings settings;
    settings.overdue_starts_per_second = 1;
    bench b(settings);
    for (int i = 0; i < 60; ++i) {
        check_view check = make_check("c" + std::to_string(i), "uid-" + std::to_string(i));
        check.created = epoch - 100'000;
        check.interval = 10s;
        b.tell(check_applied{check});
    }
    b.sync();
    for (int second = 0; second < 90; ++second) {
        b.advance(1s);
        while (b.has<create_pod>()) {
            const create_pod order = b.all<create_pod>().front();
            BOOST_TEST(b.wall() - order.slot <= 11);
            b.answer_create();
        }
    }
}

BOOST_AUTO_TEST_CASE(an_overdue_check_whose_spec_breaks_while_it_waits_is_not_run) {
    decider_settings settings;
    settings.overdue_starts_per_second = 1;
    bench b(settings);
    check_view check;
    for (int i = 0; i < 5; ++i) {
        check = make_check("c" + std::to_string(i), "uid-" + std::to_string(i));
        check.created = epoch - 100'000;
        check.interval = 1h;
        b.tell(check_applied{check});
    }
    b.sync();
    std::vector<create_pod> started = b.all<create_pod>();
    BOOST_TEST(started.size() == 1u);
    b.forget_actions();
    for (int i = 0; i < 5; ++i) {
        check = make_check("c" + std::to_string(i), "uid-" + std::to_string(i));
        check.created = epoch - 100'000;
        check.generation = 2;
        check.spec_error = "broken";
        b.tell(check_applied{check});
    }
    b.advance(20s);
    BOOST_TEST(!b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_silent_check_turns_stale_and_a_new_one_is_pending) {
    decider_settings settings;
    settings.leader_until = {}; // a follower, whose leader is gone
    bench b = synced_bench(settings);
    const check_view check = make_check();
    b.tell(check_applied{check});
    BOOST_TEST((b.all<show_check>().back().fresh == freshness::pending));
    b.advance(119s);
    BOOST_TEST((b.all<show_check>().back().fresh == freshness::pending));
    b.advance(3s);
    BOOST_TEST((b.all<show_check>().back().fresh == freshness::stale));
    BOOST_TEST(b.all<show_check>().back().stale_text == "never run since it was created at 2023-11-14T22:13:20Z");
}

BOOST_AUTO_TEST_CASE(a_follower_starts_deletes_and_infers_nothing_but_stores_reports) {
    decider_settings settings;
    settings.leader_until = {};
    bench b = synced_bench(settings);
    const check_view check = make_check();
    b.tell(check_applied{check});
    pod_view pod = b.running(b.pod_of(order_for(check, epoch, epoch + 30)));
    b.tell(pod_applied{pod});
    b.advance(10s);
    b.report(pod);
    b.accept_write();
    BOOST_TEST((b.take<answer_report>().answer == report_answer::stored));
    b.advance(10min);
    BOOST_TEST(!b.has<create_pod>());
    BOOST_TEST(!b.has<delete_pod>());
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(leadership_ends_with_its_time_and_begins_again_with_a_new_one) {
    decider_settings settings;
    settings.leader_until = {};
    bench b = synced_bench(settings);
    b.tell(check_applied{make_check()});
    b.advance(1h); // a stopped process: the events of that time come later
    b.tell(leadership_changed{b.clock.now - 1s});
    b.advance(1min);
    BOOST_TEST(!b.has<create_pod>());
    b.tell(leadership_changed{b.clock.now + 10s});
    BOOST_TEST(b.all<create_pod>().size() == 1u);
    b.forget_actions();
    b.tell(leadership_changed{b.clock.now + 10s});
    BOOST_TEST(b.actions.empty()); // a renewal
}

BOOST_AUTO_TEST_CASE(a_leader_whose_time_is_over_starts_nothing_although_nobody_told_it) {
    bench b = synced_bench();
    const check_view check = make_check();
    const pod_view pod = b.start_first_run(check);
    b.tell(leadership_changed{b.clock.now + 5s});
    b.report(pod);
    b.accept_write();
    b.forget_actions();
    b.advance(5min);
    BOOST_TEST(!b.has<create_pod>());
    BOOST_TEST(!b.has<delete_pod>());
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(a_start_that_came_to_nothing_before_leadership_was_lost_is_made_when_it_is_back) {
    bench b = synced_bench();
    check_view check = make_check();
    check.interval = 24h;
    b.tell(check_applied{check});
    b.advance(11s);
    const create_pod first = b.take<create_pod>();
    create_done done;
    done.key = first.key;
    done.id = first.id;
    done.answer = create_answer::refused;
    done.message = "etcdserver: mvcc: database space exceeded";
    b.tell(done);
    b.tell(leadership_changed{b.clock.now + 100ms});
    b.advance(20s);
    b.forget_actions();
    b.tell(leadership_changed{b.clock.now + 10s});
    b.advance(1s);
    BOOST_TEST_REQUIRE(b.has<create_pod>());
    BOOST_TEST(b.take<create_pod>().slot == first.slot);
}

BOOST_AUTO_TEST_CASE(a_draining_process_starts_nothing) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    b.tell(draining{});
    b.advance(5min);
    BOOST_TEST(!b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_thousand_checks_run_in_every_slot_of_theirs_and_on_its_second) {
    bench b = synced_bench();
    std::map<std::string, check_view> checks;
    std::map<std::string, unix_seconds> expected;
    for (int i = 0; i < 1000; ++i) {
        const check_view check = make_check("c" + std::to_string(i), "uid-" + std::to_string(i));
        checks.emplace(check.key.name, check);
        expected.emplace(check.key.name, first_slot(check, b.wall()));
        b.tell(check_applied{check});
    }
    std::size_t runs = 0;
    for (int second = 0; second < 600; ++second) {
        for (const create_pod& order : b.all<create_pod>()) {
            BOOST_TEST(order.slot == b.wall());
            BOOST_TEST(order.slot == expected.at(order.key.name));
            expected[order.key.name] = next_slot(checks.at(order.key.name), order.slot, order.slot);
            pod_view pod = b.running(b.answer_create());
            b.tell(pod_applied{pod});
            b.report(pod);
            b.accept_write();
            b.tell(pod_applied{b.ended(pod)});
            ++runs;
        }
        b.forget_actions();
        b.advance(1s);
    }
    for (const auto& [name, slot] : expected)
        BOOST_TEST(slot >= b.wall());
    BOOST_TEST(runs > 9'000u);
}

BOOST_AUTO_TEST_CASE(a_run_does_not_take_the_slot_of_an_invalid_spec_whose_result_may_be_stored) {
    bench b = synced_bench();
    check_view check = make_check();
    const pod_view pod = b.start_first_run(check);
    b.report(pod);
    b.accept_write();
    b.advance(10s);
    b.forget_actions();
    check.generation = 2;
    check.spec_error = "spec.runInterval: \"1x\" is not a duration";
    b.tell(check_applied{check});
    const write_result order = b.take<write_result>();
    check.generation = 3;
    check.spec_error.clear();
    b.tell(check_applied{check});
    b.answer_write(order, write_answer::failed);
    b.advance(1s);
    BOOST_TEST(b.take<create_pod>().slot == order.result.slot + 1);
}

BOOST_AUTO_TEST_CASE(a_slot_is_free_where_nothing_has_it) {
    const check_view check = make_check();
    entity e;
    e.key = check.key;
    BOOST_TEST(first_free_slot(e, check, epoch, epoch) == epoch);
    pod_record pod;
    pod.view.slot = epoch;
    pod.view.name = pod_name(check.key, workload::check, epoch, 0);
    pod.view.check_uid = "a deleted namesake";
    e.pods.push_back(pod);
    BOOST_TEST(first_free_slot(e, check, epoch, epoch) == epoch + 1);
    pod.view.slot = epoch + 1;
    pod.view.name = pod_name(check.key, workload::check, epoch + 1, 1); // a retry
    pod.view.check_uid = check.uid;
    e.pods.push_back(pod);
    BOOST_TEST(first_free_slot(e, check, epoch, epoch) == epoch + 2);
    e.state.emplace();
    e.state->owner_uid = check.uid;
    e.state->slot = e.state->last_run = epoch + 2;
    BOOST_TEST(first_free_slot(e, check, epoch, epoch) == epoch + 3);
}

BOOST_AUTO_TEST_SUITE_END()
