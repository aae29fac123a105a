#include "tools/devcluster/check/run_contract.hpp"

#include "proto_http/text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace devcluster {

using namespace proto_http;
using namespace std::chrono_literals;

namespace {

constexpr duration default_timeout = 5min;
constexpr duration report_reserve_max = 5s;
constexpr std::int64_t unix_seconds_max = 9'000'000'000; // what nanoseconds in 64 bits can hold

std::optional<wall_time> read_unix_seconds(std::string_view text) {
    text = trim(text);
    std::int64_t seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > unix_seconds_max)
        return std::nullopt;
    return wall_time(std::chrono::seconds(seconds));
}

} // namespace

run_contract read_run_contract(runtime& rt) {
    run_contract read;
    read.reporting_url = trim(rt.environment("KH_REPORTING_URL"));
    read.run_uuid = trim(rt.environment("KH_RUN_UUID"));
    if (auto at = read_unix_seconds(rt.environment("KH_CHECK_RUN_DEADLINE")))
        read.deadline = rt.now() + (*at - rt.wall_now());
    else if (read.has_reporter())
        read.deadline = rt.now() + default_timeout;
    return read;
}

time_point test_limit(const runtime& rt, const run_contract& of) {
    if (of.deadline == never)
        return never;
    auto left = of.deadline - rt.now();
    return of.deadline - std::clamp(left / 4, duration::zero(), report_reserve_max);
}

} // namespace devcluster
