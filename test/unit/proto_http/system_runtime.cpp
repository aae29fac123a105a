#include "proto_http/system_runtime.hpp"

#include "proto_http/client.hpp"
#include "proto_http/error.hpp"
#include "proto_http/event.hpp"
#include "proto_http/server.hpp"
#include "support/loop_fixture.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/write.hpp>

#include <filesystem>
#include <fstream>
#include <set>

#include <sys/wait.h>
#include <unistd.h>

using namespace proto_http;
using namespace std::chrono_literals;
using test_support::read_to_end;
using test_support::write_all;
namespace asio = boost::asio;

// The real clock, loopback, files and child processes.

namespace {

command shell(std::string script) {
    command made;
    made.arguments = {"sh", "-c", std::move(script)};
    return made;
}

bool has_no_child() {
    return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

asio::awaitable<server_response> echo(server_request request) {
    co_return make_response(200, "text/plain", request.remote_address + " " + request.body);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(system_runtime_suite, test_support::system_fixture)

BOOST_AUTO_TEST_CASE(a_wait_ends_at_its_time_and_not_before) {
    auto until = rt->now() + 20ms;
    BOOST_TEST(!run(wait_until(*rt, until)));
    BOOST_TEST((rt->now() >= until));
    BOOST_TEST(!run(wait_until(*rt, until - 1s)));
}

BOOST_AUTO_TEST_CASE(a_wait_for_ever_is_ended_by_a_cancel) {
    auto one = start(wait_until(*rt, never));
    context.poll();
    one.cancel();
    BOOST_TEST(run_until([&] { return one.is_done(); }));
    BOOST_TEST((one.value() == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(random_numbers_differ) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i)
        seen.insert(rt->random());
    BOOST_TEST(seen.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(a_file_is_read_up_to_its_limit) {
    auto path = std::filesystem::temp_directory_path() / ("proto_http_" + std::to_string(::getpid()));
    std::ofstream(path) << std::string(40'000, 'x');
    BOOST_TEST(rt->read_file(path, 40'000)->size() == 40'000u);
    BOOST_TEST((rt->read_file(path, 39'999).error() == errc::file_not_readable));
    std::filesystem::remove(path);
    BOOST_TEST((rt->read_file(path, 40'000).error() == errc::file_not_readable));
    BOOST_TEST((rt->read_file("/", 40'000).error() == errc::file_not_readable));
}

BOOST_AUTO_TEST_CASE(a_listener_on_an_empty_host_takes_both_families) {
    auto listening = *rt->listen({"", 0});
    BOOST_TEST((rt->listen({"", listening->port()}).error() == errc::address_in_use));
    for (std::string host : {"127.0.0.1", "localhost", "::1"}) {
        BOOST_TEST_CONTEXT(host) {
            auto dialled = run(rt->dial({host, listening->port()}));
            if (host == "::1" && !dialled)
                continue; // a machine without IPv6
            BOOST_TEST_REQUIRE(dialled.has_value());
            auto accepted = run(listening->accept());
            BOOST_TEST((*accepted)->remote_address() == (host == "::1" ? "::1" : "127.0.0.1"));
            run(write_all(**dialled, "hello"));
            (*dialled)->close();
            BOOST_TEST(run(read_to_end(**accepted)) == "hello");
        }
    }
}

BOOST_AUTO_TEST_CASE(what_the_peer_does_not_take_at_once_arrives_unchanged) {
    std::string text;
    while (text.size() < 16 * 1024 * 1024)
        text += std::to_string(text.size()) + ' ';
    auto listening = std::move(*rt->listen({"127.0.0.1", 0}));
    auto dialled = std::move(*run(rt->dial({"127.0.0.1", listening->port()})));
    auto accepted = std::move(*run(listening->accept()));
    // As TLS does it: not awaited, so that nobody but the operation itself keeps the list of buffers.
    bool is_written = false;
    asio::async_write(*dialled, asio::buffer(text), [&](error_code error, std::size_t) { is_written = !error; });
    context.restart();
    context.poll(); // until the socket is full
    BOOST_TEST(!is_written);
    auto reading = start(read_to_end(*accepted));
    BOOST_TEST(run_until([&] { return is_written; }));
    dialled->close();
    BOOST_TEST(run_until([&] { return reading.is_done(); }));
    BOOST_TEST((reading.value() == text));
}

BOOST_AUTO_TEST_CASE(a_dial_that_nobody_takes_fails) {
    auto listening = *rt->listen({"127.0.0.1", 0});
    auto port = listening->port();
    listening.reset();
    BOOST_TEST((run(rt->dial({"127.0.0.1", port})).error() == asio::error::connection_refused));
}

// 192.0.2.0/24 is for documentation (RFC 5737): nobody answers, or the machine has no route at all.
BOOST_AUTO_TEST_CASE(a_dial_is_cancelled_while_it_connects_or_resolves) {
    for (std::string host : {"192.0.2.1", "name.that.takes.time.invalid"}) {
        auto one = start(rt->dial({host, 9}));
        context.restart();
        context.poll();
        one.cancel();
        BOOST_TEST(run_until([&] { return one.is_done(); }));
        BOOST_TEST(one.value().has_error());
    }
}

BOOST_AUTO_TEST_CASE(accept_is_ended_by_close) {
    auto listening = *rt->listen({"127.0.0.1", 0});
    auto one = start(listening->accept());
    context.restart();
    context.poll();
    listening->close();
    BOOST_TEST(run_until([&] { return one.is_done(); }));
    BOOST_TEST((one.value().error() == asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_child_gets_input_and_environment_and_gives_output_and_code) {
    auto what = shell("cat; echo \"$KH_ONE\"; pwd; echo oops >&2; exit 3");
    what.input = "text\n";
    what.environment = {{"KH_ONE", "1"}, {"LANG", "C"}};
    what.working_directory = "/";
    auto got = run(rt->run(what));
    BOOST_TEST_REQUIRE(got.has_value());
    BOOST_TEST(got->exit_code == 3);
    BOOST_TEST(got->output == "text\n1\n/\n");
    BOOST_TEST(got->error_output == "oops\n");
    BOOST_TEST(has_no_child());
}

BOOST_AUTO_TEST_CASE(a_child_inherits_no_descriptor) {
    auto listening = *rt->listen({"127.0.0.1", 0});
    auto got = run(rt->run(shell("ls /proc/self/fd | wc -l")));
    BOOST_TEST(std::stoi(got->output) == 4); // 0 to 2 and the directory itself
}

BOOST_AUTO_TEST_CASE(a_child_that_does_not_read_its_input_is_no_error) {
    auto what = shell("exit 0");
    what.input = std::string(1'000'000, 'x');
    BOOST_TEST(run(rt->run(what))->exit_code == 0);
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_an_error) {
    command what;
    what.arguments = {"no-such-program-here"};
    BOOST_TEST((run(rt->run(what)).error() == errc::command_failed));
    BOOST_TEST((run(rt->run(command())).error() == errc::command_failed));
    BOOST_TEST(has_no_child());
}

BOOST_AUTO_TEST_CASE(a_cancelled_child_is_killed_with_its_children_and_reaped) {
    auto one = start(rt->run(shell("sleep 1000 & sleep 1000")));
    context.restart();
    context.poll();
    one.cancel();
    BOOST_TEST(run_until([&] { return one.is_done(); }));
    BOOST_TEST((one.value().error() == errc::cancelled));
    BOOST_TEST(has_no_child());
}

BOOST_AUTO_TEST_CASE(a_context_that_is_destroyed_takes_its_children_along) {
    {
        asio::io_context other;
        auto on_other = make_system_runtime(other);
        test_support::started<result<command_output>> one(other, on_other->run(shell("sleep 1000")));
        other.poll();
        BOOST_TEST(!one.is_done());
        BOOST_TEST(!has_no_child());
    }
    BOOST_TEST(has_no_child());
}

BOOST_AUTO_TEST_CASE(a_child_with_endless_output_is_stopped) {
    BOOST_TEST((run(rt->run(shell("yes"))).error() == errc::command_failed));
    BOOST_TEST(has_no_child());
}

BOOST_AUTO_TEST_CASE(of_a_child_with_much_output_the_tail_may_be_kept) {
    auto what = shell("seq 1 5000000; seq 1 100000 >&2; exit 1");
    what.output_tail = 16;
    auto got = run(rt->run(what));
    BOOST_TEST_REQUIRE(got.has_value());
    BOOST_TEST(got->output == "4999999\n5000000\n");
    BOOST_TEST(got->error_output == "98\n99999\n100000\n"); // of 99998 the end
    BOOST_TEST(got->exit_code == 1);
}

BOOST_AUTO_TEST_CASE(a_child_that_a_signal_ended_says_which) {
    auto got = run(rt->run(shell("kill -9 $$")));
    BOOST_TEST_REQUIRE(got.has_value());
    BOOST_TEST(got->signal == 9);
    BOOST_TEST(got->exit_code == 137);
    BOOST_TEST(run(rt->run(shell("exit 137")))->signal == 0);
}

BOOST_AUTO_TEST_CASE(many_errors_of_a_child_are_cut) {
    auto got = run(rt->run(shell("head -c 200000 /dev/zero >&2")));
    BOOST_TEST(got->error_output.size() == 64u * 1024);
    BOOST_TEST(got->exit_code == 0);
}

BOOST_AUTO_TEST_CASE(client_and_server_talk_over_loopback) {
    std::vector<route> routes(1);
    routes[0].path = "/echo";
    routes[0].handler = echo;
    server serving(*rt, routes);
    auto listening = *rt->listen({"", 0});
    auto port = listening->port();
    auto running = start(serving.run(std::move(listening)));
    {
        client_settings settings;
        settings.origin = {"localhost", port};
        client by(*rt, settings);
        for (int i = 0; i < 100; ++i) {
            request what;
            what.method = "POST";
            what.target = "/echo";
            what.body = std::to_string(i);
            auto answer = run(by.exchange(what, rt->now() + 10s));
            BOOST_TEST_REQUIRE(answer.has_value());
            BOOST_TEST(answer->body == "127.0.0.1 " + what.body);
        }
        BOOST_TEST(serving.connections() == 1u);
    }
    serving.drain(rt->now() + 10s);
    BOOST_TEST(run_until([&] { return running.is_done(); }));
}

BOOST_AUTO_TEST_SUITE_END()
