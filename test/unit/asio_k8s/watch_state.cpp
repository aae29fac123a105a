#include "asio_k8s/watch_state.hpp"

#include "proto_http/error.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using k8s::api_error;
using k8s::errc;
using k8s::watch_state;
using proto_http::duration;
using proto_http::time_point;
using action = watch_state::action;
using news = watch_state::news;

namespace {

api_error answered(errc code, unsigned status) {
    api_error made;
    made.code = code;
    made.http_status = status;
    return made;
}

api_error refused_connection() {
    api_error made;
    made.code = proto_http::errc::connect_failed;
    return made;
}

api_error gone() {
    return answered(errc::gone, 410);
}

api_error closed() {
    api_error made;
    made.code = proto_http::errc::closed;
    return made;
}

/// The machine, its clock and its dice: the drawn number is 0, so each back-off is half of 800 ms, 1.6 s, …
struct machine {
    time_point now{1h};
    std::uint64_t drawn = 0;
    watch_state state{{}, [this] { return drawn; }};
    watch_state::step last = state.start();

    void page(std::string_view version, std::string_view token = {}) { last = state.page_came(now, version, token); }
    void list_fails(api_error error) { last = state.list_failed(now, std::move(error)); }
    void opens() { last = state.watch_opened(now); }
    void open_fails(api_error error) { last = state.open_failed(now, std::move(error)); }
    void event(std::string_view version) { last = state.event_came(version); }
    void error_event(api_error error) { last = state.error_event_came(now, std::move(error)); }
    void bad_line() { last = state.bad_line_came(now, answered(errc::malformed, 0)); }
    void ends() { last = state.stream_ended(now, closed()); }

    void waits() {
        BOOST_REQUIRE((last.what == action::wait));
        now += last.delay;
        last = state.waited();
    }

    /// Listed at version 10, watching.
    void watching() {
        page("10");
        opens();
        BOOST_REQUIRE((last.what == action::read));
    }

    /// A long and healthy time: 410s and back-offs of before are history.
    void lives(duration time, std::string_view version) {
        now += time;
        event(version);
    }

