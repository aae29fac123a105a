#include "unit/controller/core/bench.hpp"

using namespace core_test;

BOOST_AUTO_TEST_SUITE(core_settings)

BOOST_AUTO_TEST_CASE(new_settings_touch_no_run) {
    bench b = synced_bench();
    const pod_view pod = b.start_first_run(make_check());
    b.forget_actions();
    settings_changed told;
    told.settings.retention.succeeded_max = 0;
    told.settings.overdue_starts_per_second = 1;
    told.settings.max_job_age = 1h;
    b.tell(told);
    BOOST_TEST(b.actions.empty());
    b.report(pod);
    BOOST_TEST((b.accept_write().result.how == outcome::passed));
    BOOST_TEST(!b.has<create_pod>());
    BOOST_TEST(!b.has<delete_pod>());
}

BOOST_AUTO_TEST_CASE(a_count_that_was_lowered_removes_finished_pods_at_once) {
    bench b = synced_bench();
    pod_view pod = b.start_first_run(make_check());
    for (int i = 0; i < 3; ++i) {
        b.report(pod);
        b.accept_write();
        b.tell(pod_applied{b.ended(pod)});
        while (!b.has<create_pod>())
            b.advance(1s);
        pod = b.running(b.answer_create());
        b.tell(pod_applied{pod});
    }
    BOOST_TEST(!b.has<delete_pod>());
    settings_changed told;
    told.settings.retention.succeeded_max = 1;
    b.tell(told);
    BOOST_TEST(b.all<delete_pod>().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_header_can_be_demanded_from_now_on) {
    bench b = synced_bench();
    b.start_first_run(make_check());
    settings_changed told;
    told.settings.reports_without_header = false;
    b.tell(told);
    b.report_from("10.0.0.7");
    BOOST_TEST((b.take<answer_report>().answer == report_answer::refused));
    told.settings.reports_without_header = true;
    b.tell(told);
    b.report_from("10.0.0.7");
    BOOST_TEST(b.has<write_result>());
}

BOOST_AUTO_TEST_CASE(a_higher_rate_holds_for_what_is_waiting) {
    decider_settings settings;
    settings.overdue_starts_per_second = 1;
    bench b(settings);
    for (int i = 0; i < 40; ++i) {
        check_view check = make_check("c" + std::to_string(i), "uid-" + std::to_string(i));
        check.created = epoch - 100'000;
        check.interval = 1h;
        b.tell(check_applied{check});
    }
    b.sync();
    b.advance(2s);
    BOOST_TEST(b.all<create_pod>().size() <= 4u);
    settings_changed told;
    told.settings.overdue_starts_per_second = 100;
    b.tell(told);
    b.advance(1s);
    BOOST_TEST(b.all<create_pod>().size() == 40u);
}

// A member of the same name in decider_settings would hide the one that changes.
BOOST_AUTO_TEST_CASE(what_may_change_is_there_once) {
    decider_settings all;
    live_settings& live = all;
    live.max_job_age = 77s;
    live.overdue_starts_per_second = 79;
    live.reports_without_header = false;
    live.retention.failed_max = 80;
    BOOST_TEST((all.max_job_age == 77s));
    BOOST_TEST(all.overdue_starts_per_second == 79);
    BOOST_TEST(!all.reports_without_header);
    BOOST_TEST(all.retention.failed_max == 80u);
}

BOOST_AUTO_TEST_CASE(who_leads_is_no_setting) {
    decider_settings settings;
    settings.leader_until = {};
    bench b = synced_bench(settings);
    b.tell(check_applied{make_check()});
    b.tell(settings_changed{});
    b.advance(60s);
    BOOST_TEST(!b.has<create_pod>());
}

BOOST_AUTO_TEST_SUITE_END()
