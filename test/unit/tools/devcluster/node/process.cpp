#include "tools/devcluster/node/process.hpp"

#include "support/loop_fixture.hpp"
#include "tools/devcluster/node/image_map.hpp"
#include "unit/tools/devcluster/node/process_table.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace devcluster;
using test_support::count_processes;
using kind = process_news::kind;

namespace {

process_plan plan_of(std::vector<std::string> arguments) {
    process_plan plan;
    plan.arguments = std::move(arguments);
    plan.environment = {"PATH=/usr/bin:/bin", "NAME=value"};
    return plan;
}

struct shim_fixture : test_support::system_fixture {
    std::shared_ptr<process> start(process_plan plan) {
        auto started = process::start(*rt, own_folder() + "/pod-shim", std::move(plan));
        BOOST_TEST_REQUIRE(started.has_value());
        run((*started)->launch());
        return *started;
    }
    std::shared_ptr<process> start_shell(const std::string& script) { return start(plan_of({"sh", "-c", script})); }

    std::string output_of(process& what) {
        std::string text;
        while (true) {
            auto piece = run(what.read_output());
            if (piece.empty())
                return text;
            text += piece;
        }
    }

    /// All the news: "started, ended 3".
    std::string news_of(process& what) {
        auto news = run(what.next());
        if (news.what == kind::failed)
            return "failed: " + news.message;
        if (news.what == kind::ended)
            return fmt::format("ended {}", news.exit_code);
        return "started, " + news_of(what);
    }

