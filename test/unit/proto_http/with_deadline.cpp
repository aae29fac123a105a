#include "proto_http/with_deadline.hpp"

#include "proto_http/event.hpp"
#include "support/loop_fixture.hpp"

#include <stdexcept>

using namespace proto_http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

asio::awaitable<result<int>> answer_after(runtime& rt, duration wait, int value) {
    auto error = co_await wait_until(rt, rt.now() + wait);
    if (error)
        co_return error;
    co_return value;
}

asio::awaitable<result<int>> throw_after(runtime& rt, duration wait) {
    co_await wait_until(rt, rt.now() + wait);
    throw std::runtime_error("broken");
}

/// Ends later than its cancel, as an operation that has to put things in order does.
asio::awaitable<result<int>> note_end(runtime& rt, bool* ended) {
    co_await wait_until(rt, never);
    *ended = true;
    co_return 1;
}

asio::awaitable<result<int>> note_start(bool* started) {
    *started = true;
    co_return 1;
}

asio::awaitable<result<std::unique_ptr<int>>> move_only() {
    co_return std::make_unique<int>(7);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(with_deadline_suite, test_support::manual_fixture)

BOOST_AUTO_TEST_CASE(a_result_before_the_deadline_is_the_answer_and_takes_the_timer_along) {
    auto start = rt.now();
    auto got = run(with_deadline<int>(rt, answer_after(rt, 1s, 42), start + 10s));
    BOOST_TEST_REQUIRE(got.has_value());
    BOOST_TEST(*got == 42);
    BOOST_TEST((rt.now() - start == 1s));
    BOOST_TEST(rt.time().size() == 0u);
}

BOOST_AUTO_TEST_CASE(the_deadline_cancels_the_operation_and_waits_for_its_end) {
    auto start = rt.now();
    bool ended = false;
    auto got = run(with_deadline<int>(rt, note_end(rt, &ended), start + 10s));
    BOOST_TEST((got.error() == errc::timed_out));
    BOOST_TEST(ended);
    BOOST_TEST((rt.now() - start == 10s));
}

BOOST_AUTO_TEST_CASE(a_cancel_from_above_is_told_apart_from_the_deadline) {
    bool ended = false;
    auto one = start(with_deadline<int>(rt, note_end(rt, &ended), rt.now() + 10s));
    rt.run_for(1s);
    one.cancel();
    rt.poll();
    BOOST_TEST((one.value().error() == errc::cancelled));
    BOOST_TEST(ended);
    BOOST_TEST(rt.time().size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_cancel_from_above_reaches_an_operation_without_a_deadline) {
    bool ended = false;
    auto one = start(with_deadline<int>(rt, note_end(rt, &ended), never));
    rt.poll();
    one.cancel();
    rt.poll();
    BOOST_TEST(ended);
    BOOST_TEST(one.is_done());
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_operation_is_rethrown) {
    BOOST_CHECK_THROW(run(with_deadline<int>(rt, throw_after(rt, 1s), rt.now() + 10s)), std::runtime_error);
    BOOST_CHECK_THROW(run(with_deadline<int>(rt, throw_after(rt, 1s), never)), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(an_operation_whose_deadline_has_passed_is_not_started) {
    bool started = false;
    auto got = run(with_deadline<int>(rt, note_start(&started), rt.now()));
    BOOST_TEST((got.error() == errc::timed_out));
    BOOST_TEST(!started);
}

BOOST_AUTO_TEST_CASE(a_result_that_can_only_be_moved_passes_through) {
    auto got = run(with_deadline<std::unique_ptr<int>>(rt, move_only(), rt.now() + 1s));
    BOOST_TEST_REQUIRE(got.has_value());
    BOOST_TEST(**got == 7);
}

BOOST_AUTO_TEST_CASE(deadlines_nest_and_the_inner_one_is_first) {
    auto start = rt.now();
    auto inner = with_deadline<int>(rt, answer_after(rt, 1min, 1), start + 2s);
    auto got = run(with_deadline<int>(rt, std::move(inner), start + 5s));
    BOOST_TEST((got.error() == errc::timed_out));
    BOOST_TEST((rt.now() - start == 2s));
}

BOOST_AUTO_TEST_CASE(wait_until_a_moment_that_has_passed_completes_at_once) {
    auto before = rt.now();
    BOOST_TEST(!run(wait_until(rt, before - 1s)));
    BOOST_TEST((rt.now() == before));
}

BOOST_AUTO_TEST_SUITE_END()
