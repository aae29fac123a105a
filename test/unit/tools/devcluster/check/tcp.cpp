#include "tools/devcluster/check/tcp.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"
#include "support/scripted_peer.hpp"

using namespace devcluster;
using namespace proto_http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct fixture : test_support::manual_fixture {
    tcp_options options;
    std::unique_ptr<acceptor> listening = *rt.listen({"db", 5432});

    fixture() { options.targets = {{"db", 5432}}; }

    findings check(time_point limit = never) { return run(check_tcp(rt, options, limit)); }

    /// The check against a peer that answers `reply` and then closes, or stays.
    findings check_against(std::string reply, bool closes) {
        auto checking = start(check_tcp(rt, options, never));
        auto peer = *run(listening->accept());
        if (!options.sent.empty())
            BOOST_TEST(run(test_support::read_until(*peer, options.sent)) == options.sent);
        run(test_support::write_all(*peer, std::move(reply)));
        if (closes)
            peer->close();
        finish(checking);
        return checking.value();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tcp, fixture)

BOOST_AUTO_TEST_CASE(a_port_that_takes_the_connection_passes) {
    auto found = check();
    BOOST_TEST(found.errors.empty());
    BOOST_TEST(found.notes.at(0) == "tcp db:5432: connected after 0ms");
}

BOOST_AUTO_TEST_CASE(a_port_that_does_not_fails) {
    options.targets = {{"db", 1}, {"db", 5432}};
    auto found = check();
    BOOST_TEST_REQUIRE(found.errors.size() == 1u);
    BOOST_TEST(found.errors[0] ==
               "tcp db:1: no address of the host took the connection; check host, port and network policy (after 0ms)");
}

BOOST_AUTO_TEST_CASE(a_connect_that_hangs_ends_by_the_time_limit_or_the_deadline) {
    rt.network().on_dial = [](const host_port&) {
        test_support::dial_plan plan;
        plan.hangs = true;
        return plan;
    };
    BOOST_TEST(check().errors.at(0).ends_with("(after 10.0s)"));
    BOOST_TEST(check(rt.now() + 2s).errors.at(0).ends_with("(after 2.0s)"));
}

BOOST_AUTO_TEST_CASE(the_answer_must_have_the_text) {
    options.sent = "PING\r\n";
    options.expected = "+PONG";
    BOOST_TEST(check_against("+PONG\r\n", false).errors.empty());
    BOOST_TEST(check_against("+PONG", true).errors.empty());
    auto wrong = check_against("-ERR\r\n", true).errors;
    BOOST_TEST_REQUIRE(wrong.size() == 1u);
    BOOST_TEST(wrong[0].starts_with("tcp db:5432: expected \"+PONG\", got \"-ERR\": "));
    auto silent = check_against("", false).errors;
    BOOST_TEST_REQUIRE(silent.size() == 1u);
    BOOST_TEST(silent[0].starts_with("tcp db:5432: expected \"+PONG\", got nothing: timed out"));
}

BOOST_AUTO_TEST_CASE(what_must_not_be_reachable_passes_the_other_way_round) {
    options.must_fail = true;
    BOOST_TEST(check().errors.at(0) == "tcp db:5432: connected after 0ms, and should not be reachable");
    options.targets = {{"db", 1}};
    BOOST_TEST(check().errors.empty());
}

BOOST_AUTO_TEST_SUITE_END()
