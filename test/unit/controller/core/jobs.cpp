#include "bench.hpp"

using namespace core_test;

namespace {

check_view make_job() {
    check_view job = make_check("once", "job-uid");
    job.kind = workload::job;
    job.interval = {};
    return job;
}

check_view completed(check_view job, std::string version = "70") {
    job.phase = "Completed";
    job.generation = 3;
    job.resource_version = std::move(version);
    return job;
}

void answer_phase(bench& b, std::string_view expected) {
    const set_phase order = b.take<set_phase>();
    BOOST_TEST(order.phase == expected);
    phase_done done;
    done.key = order.key;
    done.id = order.id;
    done.written = true;
    b.tell(done);
}

} // namespace

BOOST_AUTO_TEST_SUITE(core_jobs)

BOOST_AUTO_TEST_CASE(a_job_runs_once_and_its_phase_follows) {
    bench b = synced_bench();
    check_view job = make_job();
    b.tell(check_applied{job});
    const create_pod order = b.all<create_pod>().at(0);
    BOOST_TEST(order.slot == epoch);
    BOOST_TEST(order.pod_name == "once-1700000000-j");
    BOOST_TEST(!b.has<set_phase>());
    pod_view pod = b.running(b.answer_create());
    answer_phase(b, "Running");
    job.phase = "Running";
    job.generation = 2; // our own write of the phase is never an edit
    b.tell(check_applied{job});
    b.tell(pod_applied{pod});
    BOOST_TEST(!b.has<delete_pod>());
    const report_id id = b.report(pod);
    const write_result result = b.accept_write();
    BOOST_TEST((result.result.kind == workload::job));
    BOOST_TEST(b.take<answer_report>().id == id);
    answer_phase(b, "Completed");
    job.phase = "Completed";
    job.generation = 3;
    b.tell(check_applied{job});
    b.tell(pod_applied{b.ended(pod)});
    b.advance(1h);
    BOOST_TEST(!b.has<create_pod>());
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_behind_the_creation_of_a_job_does_not_matter_to_it) {
    bench b = synced_bench();
    check_view job = make_job();
    b.tell(check_applied{job});
    const create_pod order = b.take<create_pod>();
    b.clock.wall -= 3600s;
    const pod_view pod = b.ended(b.pod_of(order));
    b.answer_create(order, create_answer::created, pod);
    b.advance(6s);
    BOOST_TEST(!b.has<create_pod>());
    BOOST_TEST((b.accept_write().result.how == outcome::ended_without_report));
}

BOOST_AUTO_TEST_CASE(a_state_that_was_deleted_does_not_come_back_with_the_late_answer_of_its_write) {
    bench b = synced_bench();
    b.tell(check_applied{make_job()});
    const pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    b.report(pod);
    const write_result order = b.take<write_result>();
    const state_view stored = b.state_of(order.result);
    b.tell(state_applied{stored});
    b.tell(state_deleted{stored.key, stored.uid});
    b.forget_actions();
    b.answer_write(order, write_answer::written, stored);
    const write_result again = b.take<write_result>(); // the report is not lost with it
    BOOST_TEST(again.resource_version == "");
}

BOOST_AUTO_TEST_CASE(a_check_that_takes_the_name_of_a_job_ends_its_run) {
    bench b = synced_bench();
    b.tell(check_applied{make_job()});
    const pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    b.tell(check_applied{make_check("once", "check-uid")});
    const delete_pod order = b.take<delete_pod>();
    BOOST_TEST(order.pod_uid == pod.uid);
    BOOST_TEST(!order.verify_owner_uid.has_value());
}

BOOST_AUTO_TEST_CASE(a_job_that_was_running_and_whose_pod_is_gone_has_failed) {
    bench b = synced_bench();
    check_view job = make_job();
    job.phase = "Running";
    b.tell(check_applied{job});
    b.advance(59s); // the watch of the pods may be behind
    BOOST_TEST(!b.has<write_result>());
    b.advance(1s);
    const write_result result = b.accept_write();
    BOOST_TEST((result.result.how == outcome::pod_deleted));
    BOOST_TEST(result.result.content.errors.at(0).starts_with("Job execution error: default/once: pod deleted unexpectedly"));
    answer_phase(b, "Completed");
    BOOST_TEST(!b.has<create_pod>());
}

