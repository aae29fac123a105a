#include "proto_http/task_group.hpp"

#include "support/loop_fixture.hpp"

#include <stdexcept>

using namespace proto_http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

asio::awaitable<void> wait_and_note(runtime& rt, time_point until, int* ended) {
    co_await wait_until(rt, until);
    ++*ended;
}

asio::awaitable<void> wait_forever_twice(runtime& rt) {
    co_await wait_until(rt, never);
    co_await wait_until(rt, never); // throws after a cancel
}

asio::awaitable<void> fail(runtime& rt) {
    co_await wait_until(rt, rt.now() + 1s);
    throw std::runtime_error("broken");
}

struct fixture : test_support::manual_fixture {
    std::vector<std::string> failures;
    task_group tasks{rt, [this](const std::string& name, std::exception_ptr) { failures.push_back(name); }};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(task_group_suite, fixture)

BOOST_AUTO_TEST_CASE(join_waits_for_every_child) {
    int ended = 0;
    tasks.spawn("a", wait_and_note(rt, rt.now() + 1s, &ended));
    tasks.spawn("b", wait_and_note(rt, rt.now() + 3s, &ended));
    auto before = rt.now();
    run(tasks.join());
    BOOST_TEST(ended == 2);
    BOOST_TEST(tasks.size() == 0u);
    BOOST_TEST((rt.now() - before == 3s));
}

BOOST_AUTO_TEST_CASE(join_of_an_empty_group_returns_at_once) {
    run(tasks.join());
    BOOST_TEST(failures.empty());
}

BOOST_AUTO_TEST_CASE(one_child_is_cancelled_by_its_id_and_the_others_go_on) {
    int first = 0;
    int second = 0;
    auto id = tasks.spawn("a", wait_and_note(rt, never, &first));
    tasks.spawn("b", wait_and_note(rt, rt.now() + 1s, &second));
    rt.poll();
    tasks.cancel(id);
    tasks.cancel(id);
    rt.poll();
    BOOST_TEST(first == 1);
    BOOST_TEST(second == 0);
    run(tasks.join());
    BOOST_TEST(second == 1);
    tasks.cancel(id); // has ended: nothing happens
}

BOOST_AUTO_TEST_CASE(cancel_reaches_children_that_are_spawned_later) {
    tasks.spawn("a", wait_forever_twice(rt));
    tasks.cancel();
    tasks.spawn("b", wait_forever_twice(rt));
    run(tasks.join());
    BOOST_TEST(failures.empty());
}

BOOST_AUTO_TEST_CASE(an_exception_is_reported_with_the_name_of_the_child) {
    tasks.spawn("good", wait_forever_twice(rt));
    tasks.spawn("bad", fail(rt));
    auto joined = start(tasks.join());
    rt.run_for(2s);
    BOOST_TEST(failures == std::vector<std::string>{"bad"}, boost::test_tools::per_element());
    BOOST_TEST(!joined.is_done());
    tasks.cancel();
    rt.poll();
    BOOST_TEST(joined.is_done());
}

BOOST_AUTO_TEST_CASE(a_cancelled_join_cancels_the_children_and_still_waits_for_them) {
    int ended = 0;
    tasks.spawn("a", wait_and_note(rt, never, &ended));
    auto joined = start(tasks.join());
    rt.poll();
    joined.cancel();
    rt.poll();
    BOOST_TEST(ended == 1);
    BOOST_TEST(joined.is_done());
    BOOST_TEST(tasks.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
