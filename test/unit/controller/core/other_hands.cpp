#include "bench.hpp"

// What other people's hands do to the objects that we keep our books in.

using namespace core_test;

namespace {

struct stored_run {
    bench b = synced_bench();
    check_view check = make_check();
    pod_view pod;
    state_view state;

    stored_run() {
        pod = b.start_first_run(check);
        b.report(pod);
        const write_result order = b.take<write_result>();
        state = b.state_of(order.result);
        b.answer_write(order, write_answer::written, state);
        pod = b.ended(pod);
        b.tell(pod_applied{pod});
        b.forget_actions();
    }

    void edit(auto how) {
        how(state);
        state.resource_version += "0";
        b.tell(state_applied{state});
    }
    create_pod next_run() {
        for (int i = 0; i < 100 && !b.has<create_pod>(); ++i)
            b.advance(1s);
        return b.take<create_pod>();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(core_other_hands)

BOOST_AUTO_TEST_CASE(a_result_that_was_edited_is_shown_as_it_is_and_overwritten_by_the_next_run) {
    stored_run run;
    run.edit([](state_view& s) {
        s.ok = false;
        s.errors = {"by hand"};
    });
    BOOST_TEST(!run.b.take<show_check>().state.value().ok);
    BOOST_TEST(!run.b.has<write_result>());
    BOOST_TEST(!run.b.has<create_pod>());
    BOOST_TEST(!run.b.has<write_log>()); // no run has ended
    const create_pod order = run.next_run();
    pod_view pod = run.b.running(run.b.pod_of(order));
    run.b.tell(create_done{order.key, order.id, create_answer::created, pod, {}, {}});
    run.b.report(pod);
    const write_result write = run.b.take<write_result>();
    BOOST_TEST(write.resource_version == run.state.resource_version);
    BOOST_TEST(write.result.content.ok);
}

BOOST_AUTO_TEST_CASE(a_result_whose_annotations_are_gone_counts_as_one_of_v2) {
    stored_run run;
    const unix_seconds slot = *run.state.slot;
    run.edit([](state_view& s) {
        s.owner_uid.clear();
        s.slot.reset();
        s.generation = 0;
        s.how.reset();
    });
    BOOST_TEST(!run.b.has<create_pod>());
    BOOST_TEST(!run.b.has<delete_state>());
    BOOST_TEST(run.next_run().slot >= slot + 30);
}

BOOST_AUTO_TEST_CASE(a_state_that_names_an_owner_that_nobody_knows_is_removed_after_a_look_and_the_schedule_stays) {
    stored_run run;
    const unix_seconds slot = *run.state.slot;
    run.edit([](state_view& s) { s.owner_uid = "nobody"; });
    const delete_state order = run.b.take<delete_state>();
    BOOST_TEST(order.owner_uid == "nobody");
    BOOST_TEST(order.resource_version == run.state.resource_version);
    run.b.tell(state_deleted{order.key, order.uid});
    BOOST_TEST(!run.b.has<create_pod>());
    BOOST_TEST(run.next_run().slot >= slot + 30);
}

BOOST_AUTO_TEST_CASE(a_slot_of_next_year_that_somebody_wrote_does_not_stop_the_check) {
    stored_run run;
    const unix_seconds slot = *run.state.slot;
    run.edit([](state_view& s) { s.slot = *s.slot + 365 * 86400; });
    BOOST_TEST(run.next_run().slot <= slot + 120);
}

BOOST_AUTO_TEST_CASE(a_namespace_that_is_being_deleted_refuses_creates_until_the_check_is_gone_and_nothing_is_left) {
    stored_run run;
    const create_pod order = run.next_run();
    create_done refused;
    refused.key = order.key;
    refused.id = order.id;
    refused.answer = create_answer::refused;
    refused.message =
        "pods \"web-1\" is forbidden: unable to create new content in namespace default because it is being terminated";
    run.b.tell(refused);
    BOOST_TEST(run.b.all<show_check>().back().waiting_reason == "CreateRefused");
    run.b.tell(check_deleted{run.check.key, workload::check, run.check.uid});
    run.b.tell(state_deleted{run.check.key, run.state.uid});
    run.b.tell(pod_deleted{run.check.key.ns, run.pod.name, run.pod.uid, run.pod});
    BOOST_TEST(run.b.has<hide_check>());
    const delete_state removal = run.b.take<delete_state>();
    run.b.tell(state_delete_done{removal.key, removal.uid, removal.id, remove_answer::gone, {}, {}});
    run.b.forget_actions();
    run.b.advance(10min);
    BOOST_TEST(run.b.actions.empty());
    BOOST_TEST((run.b.core.next_due() == proto_http::never));
}

BOOST_AUTO_TEST_CASE(a_pod_that_hangs_in_terminating_is_deleted_once_blocks_nothing_and_is_forgotten_when_it_goes) {
    bench b = synced_bench();
    check_view check = make_check();
    pod_view hanging = b.start_first_run(check);
    hanging.terminating = true;
    b.tell(pod_applied{hanging});
    b.advance(6s);
    BOOST_TEST((b.accept_write().result.how == outcome::pod_deleted));
    for (int i = 0; i < 3; ++i) {
        while (!b.has<create_pod>())
            b.advance(1s);
        const pod_view pod = b.running(b.answer_create());
        b.tell(pod_applied{pod});
        b.report(pod);
        b.accept_write();
        b.tell(pod_applied{b.ended(pod)});
    }
    BOOST_TEST(b.all<delete_pod>().empty());
    // Its check goes; it still hangs, and the state need not wait for it.
    b.forget_actions();
    b.tell(check_deleted{check.key, workload::check, check.uid});
    BOOST_TEST(b.has<delete_state>());
    b.advance(1h);
    for (const delete_pod& order : b.all<delete_pod>())
        BOOST_TEST(order.pod_uid != hanging.uid);
}

BOOST_AUTO_TEST_CASE(the_late_answer_of_a_create_does_not_hide_the_pod_that_took_its_name) {
    bench b = synced_bench();
    b.tell(check_applied{make_check()});
    b.advance(11s);
    const create_pod order = b.take<create_pod>();
    const pod_view first = b.pod_of(order); // it was deleted before the watch told of it
    pod_view second = first;                // by another replica
    second.uid = "second";
    second.secret = "another";
    b.tell(pod_applied{b.running(second)});
    b.answer_create(order, create_answer::created, first);
    b.advance(31s);
    BOOST_TEST((b.accept_write().result.how == outcome::timed_out_before_report));
    BOOST_TEST(b.take<delete_pod>().pod_uid == "second");
}

BOOST_AUTO_TEST_SUITE_END()