BOOST_AUTO_TEST_CASE(a_job_whose_pod_is_told_later_than_its_phase_goes_on) {
    bench b = synced_bench();
    b.tell(check_applied{make_job()});
    const pod_view pod = b.running(b.pod_of(b.take<create_pod>())); // another replica's is taken for ours
    bench late = synced_bench();
    check_view job = make_job();
    job.phase = "Running";
    late.tell(check_applied{job});
    late.advance(20s);
    const report_id id = late.report(pod);
    late.advance(2s);
    BOOST_TEST(!late.has<write_result>());
    late.tell(pod_applied{pod});
    late.accept_write();
    BOOST_TEST((late.take<answer_report>().id == id));
    late.advance(60s);
    BOOST_TEST(!late.has<write_result>());
}

BOOST_AUTO_TEST_CASE(a_job_whose_pod_went_before_the_eyes_of_this_process_fails_at_once) {
    bench b = synced_bench();
    b.tell(check_applied{make_job()});
    const pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    check_view job = make_job();
    job.phase = "Running";
    b.tell(check_applied{job});
    b.tell(pod_deleted{pod.check.ns, pod.name, pod.uid, pod});
    BOOST_TEST((b.accept_write().result.how == outcome::pod_deleted));
}

BOOST_AUTO_TEST_CASE(a_follower_gives_up_no_pod_of_a_job) {
    decider_settings settings;
    settings.leader_until = {};
    bench b = synced_bench(settings);
    check_view job = make_job();
    job.phase = "Running";
    b.tell(check_applied{job});
    b.advance(120s);
    BOOST_TEST(!b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(a_job_that_does_not_report_fails_at_its_deadline_and_is_completed) {
    bench b = synced_bench();
    b.tell(check_applied{make_job()});
    pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    b.forget_actions();
    b.advance(31s);
    BOOST_TEST((b.accept_write().result.how == outcome::timed_out_before_report));
    BOOST_TEST(b.has<delete_pod>());
}

BOOST_AUTO_TEST_CASE(a_check_owns_the_name_that_a_job_has_as_well) {
    bench b = synced_bench();
    check_view check = make_check("once", "check-uid");
    b.tell(check_applied{check});
    b.tell(check_applied{make_job()});
    b.advance(20s);
    for (const create_pod& order : b.all<create_pod>())
        BOOST_TEST((order.kind == workload::check));
    BOOST_TEST(b.all<show_check>().back().conflict_text.find("the job is not run") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_phase_is_written_to_the_job_that_was_seen_and_to_no_namesake) {
    bench b = synced_bench();
    check_view job = make_job();
    job.phase = "Running";
    job.resource_version = "41";
    b.tell(check_applied{job});
    b.advance(60s);
    b.accept_write(); // its pod is gone
    const set_phase order = b.take<set_phase>();
    BOOST_TEST(order.resource_version == "41");
    phase_done conflict;
    conflict.key = order.key;
    conflict.id = order.id;
    conflict.message = "409 Conflict";
    b.tell(conflict);
    check_view namesake = make_job();
    namesake.uid = "job-uid-2";
    namesake.resource_version = "50";
    b.tell(check_applied{namesake});
    b.advance(1s);
    BOOST_TEST(!b.has<set_phase>());
}

BOOST_AUTO_TEST_CASE(a_finished_job_is_deleted_when_its_age_is_over_to_the_second) {
    bench b = synced_bench();
    b.tell(check_applied{completed(make_job())});
    b.advance(15min - 1s);
    BOOST_TEST(!b.has<delete_job>());
    b.advance(1s);
    const delete_job order = b.take<delete_job>();
    BOOST_TEST(order.uid == "job-uid");
    BOOST_TEST(order.resource_version == "70");
    b.tell(job_delete_done{order.key, order.id, remove_answer::removed, {}, {}});
    b.advance(10s);
    BOOST_TEST(!b.has<delete_job>());
}

BOOST_AUTO_TEST_CASE(the_age_of_a_job_is_a_setting) {
    decider_settings settings;
    settings.max_job_age = 1h;
    bench b = synced_bench(settings);
    b.tell(check_applied{completed(make_job())});
    b.advance(59min);
    BOOST_TEST(!b.has<delete_job>());
    b.advance(1min);
    BOOST_TEST(b.has<delete_job>());
}

BOOST_AUTO_TEST_CASE(a_job_that_is_not_completed_is_never_deleted_for_its_age) {
    bench b = synced_bench();
    check_view job = make_job();
    job.timeout = 2h;
    b.tell(check_applied{job});
    b.tell(pod_applied{b.running(b.answer_create())});
    b.advance(1h);
    BOOST_TEST(!b.has<delete_job>());
}

BOOST_AUTO_TEST_CASE(the_pods_and_the_state_of_a_deleted_job_go_with_it) {
    bench b = synced_bench();
    check_view job = make_job();
    b.tell(check_applied{job});
    const pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    b.report(pod);
    b.accept_write();
    b.tell(pod_applied{b.ended(pod)});
    b.tell(check_applied{completed(job)});
    b.forget_actions();
    b.advance(15min);
    BOOST_TEST(b.has<delete_job>());
    BOOST_TEST(!b.has<delete_state>());
    b.tell(check_deleted{job.key, workload::job, job.uid});
    BOOST_TEST(b.take<delete_pod>().pod_uid == pod.uid);
    BOOST_TEST(b.take<delete_state>().owner_uid == job.uid);
}

BOOST_AUTO_TEST_CASE(a_job_that_was_written_meanwhile_is_deleted_in_its_new_version) {
    bench b = synced_bench();
    b.tell(check_applied{completed(make_job())});
    b.advance(15min);
    const delete_job order = b.take<delete_job>();
    b.tell(job_delete_done{order.key, order.id, remove_answer::failed, "409 Conflict", {}});
    b.tell(check_applied{completed(make_job(), "71")});
    b.advance(1s);
    BOOST_TEST(b.take<delete_job>().resource_version == "71");
}

BOOST_AUTO_TEST_CASE(a_finished_job_of_a_name_that_a_check_has_is_deleted_as_well_and_the_state_stays) {
    bench b = synced_bench();
    check_view check = make_check("once", "check-uid");
    check.interval = 1h;
    b.tell(check_applied{check});
    b.tell(check_applied{completed(make_job())});
    b.advance(15min);
    BOOST_TEST(b.take<delete_job>().uid == "job-uid");
    b.tell(check_deleted{check.key, workload::job, "job-uid"});
    BOOST_TEST(!b.has<delete_state>());
}

BOOST_AUTO_TEST_CASE(a_follower_and_a_draining_process_delete_no_job) {
    decider_settings follower;
    follower.leader_until = time_point();
    bench b = synced_bench(follower);
    b.tell(check_applied{completed(make_job())});
    b.advance(1h);
    BOOST_TEST(!b.has<delete_job>());
    bench d = synced_bench();
    d.tell(check_applied{completed(make_job())});
    d.tell(draining{});
    d.advance(1h);
    BOOST_TEST(!d.has<delete_job>());
}

BOOST_AUTO_TEST_CASE(a_change_of_a_job_after_its_start_is_ignored_even_if_it_breaks_the_spec) {
    bench b = synced_bench();
    check_view job = make_job();
    b.tell(check_applied{job});
    const pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    b.forget_actions();
    job.generation = 2;
    job.spec_hash = 7;
    job.spec_error = "spec.timeout: \"soon\" is not a duration";
    b.tell(check_applied{job});
    BOOST_TEST(!b.has<write_result>());
    BOOST_TEST(!b.has<delete_pod>());
    BOOST_TEST(b.all<write_log>().size() == 1u);
    const report_id id = b.report(pod);
    BOOST_TEST((b.accept_write().result.how == outcome::passed));
    BOOST_TEST(b.take<answer_report>().id == id);
}

BOOST_AUTO_TEST_CASE(a_job_that_was_changed_is_not_tried_once_more_with_another_spec) {
    for (const bool is_changed : {false, true}) {
        bench b = synced_bench();
        check_view job = make_job();
        b.tell(check_applied{job});
        pod_view pod = b.running(b.answer_create());
        b.tell(pod_applied{pod});
        job.spec_hash = is_changed ? 7 : 0;
        b.tell(check_applied{job});
        b.forget_actions();
        pod = b.ended(pod, pod_phase::failed);
        pod.infrastructure_fault = true;
        b.tell(pod_applied{pod});
        b.advance(6s);
        BOOST_TEST(b.has<create_pod>() != is_changed);
        BOOST_TEST(b.has<write_result>() == is_changed);
    }
}

BOOST_AUTO_TEST_CASE(a_change_of_a_job_before_its_start_is_taken) {
    bench b;
    check_view job = make_job();
    job.spec_error = "spec.timeout: \"soon\" is not a duration";
    b.tell(check_applied{job});
    job.spec_error.clear();
    job.spec_hash = 7;
    job.generation = 2;
    b.tell(check_applied{job});
    b.sync();
    BOOST_TEST(b.all<create_pod>().at(0).generation == 2);
    BOOST_TEST(b.all<write_log>().empty());
}

BOOST_AUTO_TEST_CASE(a_job_that_is_edited_while_its_pod_is_made_keeps_the_timeout_of_that_pod) {
    bench b = synced_bench();
    check_view job = make_job();
    b.tell(check_applied{job});
    job.timeout = 5s;
    job.generation = 2;
    job.spec_hash = 2;
    b.tell(check_applied{job});
    const pod_view pod = b.running(b.answer_create());
    b.tell(pod_applied{pod});
    b.advance(20s);
    b.report(pod);
    BOOST_TEST((b.take<write_result>().result.how == outcome::passed));
}

BOOST_AUTO_TEST_CASE(the_report_of_a_job_waits_for_the_end_of_the_check_whose_name_it_took) {
    struct rule {
        unix_seconds pod_made; ///< after the check
        bool is_refused;
    };
    for (const rule& r : {rule{5, false}, rule{0, true}, rule{-5, true}}) {
        bench b = synced_bench();
        const check_view job = make_job();
        b.tell(check_applied{make_check("once", "check-uid")});
        b.tell(check_applied{job});
        pod_view pod = b.running(b.pod_of(order_for(job, job.created, b.wall() + 30))); // another replica's
        pod.created = epoch + r.pod_made;
        b.tell(pod_applied{pod});
        b.report(pod);
        BOOST_TEST(b.has<answer_report>() == r.is_refused, "made after " << r.pod_made << " s");
    }
}

BOOST_AUTO_TEST_CASE(a_job_whose_name_a_check_gives_back_starts_in_its_own_slot) {
    bench b = synced_bench();
    const check_view check = make_check("once", "check-uid");
    b.tell(check_applied{check});
    b.advance(11s);
    const create_pod of_check = b.take<create_pod>(); // it is not answered
    b.tell(check_applied{make_job()});
    BOOST_TEST(!b.has<create_pod>());
    b.tell(check_deleted{check.key, workload::check, check.uid});
    BOOST_TEST(b.take<cancel_operation>().id == of_check.id);
    const create_pod of_job = b.take<create_pod>();
    BOOST_TEST((of_job.kind == workload::job));
    BOOST_TEST(of_job.slot == epoch);
}

BOOST_AUTO_TEST_CASE(a_check_that_writes_over_the_result_of_a_job_has_to_be_there_still) {
    bench b = synced_bench();
    const check_view job = make_job();
    b.tell(check_applied{job});
    const pod_view of_job = b.running(b.answer_create());
    b.tell(pod_applied{of_job});
    b.report(of_job);
    BOOST_TEST(!b.accept_write().takes_over);
    const check_view check = make_check("once", "check-uid");
    b.tell(check_applied{check}); // perhaps it is gone already, and that watch lags
    b.forget_actions();
    b.advance(11s);
    const pod_view of_check = b.running(b.answer_create());
    b.tell(pod_applied{of_check});
    b.report(of_check);
    BOOST_TEST(b.accept_write().takes_over);
    b.advance(2min);
    b.report(b.running(b.answer_create()));
    BOOST_TEST(!b.accept_write().takes_over); // no read precedes a write
}

BOOST_AUTO_TEST_SUITE_END()
