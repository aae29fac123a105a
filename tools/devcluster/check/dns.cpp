#include "tools/devcluster/check/dns.hpp"

#include "proto_http/with_deadline.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

using address_list = std::vector<asio::ip::address>;

std::string text_of(const address_list& addresses) {
    std::string text;
    for (const auto& one : addresses)
        text.append(text.empty() ? "" : ", ").append(one.to_string());
    return text;
}

asio::awaitable<findings> resolve_one(runtime& rt, const dns_options& options, std::string name, time_point limit) {
    findings found;
    auto began = rt.now();
    name_query what;
    what.name = name;
    what.server = options.server;
    auto resolving = rt.resolve(std::move(what));
    auto end = began + std::min(options.timeout, limit - began);
    auto addresses = co_await with_deadline<address_list>(rt, std::move(resolving), end);
    auto asked = options.server.empty() ? fmt::format("dns {}", name) : fmt::format("dns {} at {}", name, options.server);
    auto after = time_since(rt, began);
    if (!addresses) {
        found.errors.push_back(fmt::format("{}: {} (after {})", asked, addresses.error().message(), after));
        co_return found;
    }
    for (const auto& expected : options.expected)
        if (std::find(addresses->begin(), addresses->end(), expected) == addresses->end())
            found.errors.push_back(fmt::format("{}: {} is not among its addresses, {} (after {})", asked, expected.to_string(),
                                               text_of(*addresses), after));
    if (found.errors.empty())
        found.notes.push_back(fmt::format("{}: {} after {}", asked, text_of(*addresses), after));
    co_return found;
}

} // namespace

asio::awaitable<findings> check_dns(runtime& rt, dns_options options, time_point limit) {
    std::vector<asio::awaitable<findings>> tests;
    for (const auto& name : options.names)
        tests.push_back(resolve_one(rt, options, name, limit));
    co_return co_await run_all(rt, std::move(tests));
}

} // namespace devcluster
