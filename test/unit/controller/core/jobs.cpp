#include "bench.hpp"

using namespace core_test;

namespace {

check_view make_job() {
    check_view job = make_check("once", "job-uid");
    job.kind = workload::job;
    job.interval = {};
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
    create_done done;
    done.key = order.key;
    done.id = order.id;
    done.answer = create_answer::created;
    done.pod = pod;
    b.tell(done);
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
    const write_result result = b.accept_write();
    BOOST_TEST((result.result.how == outcome::pod_deleted));
    BOOST_TEST(result.result.content.errors.at(0).starts_with("Job execution error: default/once: pod deleted unexpectedly"));
    answer_phase(b, "Completed");
    BOOST_TEST(!b.has<create_pod>());
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

BOOST_AUTO_TEST_SUITE_END()
