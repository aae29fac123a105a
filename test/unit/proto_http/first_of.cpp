#include "proto_http/first_of.hpp"

#include "support/loop_fixture.hpp"

#include <stdexcept>

using namespace proto_http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct pair_fixture : test_support::manual_fixture {
    std::string log;

    static asio::awaitable<void> lasting(pair_fixture* of, duration how_long, char name) {
        auto error = co_await wait_until(of->rt, of->rt.now() + how_long);
        of->log += name;
        of->log += error ? "-" : "+";
    }

    static asio::awaitable<void> failing(pair_fixture* of, duration how_long) {
        co_await wait_until(of->rt, of->rt.now() + how_long);
        throw std::runtime_error("broken");
    }

    asio::awaitable<first_end> both(duration first, duration second) {
        return first_of(rt, lasting(this, first, 'a'), lasting(this, second, 'b'));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(first_of_suite, pair_fixture)

BOOST_AUTO_TEST_CASE(the_one_that_ends_first_cancels_the_other_and_waits_for_its_end) {
    BOOST_TEST((run(both(1s, 9s)) == first_end::first));
    BOOST_TEST(log == "a+b-");
    log.clear();
    BOOST_TEST((run(both(9s, 1s)) == first_end::second));
    BOOST_TEST(log == "b+a-");
}

BOOST_AUTO_TEST_CASE(a_cancel_from_above_ends_both) {
    auto one = start(both(9s, 9s));
    rt.poll();
    one.cancel();
    finish(one);
    BOOST_TEST((one.value() == first_end::cancelled));
    BOOST_TEST(log == "a-b-");
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_first_to_end_is_rethrown_after_the_other_has_ended) {
    auto one = start(first_of(rt, failing(this, 1s), lasting(this, 9s, 'b')));
    finish(one);
    BOOST_CHECK_THROW(one.value(), std::runtime_error);
    BOOST_TEST(log == "b-");
}

BOOST_AUTO_TEST_SUITE_END()
