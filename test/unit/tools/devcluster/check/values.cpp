#include "proto_http/time.hpp"
#include "support/loop_fixture.hpp"
#include "tools/devcluster/check/findings.hpp"
#include "tools/devcluster/check/location.hpp"
#include "tools/devcluster/check/run_contract.hpp"
#include "tools/devcluster/check/status_set.hpp"
#include "tools/devcluster/check/target.hpp"
#include "tools/devcluster/check/tcp.hpp"

using namespace devcluster;
using namespace std::chrono_literals;

// What is read from texts.

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(statuses_are_listed_as_numbers_and_ranges) {
    auto set = status_set::parse("200, 301-303,404");
    BOOST_TEST_REQUIRE(set.has_value());
    for (auto [status, expected] : {std::pair(199u, false),
                                    {200u, true},
                                    {201u, false},
                                    {300u, false},
                                    {301u, true},
                                    {303u, true},
                                    {304u, false},
                                    {404u, true}})
        BOOST_TEST(set->contains(status) == expected, status);
    for (const char* bad : {"", "x", "99", "600", "200-", "-200", "300-200", "200,", "200 201", "2xx", "200-299-300"})
        BOOST_TEST(!status_set::parse(bad).has_value(), bad);
}

BOOST_AUTO_TEST_CASE(a_target_is_a_host_and_a_port_or_a_url) {
    struct row {
        const char* text;
        const char* host; ///< null: refused
        std::uint16_t port;
    };
    const row without_default[] = {
        {"db:5432", "db", 5432},
        {"10.0.0.1:1", "10.0.0.1", 1},
        {"[::1]:443", "::1", 443},
        {"tcp://db:5432", "db", 5432},
        {"http://a/x?y", "a", 80},
        {"https://a", "a", 443},
        {"https://u:p@a:8443/", "a", 8443},
        {"db", nullptr, 0},
        {"db:", nullptr, 0},
        {"db:0", nullptr, 0},
        {"db:65536", nullptr, 0},
        {":80", nullptr, 0},
        {"::1", nullptr, 0},
        {"[::1]", nullptr, 0},
        {"udp://db:53", nullptr, 0},
        {"db:80/x", nullptr, 0},
        {"u@db:80", nullptr, 0},
        {"", nullptr, 0},
        {"tcp://", nullptr, 0},
        {"a b:80", nullptr, 0},
    };
    for (const auto& [text, host, port] : without_default) {
        BOOST_TEST_CONTEXT(text) {
            auto target = parse_target(text);
            BOOST_TEST_REQUIRE(target.has_value() == (host != nullptr));
            if (target) {
                BOOST_TEST(target->host == host);
                BOOST_TEST(target->port == port);
            }
        }
    }
    BOOST_TEST(parse_target("a.example", 443)->port == 443);
    BOOST_TEST(parse_target("[::1]", 443)->port == 443);
    BOOST_TEST(parse_target("a.example:8443", 443)->port == 8443);
    BOOST_TEST(text_of(proto_http::host_port{"::1", 443}) == "[::1]:443");
}

BOOST_AUTO_TEST_CASE(a_redirect_is_seen_from_the_url_that_was_asked) {
    struct row {
        const char* base;
        const char* location;
        const char* expected;
    };
    const row table[] = {
        {"http://a/b/c?d", "https://x/y", "https://x/y"},
        {"http://a/b/c?d", "//x/y", "http://x/y"},
        {"https://a:1/b/c?d", "/y?z#f", "https://a:1/y?z#f"},
        {"http://a/b/c?d", "y", "http://a/b/y"},
        {"http://a/b/c/?d=/e", "y", "http://a/b/c/y"},
        {"http://a/b/c?d", "?z", "http://a/b/c?z"},
        {"http://a", "y", "http://a/y"},
        {"http://a?d", "?z", "http://a/?z"},
        {"http://a/b", "", "http://a/b"},
        {"http://a/b", "/go?to=http://x/", "http://a/go?to=http://x/"},
    };
    for (const auto& [base, location, expected] : table)
        BOOST_TEST(follow_location(base, location) == expected, base << " to " << location);
}

BOOST_AUTO_TEST_CASE(escapes_stand_for_bytes) {
    BOOST_TEST(unescape(R"(PING\r\n\t\\\x41)").value() == "PING\r\n\t\\A");
    BOOST_TEST(unescape("\\0").value() == std::string(1, '\0'));
    for (const char* bad : {"\\", "\\q", "\\x4", "\\x", "\\xzz"})
        BOOST_TEST(!unescape(bad).has_value(), bad);
}

BOOST_AUTO_TEST_CASE(what_a_stranger_wrote_becomes_utf8_of_bounded_size) {
    BOOST_TEST(legible("gr\xc3\xbc\xc3\x9f", 100) == "gr\xc3\xbc\xc3\x9f");
    BOOST_TEST(legible("a\xff\xc3", 100) == "a\xef\xbf\xbd\xef\xbf\xbd");
    BOOST_TEST(legible(std::string(1000, 'x'), 50).size() == 50u);
}

BOOST_FIXTURE_TEST_CASE(the_contract_is_read_from_the_environment, test_support::manual_fixture) {
    auto seconds = std::chrono::floor<std::chrono::seconds>(rt.wall_now() + 60s).time_since_epoch().count();
    rt.variables = {{"KH_REPORTING_URL", " http://kh/externalCheckStatus\n"},
                    {"KH_RUN_UUID", "secret"},
                    {"KH_CHECK_RUN_DEADLINE", std::to_string(seconds)}};
    auto contract = read_run_contract(rt);
    BOOST_TEST(contract.reporting_url == "http://kh/externalCheckStatus");
    BOOST_TEST(contract.run_uuid == "secret");
    BOOST_TEST((contract.deadline > rt.now() + 58s && contract.deadline <= rt.now() + 60s));
    BOOST_TEST((test_limit(rt, contract) == contract.deadline - 5s));
    contract.deadline = rt.now() + 8s;
    BOOST_TEST((test_limit(rt, contract) == rt.now() + 6s));
    contract.deadline = rt.now() - 1s;
    BOOST_TEST((test_limit(rt, contract) == contract.deadline));
}

BOOST_FIXTURE_TEST_CASE(a_deadline_that_is_missing_or_no_number_is_the_default_timeout, test_support::manual_fixture) {
    rt.variables["KH_REPORTING_URL"] = "http://kh/";
    for (const char* text : {"", "soon", "12.5", "-1", "99999999999999", "1 2"}) {
        rt.variables["KH_CHECK_RUN_DEADLINE"] = text;
        BOOST_TEST((read_run_contract(rt).deadline == rt.now() + 5min), text);
    }
    rt.variables.clear();
    BOOST_TEST((read_run_contract(rt).deadline == proto_http::never));
    BOOST_TEST((test_limit(rt, read_run_contract(rt)) == proto_http::never));
}

BOOST_AUTO_TEST_SUITE_END()
