#include "tools/devcluster/check/command.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"
#include "tools/devcluster/check/test.hpp"

#include <algorithm>

using namespace devcluster;
using namespace proto_http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// Child processes that take time.
struct slow_runtime : test_support::manual_runtime {
    using manual_runtime::manual_runtime;
    duration takes{};

    asio::awaitable<result<command_output>> run(command what) override {
        auto error = co_await wait_until(*this, now() + takes);
        if (error)
            co_return errc::cancelled;
        co_return on_run(what);
    }
};

struct fixture : test_support::manual_fixture {
    slow_runtime slow{context};
    command_output output;
    std::vector<command> commands;

    fixture() {
        slow.on_run = [this](const command& what) {
            commands.push_back(what);
            return result<command_output>(output);
        };
    }

    findings check(command_options options, time_point limit = never) {
        if (options.arguments.empty())
            options.arguments = {"probe", "--all"};
        auto checking = start(check_command(slow, std::move(options), limit));
        slow.run_until([&] { return checking.is_done(); });
        return checking.value();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(command_check, fixture)

BOOST_AUTO_TEST_CASE(exit_code_0_passes) {
    slow.takes = 1500ms;
    auto found = check({});
    BOOST_TEST(found.errors.empty());
    BOOST_TEST(found.notes.at(0) == "probe --all: exit code 0 after 1.5s");
    BOOST_TEST(commands.at(0).arguments == (std::vector<std::string>{"probe", "--all"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_code_fails_and_what_it_wrote_last_is_told) {
    output.exit_code = 3;
    BOOST_TEST(check({}).errors.at(0) == "probe --all: exit code 3 after 0ms");
    output.output = "to stdout\n";
    BOOST_TEST(check({}).errors.at(0) == "probe --all: exit code 3 after 0ms: to stdout");
    output.error_output = "1\n2\n3\n4\n5\n6\n\n";
    BOOST_TEST(check({}).errors.at(0) == "probe --all: exit code 3 after 0ms: 2\n3\n4\n5\n6");
    output.error_output = "\n";
    BOOST_TEST(check({}).errors.at(0) == "probe --all: exit code 3 after 0ms: to stdout");
}

BOOST_AUTO_TEST_CASE(what_is_told_is_bounded_and_legible) {
    output.exit_code = 1;
    output.error_output = std::string(2000, 'x') + "\n" + std::string(800, 'y') + "\xff\n";
    auto error = check({}).errors.at(0);
    BOOST_TEST(error.find("xx") == std::string::npos);
    BOOST_TEST(error.ends_with("y\xef\xbf\xbd"));
    output.error_output = std::string(4096, 'z');
    BOOST_TEST(check({}).errors.at(0).size() < 1200u);
}

BOOST_AUTO_TEST_CASE(a_command_is_shown_as_one_would_type_it) {
    command_options options;
    options.arguments = {"sh", "-c", "test -e /data", ""};
    BOOST_TEST(check(options).notes.at(0) == "sh -c 'test -e /data' '': exit code 0 after 0ms");
    options.arguments = {"sh", std::string(1000, 'x')};
    BOOST_TEST(check(options).notes.at(0).size() < 200u);
}

BOOST_AUTO_TEST_CASE(a_signal_is_named) {
    output.exit_code = 139;
    output.signal = 11;
    BOOST_TEST(check({}).errors.at(0) == "probe --all: ended by signal 11 (Segmentation fault) after 0ms");
}

BOOST_AUTO_TEST_CASE(it_is_killed_at_its_time_limit_or_before_the_deadline) {
    slow.takes = 1h;
    command_options options;
    BOOST_TEST(check(options, slow.now() + 7s).errors.at(0) == "probe --all: did not end within 7.0s and was killed");
    options.timeout = 2s;
    BOOST_TEST(check(options, slow.now() + 7s).errors.at(0) == "probe --all: did not end within 2.0s and was killed");
    BOOST_TEST(commands.empty());
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_fails) {
    slow.on_run = [](const command&) { return result<command_output>(errc::command_failed); };
    BOOST_TEST(check({}).errors.at(0) ==
               "probe --all: the command could not be run; check that it is installed and on PATH (after 0ms)");
}

BOOST_AUTO_TEST_CASE(the_program_does_not_get_the_secret_of_the_run) {
    check({});
    const auto& environment = commands.at(0).environment;
    for (const char* name : {"KH_RUN_UUID", "KH_REPORTING_URL"})
        BOOST_TEST(std::count(environment.begin(), environment.end(), std::pair<std::string, std::string>(name, "")) == 1);
    BOOST_TEST(commands.at(0).output_tail > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(test_check, test_support::manual_fixture)

BOOST_AUTO_TEST_CASE(it_waits_and_then_says_what_it_was_told) {
    auto began = rt.now();
    BOOST_TEST(run(check_test(rt, {})).errors.empty());
    BOOST_TEST((rt.now() - began == 5s));
    test_options failing;
    failing.fails = true;
    failing.delay = 90s;
    auto found = run(check_test(rt, failing));
    BOOST_TEST((rt.now() - began == 95s));
    BOOST_TEST(found.errors == std::vector<std::string>{"Test has failed!"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
