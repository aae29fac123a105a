#include "tools/devcluster/check/program.hpp"

#include "tools/devcluster/check/command_line.hpp"
#include "tools/devcluster/check/report.hpp"
#include "tools/devcluster/check/run_contract.hpp"

#include <fmt/format.h>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

constexpr int exit_passed = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

asio::awaitable<findings> test(runtime& rt, const check_call& call, const run_contract& contract) {
    auto limit = test_limit(rt, contract);
    if (rt.now() < limit)
        co_return co_await call.run(rt, limit);
    findings found;
    found.errors.emplace_back("the deadline of this run was over before the check began: the pod took too long to start, or the "
                              "node's clock is wrong");
    co_return found;
}

} // namespace

asio::awaitable<int> run_program(runtime& rt, std::vector<std::string> arguments, printer print) {
    auto call = parse_command_line(rt, std::move(arguments));
    if (!call.help.empty()) {
        print.out(call.help);
        co_return exit_passed;
    }
    auto contract = read_run_contract(rt);
    findings found;
    if (call.run)
        found = co_await test(rt, call, contract);
    else
        found.errors.push_back(fmt::format("kuberhealthy-check: {} (--help tells more)", call.problem));
    for (const auto& note : found.notes)
        print.out(fmt::format("ok      {}", note));
    for (const auto& error : found.errors)
        call.run ? print.out(fmt::format("failed  {}", error)) : print.error(error);

    auto verdict = found.errors.empty() ? exit_passed : exit_failed;
    if (!call.run)
        verdict = exit_usage;
    if (!contract.has_reporter())
        co_return verdict;
    auto problem = co_await send_report(rt, contract, std::move(found.errors));
    if (!problem.empty()) {
        print.error(fmt::format("kuberhealthy-check: not reported: {}", problem));
        co_return call.run ? exit_failed : exit_usage;
    }
    print.out(fmt::format("reported to {}", contract.reporting_url));
    co_return exit_passed;
}

} // namespace devcluster