    void expect_list(std::string_view token = {}) const {
        BOOST_TEST((last.what == action::list_page));
        BOOST_TEST(last.continue_token == token);
    }
    void expect_open(std::string_view version) const {
        BOOST_TEST((last.what == action::open_watch));
        BOOST_TEST(last.resource_version == version);
    }
    void expect_trouble(duration delay) const {
        BOOST_TEST((last.what == action::wait));
        BOOST_TEST((last.told == news::trouble));
        BOOST_TEST((last.delay == delay));
    }
    void expect_quiet() const { BOOST_TEST((last.told == news::none)); }
    void expect_recovered() const { BOOST_TEST((last.told == news::recovered)); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_watch_state)

BOOST_AUTO_TEST_CASE(it_lists_page_by_page_then_watches_from_the_lists_version) {
    machine m;
    m.expect_list();
    m.page("10", "t1");
    m.expect_list("t1");
    BOOST_TEST(!m.last.list_complete);
    m.page("10", "t2");
    m.expect_list("t2");
    m.page("10");
    m.expect_open("10");
    BOOST_TEST(m.last.list_complete);
    m.expect_quiet();
    m.opens();
    BOOST_TEST((m.last.what == action::read));
    BOOST_TEST(!m.last.list_complete);
}

BOOST_AUTO_TEST_CASE(the_watchs_time_is_drawn_between_its_bounds) {
    for (auto [drawn, seconds] : {std::pair<std::uint64_t, int>(0, 240), {1, 241}, {60, 300}, {61, 240}}) {
        machine m;
        m.drawn = drawn;
        m.page("10");
        BOOST_TEST((m.last.timeout == std::chrono::seconds(seconds)));
    }
}

BOOST_AUTO_TEST_CASE(the_stream_is_read_until_its_time_and_five_seconds_are_over) {
    machine m;
    m.watching();
    auto deadline = m.now + 245s;
    BOOST_TEST((m.last.read_deadline == deadline));
    m.now += 100s;
    m.event("11");
    BOOST_TEST((m.last.read_deadline == deadline));
}

BOOST_AUTO_TEST_CASE(a_stream_that_ends_in_its_time_is_opened_again_from_the_last_version) {
    machine m;
    m.watching();
    m.event("11");
    m.event("12");
    m.now += 240s;
    m.ends();
    m.expect_open("12");
    m.expect_quiet();
}

BOOST_AUTO_TEST_CASE(a_stream_that_brought_something_may_end_soon) {
    machine m;
    m.watching();
    m.event("11");
    m.ends();
    m.expect_open("11");
    m.expect_quiet();
}

BOOST_AUTO_TEST_CASE(what_an_earlier_stream_brought_does_not_excuse_the_next_one) {
    machine m;
    m.watching();
    m.event("11");
    m.ends();
    m.expect_open("11");
    m.opens();
    m.ends();
    m.expect_trouble(400ms);
}

BOOST_AUTO_TEST_CASE(an_idle_stream_may_end_after_ten_seconds_but_not_before) {
    machine m;
    m.watching();
    m.now += 10s;
    m.ends();
    m.expect_open("10");
    m.opens();
    m.now += 10s - 1ns;
    m.ends();
    m.expect_trouble(400ms);
    BOOST_TEST(m.last.error.code == proto_http::make_error_code(proto_http::errc::closed));
    m.waits();
    m.expect_open("10");
}

BOOST_AUTO_TEST_CASE(a_watch_that_ends_at_once_five_times_lists_again) {
    machine m;
    m.watching();
    for (auto delay : {duration(400ms), duration(800ms), duration(1600ms), duration(3200ms)}) {
        m.ends();
        m.expect_trouble(delay);
        m.waits();
        m.expect_open("10");
        m.opens();
        m.expect_quiet(); // that it opens is no news: it did so before
    }
    m.ends();
    m.expect_trouble(6400ms);
    m.waits();
    m.expect_list();
    m.page("10");
    m.expect_open("10");
    m.expect_quiet();
    m.opens();
    m.ends();
    m.waits();
    m.expect_open("10"); // the list has given it five more
    m.opens();
    m.event("11");
    m.expect_recovered();
}

BOOST_AUTO_TEST_CASE(a_bookmark_of_the_same_version_is_no_progress) {
    machine m;
    m.watching();
    m.event("10");
    m.ends();
    m.expect_trouble(400ms);
}

BOOST_AUTO_TEST_CASE(an_event_without_a_version_never_overwrites_the_stored_one) {
    machine m;
    m.watching();
    m.event("11");
    m.event("");
    BOOST_TEST((m.last.what == action::read));
    m.ends();
    m.expect_open("11");
}

BOOST_AUTO_TEST_CASE(a_list_without_a_version_is_asked_for_again) {
    machine m;
    m.page("");
    m.expect_trouble(400ms);
    BOOST_TEST(m.last.error.code == make_error_code(errc::no_resource_version));
    BOOST_TEST(!m.last.list_complete);
    m.waits();
    m.expect_list();
}

BOOST_AUTO_TEST_CASE(a_list_that_fails_is_tried_again_for_ever_with_back_off) {
    machine m;
    for (auto delay : {duration(400ms), duration(800ms), duration(1600ms), duration(3200ms), duration(6400ms), duration(12800ms),
                       duration(15s), duration(15s), duration(15s)}) {
        m.list_fails(refused_connection());
        m.expect_trouble(delay);
        m.waits();
        m.expect_list();
    }
    m.page("10");
    m.expect_recovered();
    m.expect_open("10");
}

BOOST_AUTO_TEST_CASE(a_page_that_fails_in_passing_is_asked_for_again_and_the_list_goes_on) {
    for (auto error : {refused_connection(), answered(errc::server_error, 503), answered(errc::throttled, 429)}) {
        machine m;
        m.page("10", "t1");
        m.list_fails(error);
        m.expect_trouble(400ms);
        m.waits();
        m.expect_list("t1");
        m.page("10");
        m.expect_recovered();
        BOOST_TEST(m.last.list_complete);
    }
}

BOOST_AUTO_TEST_CASE(a_page_that_is_refused_starts_the_list_anew) {
    for (auto error : {answered(errc::bad_request, 400), answered(errc::forbidden, 403), answered(errc::malformed, 200)}) {
        machine m;
        m.page("10", "t1");
        m.list_fails(error);
        m.expect_trouble(400ms);
        m.waits();
        m.expect_list();
    }
}

BOOST_AUTO_TEST_CASE(a_list_that_expires_between_pages_starts_anew_at_once_and_then_with_back_off) {
    machine m;
    m.page("10", "t1");
    m.list_fails(gone());
    m.expect_list();
    m.expect_quiet();
    m.page("20", "t2");
    m.list_fails(gone());
    m.expect_trouble(400ms);
    m.waits();
    m.expect_list();
    m.page("30");
    m.expect_recovered();
}

BOOST_AUTO_TEST_CASE(retry_after_takes_the_place_of_the_back_off) {
    for (auto status : {429U, 503U}) {
        machine m;
        auto error = answered(status == 429 ? errc::throttled : errc::server_error, status);
        error.retry_after = 7s;
        m.list_fails(error);
        m.expect_trouble(7s);
        m.waits();
        m.page("10");
        m.open_fails(error);
        m.expect_trouble(7s);
        m.waits();
        m.expect_open("10");
    }
}

BOOST_AUTO_TEST_CASE(retry_after_is_never_nothing_and_never_more_than_five_minutes) {
    machine m;
    auto error = answered(errc::throttled, 429);
    error.retry_after = 0s;
    m.list_fails(error);
    m.expect_trouble(400ms);
    m.waits();
    error.retry_after = 24h;
    m.list_fails(error);
    m.expect_trouble(5min);
}

BOOST_AUTO_TEST_CASE(gone_lists_at_once_in_both_shapes) {
    for (bool as_event : {false, true}) {
        machine m;
        m.page("10");
        if (as_event) {
            m.opens();
            m.error_event(gone());
        } else {
            m.open_fails(gone());
        }
        m.expect_list();
        m.expect_quiet();
        m.page("20");
        m.expect_open("20");
        BOOST_TEST(m.last.list_complete);
    }
}

BOOST_AUTO_TEST_CASE(gone_again_without_progress_lists_after_a_back_off) {
    for (bool as_event : {false, true}) {
        machine m;
        m.page("10");
        m.open_fails(gone());
        m.page("20");
        if (as_event) {
            m.opens();
            m.error_event(gone());
        } else {
            m.open_fails(gone());
        }
        m.expect_trouble(400ms);
        m.waits();
        m.expect_list();
    }
}

BOOST_AUTO_TEST_CASE(gone_after_progress_is_an_ordinary_thing_again) {
    machine m;
    m.watching();
    m.error_event(gone());
    m.page("20");
    m.opens();
    m.event("21");
    m.error_event(gone());
    m.expect_list();
    m.expect_quiet();
}

BOOST_AUTO_TEST_CASE(another_error_event_backs_off_and_goes_on_from_the_last_version) {
    machine m;
    m.watching();
    m.event("11");
    m.error_event(answered(errc::server_error, 500));
    m.expect_trouble(400ms);
    m.waits();
    m.expect_open("11");
    m.opens();
    m.expect_quiet();
    m.event("12");
    m.expect_recovered();
    m.event("13");
    m.expect_quiet();
}

BOOST_AUTO_TEST_CASE(error_events_without_progress_list_again_after_five) {
    machine m;
    m.watching();
    for (int i = 0; i < 4; ++i) {
        m.error_event(answered(errc::server_error, 500));
        m.waits();
        m.expect_open("10");
        m.opens();
    }
    m.error_event(answered(errc::server_error, 500));
    m.waits();
    m.expect_list();
}

BOOST_AUTO_TEST_CASE(a_watch_that_is_refused_for_an_unknown_reason_lists_again_after_five) {
    for (auto error :
         {answered(errc::bad_request, 400), answered(errc::server_error, 504), answered(errc::unexpected_status, 418)}) {
        machine m;
        m.page("10");
        for (int i = 0; i < 4; ++i) {
            m.open_fails(error);
            m.waits();
            m.expect_open("10");
        }
        m.open_fails(error);
        m.waits();
        m.expect_list();
    }
}

BOOST_AUTO_TEST_CASE(a_watch_that_nobody_answers_or_that_is_throttled_keeps_its_version) {
    for (auto error : {refused_connection(), answered(errc::throttled, 429)}) {
        machine m;
        m.page("10");
        for (int i = 0; i < 20; ++i) {
            m.open_fails(error);
            m.waits();
            m.expect_open("10");
        }
        m.opens();
        m.expect_recovered();
    }
}

BOOST_AUTO_TEST_CASE(a_bad_line_closes_and_goes_on_from_the_last_version) {
    machine m;
    m.watching();
    m.event("11");
    m.bad_line();
    m.expect_trouble(400ms);
    m.waits();
    m.expect_open("11");
}

BOOST_AUTO_TEST_CASE(the_third_bad_line_without_progress_lists_again) {
    machine m;
    m.watching();
    for (int i = 0; i < 2; ++i) {
        m.bad_line();
        m.waits();
        m.expect_open("10");
        m.opens();
    }
    m.bad_line();
    m.expect_trouble(1600ms);
    m.waits();
    m.expect_list();
}

BOOST_AUTO_TEST_CASE(bad_lines_with_progress_between_them_never_list) {
    machine m;
    m.watching();
    for (int i = 11; i < 31; ++i) {
        m.event(std::to_string(i));
        m.bad_line();
        m.waits();
        m.expect_open(std::to_string(i));
        m.opens();
    }
}

BOOST_AUTO_TEST_CASE(a_quiet_stream_that_lives_on_heals_trouble) {
    machine m;
    m.watching();
    m.ends();
    m.waits();
    m.opens();
    m.now += 240s;
    m.ends();
    m.expect_open("10");
    m.expect_recovered();
}

BOOST_AUTO_TEST_CASE(two_healthy_minutes_start_the_back_off_over) {
    machine m;
    m.watching();
    m.ends();
    m.waits();
    m.opens();
    m.ends();
    m.expect_trouble(800ms);
    m.waits();
    m.opens();
    m.lives(120s, "11");
    m.error_event(answered(errc::server_error, 500));
    m.expect_trouble(400ms);
}

BOOST_AUTO_TEST_CASE(trouble_that_ends_is_told_once) {
    machine m;
    m.list_fails(refused_connection());
    m.waits();
    m.page("10", "t1");
    m.expect_recovered();
    m.page("10");
    m.expect_quiet();
    m.opens();
    m.expect_quiet();
    m.event("11");
    m.expect_quiet();
}

BOOST_AUTO_TEST_SUITE_END()
