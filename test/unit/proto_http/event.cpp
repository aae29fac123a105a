#include "proto_http/event.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"

#include <optional>

using namespace proto_http;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(event_suite, test_support::manual_fixture)

BOOST_AUTO_TEST_CASE(set_wakes_every_waiter) {
    event wake(rt);
    auto first = start(wake.wait());
    auto second = start(wake.wait(rt.now() + 1h));
    rt.poll();
    BOOST_TEST(!first.is_done());
    wake.set();
    rt.poll();
    BOOST_TEST(!first.value());
    BOOST_TEST(!second.value());
    BOOST_TEST(rt.time().size() == 0u);
}

BOOST_AUTO_TEST_CASE(it_stays_set_until_reset) {
    event wake(rt);
    wake.set();
    BOOST_TEST(!run(wake.wait()));
    BOOST_TEST(!run(wake.wait()));
    wake.reset();
    BOOST_TEST((run(wake.wait(rt.now() + 1s)) == errc::timed_out));
}

BOOST_AUTO_TEST_CASE(it_serves_again_after_a_cancelled_wait) {
    event wake(rt);
    auto one = start(wake.wait());
    rt.poll();
    one.cancel();
    rt.poll();
    BOOST_TEST((one.value() == errc::cancelled));
    auto next = start(wake.wait());
    rt.poll();
    wake.set();
    rt.poll();
    BOOST_TEST(!next.value());
}

BOOST_AUTO_TEST_CASE(its_end_wakes_its_waiters_as_cancelled) {
    std::optional<event> wake(rt);
    auto one = start(wake->wait());
    auto timed = start(wake->wait(rt.now() + 1s));
    rt.poll();
    wake.reset();
    rt.poll();
    BOOST_TEST((one.value() == errc::cancelled));
    BOOST_TEST((timed.value() == errc::cancelled));
}

BOOST_AUTO_TEST_CASE(set_at_the_moment_of_the_deadline_completes_the_wait_once) {
    event wake(rt);
    auto one = start(wake.wait(rt.now() + 1s));
    rt.poll();
    rt.time().fire_next(); // the timer's completion stands in the queue
    wake.set();
    rt.poll();
    BOOST_TEST(!one.value());
}

BOOST_AUTO_TEST_SUITE_END()
