#include "proto_http/tls.hpp"

#include "proto_http/client.hpp"
#include "proto_http/error.hpp"
#include "proto_http/event.hpp"
#include "support/http_server_fixture.hpp"

#include <fstream>
#include <sstream>

using namespace proto_http;
using namespace std::chrono_literals;
using test_support::read_to_end;
using test_support::read_until;
using test_support::write_all;
namespace asio = boost::asio;

// OpenSSL over memory streams: the certificates of test/data/tls, made by the script beside them.

namespace {

std::string pem(const std::string& name) {
    std::ifstream file(std::string(TEST_DATA) + "/tls/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

tls_material trusting(const std::string& ca) {
    tls_material made;
    made.ca_certificates = pem(ca + ".pem");
    return made;
}

tls_material presenting(const std::string& name) {
    tls_material made;
    made.certificate_chain = pem(name + ".pem");
    made.private_key = pem(name + ".key");
    return made;
}

using secured = result<std::unique_ptr<stream>>;

struct fixture : test_support::manual_fixture {
    /// Both sides of one handshake; the ends that came out of it, or their errors.
    std::pair<secured, secured> shake_hands(const tls_material& client_side, const tls_material& server_side, std::string name) {
        auto ends = test_support::make_memory_stream(rt.executor(), rt.executor());
        auto by_client = *tls_context::client(client_side);
        auto by_server = *tls_context::server(server_side);
        auto connecting = start(by_client->connect(std::move(ends.first), std::move(name)));
        auto accepting = start(by_server->accept(std::move(ends.second)));
        rt.poll();
        // A side that is refused by the other only learns of it when the other's end goes.
        auto first = std::move(connecting.value());
        if (!accepting.is_done())
            first = secured(errc::tls_failed);
        rt.poll();
        return {std::move(first), std::move(accepting.value())};
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tls, fixture)

BOOST_AUTO_TEST_CASE(the_certificate_must_be_of_the_authority_and_for_the_name) {
    struct row {
        std::string_view ca;
        std::string_view server;
        std::string_view name;
        bool good;
    };
    const row table[] = {
        {"ca", "server", "server.test", true},
        {"ca", "server", "127.0.0.1", true},
        {"ca", "server", "other.test", false},
        {"ca", "server", "127.0.0.2", false},
        {"ca", "server", "test", false},
        {"other-ca", "server", "server.test", false},
        {"ca", "other-server", "server.test", false},
        {"other-ca", "other-server", "server.test", true},
    };
    for (const auto& [ca, server, name, good] : table) {
        BOOST_TEST_CONTEXT(server << " as " << name << " for who trusts " << ca) {
            auto [client_end, server_end] =
                shake_hands(trusting(std::string(ca)), presenting(std::string(server)), std::string(name));
            BOOST_TEST(client_end.has_value() == good);
        }
    }
}

BOOST_AUTO_TEST_CASE(without_verification_every_certificate_is_taken) {
    tls_material careless;
    careless.verify_peer = false;
    auto [client_end, server_end] = shake_hands(careless, presenting("other-server"), "whatever.test");
    BOOST_TEST(client_end.has_value());
    BOOST_TEST(server_end.has_value());
}

BOOST_AUTO_TEST_CASE(an_inspection_tells_the_chain_and_whether_it_is_trusted) {
    struct row {
        std::string_view ca; ///< empty: nothing is verified
        std::string_view server;
        std::string_view name;
        std::string_view problem;
        std::vector<std::string> subjects;
    };
    const row table[] = {
        {"ca", "server", "server.test", "", {"CN=server", "CN=ca"}},
        {"ca", "server", "other.test", "hostname mismatch", {"CN=server"}},
        {"ca", "server", "127.0.0.2", "IP address mismatch", {"CN=server"}},
        {"other-ca", "server", "server.test", "unable to get local issuer certificate", {"CN=server"}},
        {"expired", "expired", "server.test", "certificate has expired", {"CN=expired"}},
        {"", "expired", "whatever.test", "", {"CN=expired"}},
    };
    for (const auto& [ca, server, name, problem, subjects] : table) {
        BOOST_TEST_CONTEXT(server << " as " << name << " for who trusts " << ca) {
            tls_material by;
            by.verify_peer = !ca.empty();
            if (by.verify_peer)
                by = trusting(std::string(ca));
            auto ends = test_support::make_memory_stream(rt.executor(), rt.executor());
            auto by_server = *tls_context::server(presenting(std::string(server)));
            auto accepting = start(by_server->accept(std::move(ends.second)));
            auto by_client = *tls_context::client(by);
            auto peer = run(by_client->inspect(std::move(ends.first), std::string(name)));
            BOOST_TEST_REQUIRE(peer.has_value());
            BOOST_TEST(peer->problem == problem);
            std::vector<std::string> told;
            for (const auto& one : peer->chain)
                told.push_back(one.subject);
            BOOST_TEST(told == subjects, boost::test_tools::per_element());
            rt.poll();
            BOOST_TEST(accepting.is_done(), "the connection was left open");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_certificate_tells_its_issuer_and_its_dates) {
    auto ends = test_support::make_memory_stream(rt.executor(), rt.executor());
    auto by_server = *tls_context::server(presenting("expired"));
    auto accepting = start(by_server->accept(std::move(ends.second)));
    auto by_client = *tls_context::client(trusting("ca"));
    auto peer = run(by_client->inspect(std::move(ends.first), "server.test"));
    BOOST_TEST_REQUIRE(peer.has_value());
    BOOST_TEST_REQUIRE(peer->chain.size() == 1u);
    using namespace std::chrono;
    BOOST_TEST(peer->chain[0].issuer == "CN=expired");
    BOOST_TEST((peer->chain[0].not_before == sys_days(year(2020) / 1 / 1)));
    BOOST_TEST((peer->chain[0].not_after == sys_days(year(2021) / 1 / 1)));
}

BOOST_AUTO_TEST_CASE(an_inspection_of_what_does_not_speak_tls_fails) {
    auto ends = test_support::make_memory_stream(rt.executor(), rt.executor());
    auto by_client = *tls_context::client(trusting("ca"));
    auto inspecting = start(by_client->inspect(std::move(ends.first), "server.test"));
    run(write_all(*ends.second, "SSH-2.0-OpenSSH_9.2p1\r\n"));
    rt.poll();
    BOOST_TEST(inspecting.value().has_error());
}

BOOST_AUTO_TEST_CASE(a_server_that_names_an_authority_wants_a_client_certificate) {
    auto server_side = presenting("server");
    server_side.ca_certificates = pem("ca.pem");
    auto anonymous = trusting("ca");
    auto known = anonymous;
    known.certificate_chain = pem("client.pem");
    known.private_key = pem("client.key");
    BOOST_TEST(shake_hands(known, server_side, "server.test").second.has_value());
    BOOST_TEST(!shake_hands(anonymous, server_side, "server.test").second.has_value());
}

BOOST_AUTO_TEST_CASE(material_that_does_not_parse_or_match_is_bad_pem) {
    auto mismatched = presenting("server");
    mismatched.private_key = pem("client.key");
    tls_material garbage;
    garbage.ca_certificates = "not a certificate";
    auto no_key = presenting("client");
    no_key.private_key.clear();
    for (const auto& bad : {mismatched, garbage, no_key})
        BOOST_TEST((tls_context::client(bad).error() == errc::bad_pem));
    BOOST_TEST((tls_context::server(mismatched).error() == errc::bad_pem));
    BOOST_TEST((tls_context::server(tls_material()).error() == errc::bad_pem));
}

BOOST_AUTO_TEST_CASE(bytes_pass_both_ways_and_the_end_is_announced) {
    auto [client_end, server_end] = shake_hands(trusting("ca"), presenting("server"), "server.test");
    BOOST_TEST_REQUIRE((client_end.has_value() && server_end.has_value()));
    auto text = std::string(100'000, 'x') + "end";
    auto writing = start(write_all(**client_end, text));
    BOOST_TEST((run(read_until(**server_end, "end")) == text));
    rt.poll();
    BOOST_TEST(writing.is_done());
    run((*server_end)->shutdown());
    BOOST_TEST((run(test_support::how_it_ends(**client_end)) == asio::error::eof));
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_go_on_with_its_handshake_gives_its_place_to_a_newcomer) {
    std::vector<route> routes(1);
    routes[0].path = "/";
    routes[0].handler = [](server_request) -> asio::awaitable<server_response> {
        co_return make_response(200, "text/plain", "");
    };
    server_limits limits;
    limits.connections_max = 1;
    server serving(rt, routes, limits, *tls_context::server(presenting("server")));
    auto running = start(serving.run(*rt.listen({"", 443})));
    auto silent = *run(rt.dial({"10.0.0.2", 443}));
    rt.poll();
    BOOST_TEST(serving.connections() == 1u);
    auto before = rt.now();
    {
        client_settings settings;
        settings.origin = {"10.0.0.2", 443};
        settings.server_name = "server.test";
        settings.tls = *tls_context::client(trusting("ca"));
        client by(rt, settings);
        BOOST_TEST(run(by.exchange(request(), rt.now() + 10s)).has_value());
    }
    run(test_support::how_it_ends(*silent));
    BOOST_TEST((rt.now() == before));
    serving.drain(rt.now());
    finish(running);
    BOOST_TEST(running.is_done());
}

BOOST_AUTO_TEST_CASE(a_client_and_a_server_exchange_over_tls_and_keep_the_connection) {
    std::vector<route> routes(1);
    routes[0].path = "/";
    routes[0].handler = [](server_request request) -> asio::awaitable<server_response> {
        co_return make_response(200, "text/plain", request.body);
    };
    server serving(rt, routes, server_limits(), *tls_context::server(presenting("server")));
    auto running = start(serving.run(*rt.listen({"", 443})));
    {
        client_settings settings;
        settings.origin = {"10.0.0.2", 443};
        settings.server_name = "server.test";
        settings.tls = *tls_context::client(trusting("ca"));
        client by(rt, settings);
        for (int i = 0; i < 3; ++i) {
            request what;
            what.method = "POST";
            what.body = std::string(20'000, 'y');
            auto answer = run(by.exchange(what, rt.now() + 10s));
            BOOST_TEST_REQUIRE(answer.has_value());
            BOOST_TEST((answer->body == what.body));
        }
        BOOST_TEST(rt.network().dials() == 1u);

        by.use_tls(*tls_context::client(trusting("other-ca")));
        by.forget_connections();
        BOOST_TEST(!run(by.exchange(request(), rt.now() + 10s)).has_value());
    }
    serving.drain(rt.now());
    finish(running);
    BOOST_TEST(running.is_done());
}

BOOST_AUTO_TEST_CASE(a_handshake_that_hangs_ends_by_its_limit_and_by_a_cancel) {
    auto listening = *rt.listen({"api", 443});
    client_settings settings;
    settings.origin = {"api", 443};
    settings.tls = *tls_context::client(trusting("ca"));
    client by(rt, settings);
    for (bool cancels : {false, true}) {
        auto before = rt.now();
        auto one = start(by.exchange(request(), never));
        auto peer = *run(listening->accept());
        rt.poll();
        if (cancels)
            one.cancel();
        finish(one);
        BOOST_TEST((one.value().error() == (cancels ? errc::cancelled : errc::timed_out)));
        BOOST_TEST((rt.now() - before == (cancels ? duration(0) : settings.limits.tls_handshake)));
    }
}

BOOST_AUTO_TEST_CASE(a_tunnel_through_a_proxy_is_opened_before_the_handshake) {
    auto proxying = *rt.listen({"proxy", 3128});
    client_settings settings;
    settings.origin = {"server.test", 6443};
    settings.tls = *tls_context::client(trusting("ca"));
    settings.via = proxy{{"proxy", 3128}, "Basic eDp5"};
    client by(rt, settings);

    auto one = start(by.exchange(request(), rt.now() + 10s));
    auto peer = *run(proxying->accept());
    BOOST_TEST(run(read_until(*peer, "\r\n\r\n")) ==
               "CONNECT server.test:6443 HTTP/1.1\r\nHost: server.test:6443\r\nProxy-Authorization: Basic eDp5\r\n\r\n");
    run(write_all(*peer, "HTTP/1.1 200 Connection established\r\n\r\n"));
    auto origin = run((*tls_context::server(presenting("server")))->accept(std::move(peer)));
    BOOST_TEST_REQUIRE(origin.has_value());
    BOOST_TEST(run(read_until(**origin, "\r\n\r\n")) == "GET / HTTP/1.1\r\nHost: server.test:6443\r\n\r\n");
    run(write_all(**origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    rt.poll();
    BOOST_TEST(one.value()->body == "ok");

    by.forget_connections();
    auto refused = start(by.exchange(request(), rt.now() + 10s));
    peer = *run(proxying->accept());
    run(write_all(*peer, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nsorry"));
    rt.poll();
    BOOST_TEST((refused.value().error() == errc::proxy_refused));

    auto silent = start(by.exchange(request(), never));
    peer = *run(proxying->accept());
    auto before = rt.now();
    finish(silent);
    BOOST_TEST((silent.value().error() == errc::timed_out));
    BOOST_TEST((rt.now() - before == settings.limits.connect));
}

BOOST_AUTO_TEST_SUITE_END()
