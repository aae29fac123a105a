#include "asio_k8s/backoff.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace std::chrono_literals;
using proto_http::duration;
using proto_http::time_point;

BOOST_AUTO_TEST_SUITE(k8s_backoff)

BOOST_AUTO_TEST_CASE(the_delay_doubles_up_to_its_cap) {
    k8s::backoff delays;
    time_point now{1h};
    for (duration half : {duration(400ms), duration(800ms), duration(1600ms), duration(3200ms), duration(6400ms),
                          duration(12800ms), duration(15s), duration(15s)}) {
        auto delay = delays.next(now, 0);
        BOOST_TEST((delay == half));
        now += delay;
    }
}

BOOST_AUTO_TEST_CASE(the_drawn_number_spreads_the_delay_over_its_upper_half) {
    for (auto [random, expected] :
         {std::pair<std::uint64_t, duration>(0, 400ms), {1, 400ms + 1ns}, {400'000'000, 800ms}, {400'000'001, 400ms}}) {
        k8s::backoff delays;
        BOOST_TEST((delays.next(time_point{1h}, random) == expected));
    }
    k8s::backoff delays;
    auto delay = delays.next(time_point{1h}, std::numeric_limits<std::uint64_t>::max());
    BOOST_TEST((delay >= 400ms && delay <= 800ms));
}

BOOST_AUTO_TEST_CASE(two_quiet_minutes_after_a_delay_start_it_over) {
    k8s::backoff delays;
    time_point now{1h};
    now += delays.next(now, 0);
    now += delays.next(now, 0);
    now += 120s - 1ns;
    auto third = delays.next(now, 0);
    BOOST_TEST((third == 1600ms));
    now += third + 120s;
    BOOST_TEST((delays.next(now, 0) == 400ms));
}

BOOST_AUTO_TEST_SUITE_END()
