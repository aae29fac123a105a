#include "tools/devcluster/check/dns.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"

using namespace devcluster;
using namespace proto_http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct fixture : test_support::manual_fixture {
    dns_options options;

    fixture() {
        rt.names["a.example"] = {asio::ip::make_address("192.0.2.1"), asio::ip::make_address("2001:db8::1")};
        options.names = {"a.example"};
    }

    findings check() { return run(check_dns(rt, options, never)); }
};

/// A runtime whose DNS servers do not answer.
struct silent_runtime : test_support::manual_runtime {
    using manual_runtime::manual_runtime;

    asio::awaitable<result<std::vector<asio::ip::address>>> resolve(name_query) override {
        auto error = co_await wait_until(*this, never);
        co_return error;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(dns, fixture)

BOOST_AUTO_TEST_CASE(a_name_that_resolves_passes_and_its_addresses_are_told) {
    auto found = check();
    BOOST_TEST(found.errors.empty());
    BOOST_TEST(found.notes.at(0) == "dns a.example: 192.0.2.1, 2001:db8::1 after 0ms");
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_resolve_fails_beside_one_that_does) {
    options.names = {"b.example", "a.example"};
    options.server = "10.96.0.10";
    auto found = check();
    BOOST_TEST_REQUIRE(found.errors.size() == 1u);
    BOOST_TEST(found.errors[0] ==
               "dns b.example at 10.96.0.10: the host name has no address; check the name and the DNS servers (after 0ms)");
    BOOST_TEST(found.notes.size() == 1u);
}

BOOST_AUTO_TEST_CASE(every_address_that_is_expected_must_be_there) {
    options.expected = {asio::ip::make_address("2001:db8:0::1")};
    BOOST_TEST(check().errors.empty());
    options.expected.push_back(asio::ip::make_address("192.0.2.9"));
    BOOST_TEST(check().errors.at(0) == "dns a.example: 192.0.2.9 is not among its addresses, 192.0.2.1, 2001:db8::1 (after 0ms)");
}

BOOST_AUTO_TEST_CASE(servers_that_are_silent_end_by_the_time_limit) {
    silent_runtime silent(context);
    auto checking = start(check_dns(silent, options, never));
    silent.run_until([&] { return checking.is_done(); });
    BOOST_TEST(checking.value().errors.at(0).starts_with("dns a.example: timed out"));
    BOOST_TEST(checking.value().errors.at(0).ends_with("(after 10.0s)"));
}

BOOST_AUTO_TEST_SUITE_END()
