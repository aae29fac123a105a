#include "tools/devcluster/check/tls_expiry.hpp"

#include "proto_http/with_deadline.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

std::string date_of(std::chrono::sys_seconds at) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(at.time_since_epoch().count())));
}

/// Whole days, those that have begun not counted.
std::int64_t days_between(std::chrono::sys_seconds from, std::chrono::sys_seconds to) {
    return std::chrono::floor<std::chrono::days>(to - from).count();
}

/// Empty where the certificate is valid for long enough.
std::string problem_of(const certificate& one, std::chrono::sys_seconds now, unsigned days) {
    if (one.not_before > now)
        return fmt::format("the certificate {} is valid from {} on, not yet", one.subject, date_of(one.not_before));
    if (one.not_after <= now)
        return fmt::format("the certificate {} ended on {}, {} days ago", one.subject, date_of(one.not_after),
                           days_between(one.not_after, now));
    if (one.not_after < now + std::chrono::days(days))
        return fmt::format("the certificate {} ends on {}, in {} days, and should be valid for {} more", one.subject,
                           date_of(one.not_after), days_between(now, one.not_after), days);
    return {};
}

findings judge(const tls_peer& peer, std::chrono::sys_seconds now, unsigned days, const std::string& asked,
               const std::string& after) {
    findings found;
    std::vector<std::string> problems;
    if (peer.chain.empty())
        problems.emplace_back("no certificate was presented");
    for (const auto& one : peer.chain)
        if (auto problem = problem_of(one, now, days); !problem.empty())
            problems.push_back(std::move(problem));
    if (!peer.problem.empty() && !peer.chain.empty())
        problems.push_back(fmt::format("the certificate {} of issuer {} is not trusted: {}", peer.chain.front().subject,
                                       peer.chain.front().issuer, peer.problem));
    for (const auto& problem : problems)
        found.errors.push_back(fmt::format("{}: {} (after {})", asked, legible(problem, 1024), after));
    if (problems.empty())
        found.notes.push_back(fmt::format("{}: {} ends on {}, in {} days; after {}", asked, peer.chain.front().subject,
                                          date_of(peer.chain.front().not_after), days_between(now, peer.chain.front().not_after),
                                          after));
    return found;
}

asio::awaitable<findings> inspect_one(runtime& rt, const tls_expiry_options& options, std::shared_ptr<tls_context> tls,
                                      host_port target, time_point limit) {
    findings found;
    auto asked = fmt::format("tls {}", text_of(target));
    auto name = options.server_name.empty() ? target.host : options.server_name;
    auto began = rt.now();
    auto end = began + std::min(options.timeout, limit - began);
    auto dialing = rt.dial(std::move(target));
    auto connection = co_await with_deadline<std::unique_ptr<stream>>(rt, std::move(dialing), end);
    if (!connection) {
        found.errors.push_back(fmt::format("{}: {} (after {})", asked, connection.error().message(), time_since(rt, began)));
        co_return found;
    }
    auto inspecting = tls->inspect(std::move(*connection), std::move(name));
    auto peer = co_await with_deadline<tls_peer>(rt, std::move(inspecting), end);
    if (!peer) {
        found.errors.push_back(
            fmt::format("{}: no TLS handshake: {} (after {})", asked, peer.error().message(), time_since(rt, began)));
        co_return found;
    }
    auto now = std::chrono::floor<std::chrono::seconds>(rt.wall_now());
    co_return judge(*peer, now, options.days, asked, time_since(rt, began));
}

} // namespace

asio::awaitable<findings> check_tls_expiry(runtime& rt, tls_expiry_options options, time_point limit) {
    auto trusted = make_trust(rt, options.trusted);
    if (!trusted.tls) {
        findings found;
        found.errors.push_back(std::move(trusted.problem));
        co_return found;
    }
    std::vector<asio::awaitable<findings>> tests;
    for (const auto& target : options.targets)
        tests.push_back(inspect_one(rt, options, trusted.tls, target, limit));
    co_return co_await run_all(rt, std::move(tests));
}

} // namespace devcluster