    bool until_count(const std::string& argument, std::size_t wanted) {
        return test_support::poll_until([&] { return count_processes(argument) == wanted; });
    }
};

/// A sleep that this test alone runs.
std::string long_sleep() {
    static int number = 0;
    return fmt::format("86400.{}{:03}", ::getpid(), ++number);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(process_, shim_fixture)

BOOST_AUTO_TEST_CASE(a_program_runs_with_its_arguments_environment_and_directory) {
    auto plan = plan_of({"sh", "-c", R"s(echo "$0 $1|$2|$NAME|$HOME|$(pwd)"; echo error >&2; cat; exit 3)s", "a b", "", "$NAME"});
    plan.working_directory = "/usr";
    auto one = start(std::move(plan));
    BOOST_TEST(output_of(*one) == "a b |$NAME|value||/usr\nerror\n");
    BOOST_TEST(news_of(*one) == "started, ended 3");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_started_says_why) {
    struct {
        std::vector<std::string> arguments;
        const char* directory;
        const char* expected;
    } cases[] = {
        {{"nope"}, "", R"(failed: exec: "nope": executable file not found in $PATH)"},
        {{""}, "", R"(failed: exec: "": executable file not found in $PATH)"},
        {{"/does-not-exist"}, "", R"(failed: exec: "/does-not-exist": stat /does-not-exist: no such file or directory)"},
        {{"/etc/passwd"}, "", R"(failed: exec: "/etc/passwd": permission denied)"},
        {{"/usr"}, "", R"(failed: exec: "/usr": permission denied)"},
        {{"true"}, "/nowhere", R"(failed: chdir to cwd ("/nowhere") set in config.json failed: no such file or directory)"},
    };
    for (const auto& each : cases) {
        auto plan = plan_of(each.arguments);
        plan.working_directory = each.directory;
        auto one = start(std::move(plan));
        BOOST_TEST(news_of(*one) == each.expected);
        BOOST_TEST(output_of(*one) == "");
    }
}

BOOST_AUTO_TEST_CASE(a_long_command_line_arrives_whole) {
    std::vector<std::string> arguments = {"sh", "-c", "for a; do n=$((n + ${#a})); done; echo $# $n", "sh"};
    for (int i = 0; i < 20; ++i)
        arguments.emplace_back(100'000, 'x');
    auto one = start(plan_of(arguments));
    BOOST_TEST(output_of(*one) == "20 2000000\n");
    BOOST_TEST(news_of(*one) == "started, ended 0");
}

BOOST_AUTO_TEST_CASE(a_signal_counts_as_128_and_its_number) {
    auto one = start_shell("kill -USR1 $$");
    BOOST_TEST(news_of(*one) == fmt::format("started, ended {}", 128 + SIGUSR1));
}

BOOST_AUTO_TEST_CASE(to_terminate_reaches_the_whole_group) {
    // The shell runs its trap when its child has ended, and the child ends because it is told too.
    auto argument = long_sleep();
    auto one = start_shell("trap 'echo told; exit 7' TERM; sleep " + argument);
    BOOST_TEST(until_count(argument, 1));
    one->terminate();
    BOOST_TEST(output_of(*one).ends_with("told\n"));
    BOOST_TEST(news_of(*one) == "started, ended 7");
}

BOOST_AUTO_TEST_CASE(an_order_that_comes_before_the_start_is_not_lost) {
    auto started = process::start(*rt, own_folder() + "/pod-shim", plan_of({"sleep", long_sleep()}));
    BOOST_TEST_REQUIRE(started.has_value());
    auto launching = system_fixture::start((*started)->launch());
    run_until([&] { return launching.is_done(); });
    (*started)->terminate();
    BOOST_TEST(news_of(**started) == "started, ended 143");
}

BOOST_AUTO_TEST_CASE(signals_are_as_a_program_expects_them) {
    // The first 28 signals; glibc keeps two above them for itself.
    auto one = start_shell("sed -nE 's/^Sig(Blk|Ign):.*(.{7})$/\\1 \\2/p' /proc/self/status; ls /proc/self/fd | wc -l");
    // Nothing blocked, nothing ignored; 0, 1, 2 and the folder that ls reads.
    BOOST_TEST(output_of(*one) == "Blk 0000000\nIgn 0000000\n4\n");
    news_of(*one);
}

BOOST_AUTO_TEST_CASE(what_is_killed_takes_daemons_along) {
    auto argument = long_sleep();
    auto one = start_shell(fmt::format("(setsid sleep {0} &) ; (sleep {0} &) ; trap '' TERM; sleep {0}; sleep {0}", argument));
    BOOST_TEST(until_count(argument, 3));
    one->terminate();
    BOOST_TEST(until_count(argument, 2)); // left: the daemon, which has its own session, and what ignores the signal
    one->kill();
    BOOST_TEST(news_of(*one) == "started, ended 137");
    BOOST_TEST(count_processes(argument) == 0U);
}

BOOST_AUTO_TEST_CASE(nothing_is_left_when_the_first_process_ends) {
    auto argument = long_sleep();
    auto one = start_shell(fmt::format("setsid sleep {0} & trap 'exit 5' TERM; sleep {0}", argument));
    BOOST_TEST(until_count(argument, 2));
    one->terminate();
    BOOST_TEST(news_of(*one) == "started, ended 5");
    BOOST_TEST(count_processes(argument) == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_dropped_is_killed) {
    auto argument = long_sleep();
    auto one = start_shell(fmt::format("(setsid sleep {0} &) ; sleep {0}", argument));
    BOOST_TEST(until_count(argument, 2));
    one.reset();
    BOOST_TEST(count_processes(argument) == 0U);
}

BOOST_AUTO_TEST_CASE(a_killed_shim_takes_its_group_along) {
    auto argument = long_sleep();
    auto one = start_shell(fmt::format("sleep {0} & sleep {0}", argument));
    BOOST_TEST((run(one->next()).what == kind::started));
    BOOST_TEST(until_count(argument, 2));
    for (auto pid : test_support::processes_of_parent(::getpid(), "pod-shim"))
        ::kill(pid, SIGKILL);
    BOOST_TEST(news_of(*one) == "ended 137");
    BOOST_TEST(until_count(argument, 0));
}

BOOST_AUTO_TEST_CASE(nothing_outlives_a_node_that_is_killed) {
    auto argument = long_sleep();
    pid_t node = ::fork();
    if (node == 0) {
        boost::asio::io_context own;
        auto own_rt = proto_http::make_system_runtime(own);
        auto script =
            fmt::format("setsid sleep {0} & (sleep {0} &) ; (setsid sh -c 'sleep {0} & sleep {0}; :' &) ; sleep {0}", argument);
        auto one = process::start(*own_rt, own_folder() + "/pod-shim", plan_of({"sh", "-c", script}));
        test_support::started<bool> launching(own, test_support::to_end((*one)->launch()));
        own.run();
        while (true)
            ::pause();
    }
    BOOST_TEST(until_count(argument, 5));
    ::kill(node, SIGKILL);
    ::waitpid(node, nullptr, 0);
    BOOST_TEST(until_count(argument, 0));
}

BOOST_AUTO_TEST_SUITE_END()
