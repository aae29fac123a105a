#include "controller/core/schedule.hpp"

#include "bench.hpp"

#include <set>

using namespace core_test;

BOOST_AUTO_TEST_SUITE(core_schedule)

BOOST_AUTO_TEST_CASE(the_hash_of_a_text_never_changes) {
    // Slots of running clusters depend on it.
    BOOST_TEST(stable_hash("") == 17058014651485797458u);
    BOOST_TEST(stable_hash("8c4a2f0e-5b7e-4f55-9f3a-0f6d2b1c7e90") == stable_hash("8c4a2f0e-5b7e-4f55-9f3a-0f6d2b1c7e90"));
    BOOST_TEST(stable_hash("a") != stable_hash("b"));
}

BOOST_AUTO_TEST_CASE(grid_points_before_and_after_a_time) {
    grid g;
    g.interval = 10;
    g.phase = 3;
    struct {
        unix_seconds at, before, after;
    } cases[] = {{3, 3, 3}, {4, 3, 13}, {12, 3, 13}, {13, 13, 13}, {2, -7, 3}, {-7, -7, -7}, {-8, -17, -7}};
    for (const auto& c : cases) {
        BOOST_TEST(g.at_or_before(c.at) == c.before);
        BOOST_TEST(g.at_or_after(c.at) == c.after);
    }
}

BOOST_AUTO_TEST_CASE(fractions_of_a_second_are_rounded_up) {
    check_view check = make_check();
    for (auto [interval, seconds] : {std::pair<duration, int>{1ms, 1}, {999ms, 1}, {1s, 1}, {1500ms, 2}, {90500ms, 91}}) {
        check.interval = interval;
        BOOST_TEST(grid_of(check).interval == seconds);
    }
}

BOOST_AUTO_TEST_CASE(the_first_slot_is_at_most_ten_seconds_or_an_interval_after_the_creation) {
    for (int i = 0; i < 200; ++i) {
        check_view check = make_check("c", "uid-" + std::to_string(i));
        check.interval = i % 2 ? 60s : 4s;
        const unix_seconds slot = first_slot(check, epoch);
        BOOST_TEST(slot >= epoch);
        BOOST_TEST(slot < epoch + (i % 2 ? 10 : 4));
    }
}

BOOST_AUTO_TEST_CASE(twenty_checks_applied_together_do_not_start_together) {
    std::set<unix_seconds> seconds;
    for (int i = 0; i < 20; ++i) {
        const check_view check = make_check("c", "0b5e8d3c-55aa-4d3b-9c11-00000000000" + std::to_string(i));
        seconds.insert(first_slot(check, epoch));
    }
    BOOST_TEST(seconds.size() >= 6u);
}

BOOST_AUTO_TEST_CASE(the_next_slot_is_at_least_half_an_interval_after_the_base) {
    const check_view check = make_check();
    for (unix_seconds base = epoch; base < epoch + 120; ++base) {
        const unix_seconds slot = next_slot(check, base, base);
        BOOST_TEST(slot - base >= 30);
        BOOST_TEST(slot - base < 90);
        BOOST_TEST((slot - grid_of(check).phase) % 60 == 0);
    }
}

BOOST_AUTO_TEST_CASE(missed_slots_collapse_into_the_latest) {
    const check_view check = make_check();
    const unix_seconds base = grid_of(check).at_or_after(epoch);
    BOOST_TEST(next_slot(check, base, base + 59) == base + 60);
    BOOST_TEST(next_slot(check, base, base + 60) == base + 60);
    BOOST_TEST(next_slot(check, base, base + 3600 + 5) == base + 3600);
}

BOOST_AUTO_TEST_CASE(without_a_spread_a_new_check_starts_at_once) {
    check_view check = make_check();
    for (int i = 0; i < 20; ++i) {
        check.uid = "uid-" + std::to_string(i);
        BOOST_TEST(first_slot(check, epoch, 0) == check.created);
    }
}

BOOST_AUTO_TEST_CASE(a_check_that_never_ran_for_a_day_starts_in_the_latest_slot_and_not_in_one_of_yesterday) {
    const check_view check = make_check();
    const unix_seconds now = epoch + 86'400;
    const unix_seconds slot = first_slot(check, now);
    BOOST_TEST(slot <= now);
    BOOST_TEST(slot > now - 60);
}

BOOST_AUTO_TEST_CASE(a_check_that_was_created_in_the_future_by_our_clock_still_starts_within_ten_seconds) {
    check_view check = make_check();
    check.created = epoch + 600;
    check.interval = 24h;
    const unix_seconds slot = first_slot(check, epoch + 3);
    BOOST_TEST(slot >= epoch + 3);
    BOOST_TEST(slot <= epoch + 13);
    BOOST_TEST(first_slot(check, slot) == slot);
}

BOOST_AUTO_TEST_CASE(a_slot_far_ahead_is_void) {
    check_view check = make_check();
    BOOST_TEST(!is_void(check, epoch + 60, epoch));
    BOOST_TEST(is_void(check, epoch + 61, epoch));
    check.interval = 1h;
    BOOST_TEST(!is_void(check, epoch + 3600, epoch));
    BOOST_TEST(is_void(check, epoch + 3601, epoch));
}

BOOST_AUTO_TEST_CASE(a_run_id_is_a_uuid_of_version_five_and_differs_by_uid_slot_and_attempt) {
    const std::string id = run_id("uid-1", epoch, 0);
    BOOST_TEST(id.size() == 36u);
    BOOST_TEST(id[14] == '5');
    BOOST_TEST(id == run_id("uid-1", epoch, 0));
    BOOST_TEST(id != run_id("uid-2", epoch, 0));
    BOOST_TEST(id != run_id("uid-1", epoch + 1, 0));
    BOOST_TEST(id != run_id("uid-1", epoch, 1));
}

BOOST_AUTO_TEST_CASE(pod_names_look_as_in_v2) {
    const check_key key{"ns", "DNS-status"};
    BOOST_TEST(pod_name(key, workload::check, 1647987654, 0) == "dns-status-1647987654");
    BOOST_TEST(pod_name(key, workload::check, 1647987654, 1) == "dns-status-1647987654-r1");
    BOOST_TEST(pod_name(key, workload::job, 1647987654, 0) == "dns-status-1647987654-j");
    BOOST_TEST(pod_name(key, workload::job, 1647987654, 1) == "dns-status-1647987654-j-r1");
}

BOOST_AUTO_TEST_SUITE_END()
