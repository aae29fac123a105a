#include "tools/devcluster/check/tls_expiry.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"
#include "support/scripted_peer.hpp"
#include "support/test_data.hpp"

using namespace devcluster;
using namespace proto_http;
using namespace std::chrono_literals;
using test_support::read_test_data;
namespace asio = boost::asio;

// The certificates of test/data/tls; the calendar is the test's.

namespace {

struct fixture : test_support::manual_fixture {
    tls_expiry_options options;
    std::unique_ptr<acceptor> listening = *rt.listen({"server.test", 443});

    fixture() {
        for (auto name : {"ca.pem", "other-ca.pem", "brief-ca.pem", "expired.pem"})
            rt.files[name] = read_test_data(std::string("tls/") + name);
        options.targets = {{"server.test", 443}};
        options.trusted.ca_file = "ca.pem";
    }

    findings check(const std::string& certificate) {
        tls_material material;
        material.certificate_chain = read_test_data("tls/" + certificate + ".pem");
        material.private_key = read_test_data("tls/" + certificate + ".key");
        auto by_server = *tls_context::server(material);
        auto checking = start(check_tls_expiry(rt, options, never));
        auto accepted = run(listening->accept());
        auto shaking = start(by_server->accept(std::move(*accepted)));
        finish(checking);
        finish(shaking);
        return checking.value();
    }

    /// Sets the calendar to so many days before the end of a certificate.
    void be_before_the_end_of(const std::string& certificate, std::chrono::nanoseconds by) {
        auto ends = inspect(certificate).not_after;
        rt.wall_base += ends - by - rt.wall_now();
    }

    certificate inspect(const std::string& name) {
        tls_material material;
        material.certificate_chain = read_test_data("tls/" + name + ".pem");
        material.private_key = read_test_data("tls/" + name + ".key");
        tls_material careless;
        careless.verify_peer = false;
        auto ends = test_support::make_memory_stream(rt.executor(), rt.executor());
        auto by_server = *tls_context::server(material);
        auto shaking = start(by_server->accept(std::move(ends.second)));
        auto by_client = *tls_context::client(careless);
        auto peer = run(by_client->inspect(std::move(ends.first), "server.test"));
        finish(shaking);
        return peer->chain.at(0);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tls_expiry, fixture)

BOOST_AUTO_TEST_CASE(a_certificate_must_be_valid_for_the_days_that_are_asked_for) {
    struct row {
        std::chrono::nanoseconds before_the_end;
        const char* error; ///< part of it, or null
    };
    const row table[] = {
        {15 * 24h, nullptr},
        {14 * 24h, nullptr},
        {14 * 24h - 1s, "in 13 days, and should be valid for 14 more"},
        {1h, "in 0 days, and should be valid for 14 more"},
        {0s, "0 days ago"},
        {-25h, "1 days ago"},
    };
    for (const auto& [before, error] : table) {
        BOOST_TEST_CONTEXT(before.count()) {
            be_before_the_end_of("server", before);
            auto found = check("server");
            BOOST_TEST(found.errors.empty() == (error == nullptr));
            if (error != nullptr)
                BOOST_TEST(found.errors.at(0).find(error) != std::string::npos, found.errors.at(0));
        }
    }
    be_before_the_end_of("server", 24h);
    options.days = 0;
    BOOST_TEST(check("server").errors.empty());
}

BOOST_AUTO_TEST_CASE(the_message_says_subject_date_and_days) {
    be_before_the_end_of("expired", 36h);
    options.trusted = {"", true};
    BOOST_TEST(check("expired").errors.at(0) ==
               "tls server.test:443: the certificate CN=expired ends on 2021-01-01 00:00:00 UTC, in "
               "1 days, and should be valid for 14 more (after 0ms)");
    be_before_the_end_of("expired", 30 * 24h);
    BOOST_TEST(check("expired").notes.at(0) ==
               "tls server.test:443: CN=expired ends on 2021-01-01 00:00:00 UTC, in 30 days; after 0ms");
}

BOOST_AUTO_TEST_CASE(an_authority_that_ends_before_its_server_is_seen) {
    options.trusted.ca_file = "brief-ca.pem";
    rt.wall_base += std::chrono::sys_days(std::chrono::year(2056) / 11 / 1) - rt.wall_now();
    options.days = 10;
    BOOST_TEST(check("brief-server").errors.empty());
    options.days = 30;
    auto found = check("brief-server");
    BOOST_TEST_REQUIRE(found.errors.size() == 1u);
    BOOST_TEST(found.errors[0].find("the certificate CN=brief-ca ends on 2056-11-16 ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_certificate_that_is_not_trusted_fails_and_tells_why) {
    be_before_the_end_of("server", 1000 * 24h);
    options.trusted.ca_file = "other-ca.pem";
    BOOST_TEST(check("server").errors.at(0) ==
               "tls server.test:443: the certificate CN=server of issuer CN=ca is not trusted: unable "
               "to get local issuer certificate (after 0ms)");
    options.trusted.ca_file = "ca.pem";
    options.server_name = "other.test";
    BOOST_TEST(check("server").errors.at(0).find("hostname mismatch") != std::string::npos);
    options.trusted = {"", true};
    BOOST_TEST(check("server").errors.empty());
}

BOOST_AUTO_TEST_CASE(one_that_has_ended_tells_its_date_and_not_only_that_it_is_not_trusted) {
    be_before_the_end_of("expired", -48h);
    options.trusted.ca_file = "expired.pem";
    auto found = check("expired");
    BOOST_TEST_REQUIRE(found.errors.size() == 2u);
    BOOST_TEST(found.errors[0].find("ended on 2021-01-01 00:00:00 UTC, 2 days ago") != std::string::npos);
    BOOST_TEST(found.errors[1].find("certificate has expired") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_that_is_not_valid_yet_fails) {
    rt.wall_base = wall_time(std::chrono::sys_days(std::chrono::year(2019) / 1 / 1)) - rt.now().time_since_epoch();
    options.trusted = {"", true};
    BOOST_TEST(check("expired").errors.at(0).find("is valid from 2020-01-01 00:00:00 UTC on, not yet") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(who_is_not_there_or_does_not_speak_tls_fails) {
    options.targets = {{"server.test", 1}};
    BOOST_TEST(run(check_tls_expiry(rt, options, never)).errors.at(0).starts_with("tls server.test:1: no address of the host"));

    options.targets = {{"server.test", 443}};
    auto checking = start(check_tls_expiry(rt, options, never));
    auto peer = *run(listening->accept());
    run(test_support::write_all(*peer, "SSH-2.0-OpenSSH_9.2p1\r\n"));
    finish(checking);
    BOOST_TEST(checking.value().errors.at(0).starts_with("tls server.test:443: no TLS handshake: "));

    auto hanging = start(check_tls_expiry(rt, options, rt.now() + 4s));
    auto mute = *run(listening->accept());
    finish(hanging);
    BOOST_TEST(hanging.value().errors.at(0).ends_with("(after 4.0s)"));
}

BOOST_AUTO_TEST_CASE(authorities_that_cannot_be_read_are_said) {
    options.trusted.ca_file = "none.pem";
    BOOST_TEST(run(check_tls_expiry(rt, options, never)).errors.at(0) ==
               "none.pem: the file is missing, not readable or too large");
    for (const char* text : {"", "no PEM"}) {
        rt.files["bad.pem"] = text;
        options.trusted.ca_file = "bad.pem";
        BOOST_TEST(run(check_tls_expiry(rt, options, never)).errors.at(0).starts_with("bad.pem: "));
    }
    BOOST_TEST(rt.network().dials() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
