#include "controller/core/retention.hpp"

#include "bench.hpp"

using namespace core_test;

namespace {

pod_record finished_pod(int number, pod_phase phase) {
    pod_record pod;
    pod.view.name = "p" + std::to_string(number);
    pod.view.check_uid = "uid-1";
    pod.view.slot = epoch + number * 60;
    pod.view.finished = epoch + number * 60 + 5;
    pod.view.phase = phase;
    return pod;
}

std::string joined(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names)
        text += name + " ";
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(core_retention)

BOOST_AUTO_TEST_CASE(finished_pods_are_kept_by_count_and_age_and_the_newest_slots_pod_always) {
    const auto s = pod_phase::succeeded;
    const auto f = pod_phase::failed;
    struct {
        const char* name;
        std::vector<pod_phase> pods; ///< p0 is the oldest
        std::size_t succeeded_max, failed_max;
        unix_seconds now_after; ///< seconds after the epoch
        const char* removed;
    } cases[] = {
        {"few", {s, s}, 4, 4, 200, ""},
        {"beyond the count", {s, s, s, s, s, s}, 4, 4, 400, "p0 p1 "},
        {"each kind by its own count", {f, s, f, s, f, s}, 1, 2, 400, "p0 p1 p3 "},
        {"a retention of nothing keeps the newest slot", {s, s, s}, 0, 0, 200, "p0 p1 "},
        {"a retention of nothing, newest failed", {s, f}, 0, 0, 200, "p0 "},
        {"beyond the age", {s, s, s}, 4, 4, 3600 + 70, "p0 p1 "},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.name) {
            std::vector<pod_record> pods;
            for (std::size_t i = 0; i < c.pods.size(); ++i)
                pods.push_back(finished_pod(static_cast<int>(i), c.pods[i]));
            retention_rules rules;
            rules.age_max = 1h;
            rules.succeeded_max = c.succeeded_max;
            rules.failed_max = c.failed_max;
            const retention_plan plan = plan_retention(pods, make_check(), *pods.back().view.slot, epoch + c.now_after, rules);
            BOOST_TEST(joined(plan.remove) == c.removed);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_next_expiry_is_told) {
    std::vector<pod_record> pods{finished_pod(0, pod_phase::succeeded), finished_pod(1, pod_phase::succeeded)};
    retention_rules rules;
    rules.age_max = 1h;
    const retention_plan plan = plan_retention(pods, make_check(), epoch + 60, epoch + 100, rules);
    BOOST_TEST(plan.next.value_or(0) == epoch + 5 + 3600);
}

BOOST_AUTO_TEST_CASE(running_terminating_and_foreign_pods_are_none_of_its_business) {
    std::vector<pod_record> pods{finished_pod(0, pod_phase::running), finished_pod(1, pod_phase::succeeded),
                                 finished_pod(2, pod_phase::succeeded)};
    pods[1].view.terminating = true;
    pods[2].view.check_uid = "uid-2";
    retention_rules rules;
    rules.succeeded_max = 0;
    BOOST_TEST(plan_retention(pods, make_check(), epoch + 999, epoch + 300, rules).remove.empty());
}

BOOST_AUTO_TEST_CASE(with_a_retention_of_nothing_a_run_costs_one_create_one_write_and_one_delete) {
    decider_settings settings;
    settings.retention.succeeded_max = 0;
    settings.retention.failed_max = 0;
    bench b = synced_bench(settings);
    pod_view pod = b.start_first_run(make_check());
    std::size_t creates = 1, writes = 0, deletes = 0;
    for (int i = 0; i < 10; ++i) {
        b.report(pod);
        b.accept_write();
        ++writes;
        b.tell(pod_applied{b.ended(pod)});
        while (!b.has<create_pod>())
            b.advance(1s);
        pod = b.running(b.answer_create());
        ++creates;
        b.tell(pod_applied{pod});
        if (b.has<delete_pod>()) {
            const delete_pod order = b.take<delete_pod>();
            pod_delete_done done;
            done.key = order.key;
            done.pod_name = order.pod_name;
            done.id = order.id;
            done.answer = remove_answer::removed;
            b.tell(done);
            b.tell(pod_deleted{"default", order.pod_name, order.pod_uid, std::nullopt});
            ++deletes;
        }
        BOOST_TEST(!b.has<delete_pod>());
        BOOST_TEST(!b.has<write_result>());
    }
    BOOST_TEST(creates == 11u);
    BOOST_TEST(writes == 10u);
    BOOST_TEST(deletes == 10u);
}

BOOST_AUTO_TEST_SUITE_END()
