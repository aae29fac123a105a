#include "asio_k8s/credentials.hpp"

#include "proto_http/error.hpp"
#include "proto_http/tls.hpp"
#include "support/fake_runtime.hpp"
#include "support/test_data.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace k8s;
using test_support::fake_runtime;

namespace {

constexpr auto v1 = "client.authentication.k8s.io/v1";

std::string pem(std::string_view name) {
    return test_support::read_test_data(fmt::format("tls/{}", name));
}

std::string plugin_answer(boost::json::object status) {
    boost::json::object answer;
    answer["kind"] = "ExecCredential";
    answer["apiVersion"] = v1;
    answer["status"] = std::move(status);
    return boost::json::serialize(answer);
}

std::string token_until(const std::string& token, const std::string& expires) {
    boost::json::object status;
    status["token"] = token;
    status["expirationTimestamp"] = expires;
    return plugin_answer(std::move(status));
}

struct world {
    fake_runtime rt;
    cluster_config config;
    unsigned tls_changes = 0;
    std::optional<credentials> known;
    // The plugin: what it answers, how often it ran, how long it takes.
    std::vector<proto_http::command> runs;
    std::string output;
    int exit_code = 0;
    std::string error_output;
    proto_http::duration plugin_time{};

    world() {
        config.source = "kubeconfig x";
        config.server.tls = true;
        rt.on_child = [this](proto_http::command what) { return run(std::move(what)); };
    }

    void start() {
        known.emplace(rt, config, [this](auto) { ++tls_changes; });
    }

    api_result<credentials::presented> present() { return rt.await(known->present()); }
    std::string authorization() {
        auto now = present();
        return now.has_value() ? now->authorization : now.error().text();
    }

    void use_plugin() {
        config.exec.emplace();
        config.exec->api_version = v1;
        config.exec->arguments = {"/bin/login", "--quick"};
        config.exec->environment = {{"A", "b"}};
        config.exec->install_hint = "apt install login";
        output = token_until("t1", "2026-11-23T01:00:00Z");
        start();
    }

private:
    fake_runtime::running run(proto_http::command what) {
        runs.push_back(std::move(what));
        if (co_await proto_http::wait_until(rt, rt.now() + plugin_time))
            co_return proto_http::errc::cancelled;
        proto_http::command_output ended;
        ended.exit_code = exit_code;
        ended.output = output;
        ended.error_output = error_output;
        co_return ended;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_credentials)

BOOST_AUTO_TEST_CASE(fixed_credentials_are_presented_and_cannot_be_renewed) {
    world w;
    w.config.token = "secret";
    w.start();
    BOOST_TEST(w.authorization() == "Bearer secret");
    BOOST_TEST(!w.known->refused(w.present()->generation));

    world basic;
    basic.config.basic_authorization = "Aladdin:open sesame";
    basic.start();
    BOOST_TEST(basic.authorization() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");

    world nobody;
    nobody.start();
    BOOST_TEST(nobody.authorization() == "");
}

BOOST_AUTO_TEST_CASE(a_token_file_is_read_again_once_a_minute) {
    world w;
    w.config.token_file = "/token";
    w.rt.files["/token"] = "t1\n";
    w.start();
    BOOST_TEST(w.authorization() == "Bearer t1");
    w.rt.files["/token"] = "t2\n";
    w.rt.run_for(60s - 1ns);
    BOOST_TEST(w.authorization() == "Bearer t1");
    BOOST_TEST(w.rt.files_read.size() == 1U);
    w.rt.run_for(1ns);
    BOOST_TEST(w.authorization() == "Bearer t2");
    BOOST_TEST(w.rt.files_read.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_token_file_is_read_again_after_a_401) {
    world w;
    w.config.token_file = "/token";
    w.rt.files["/token"] = "t1";
    w.start();
    auto first = w.present()->generation;
    BOOST_TEST(!w.known->refused(first)); // the same token again would be refused again
    w.rt.files["/token"] = "t2";
    BOOST_TEST(w.known->refused(first));
    BOOST_TEST(w.authorization() == "Bearer t2");
    auto reads = w.rt.files_read.size();
    BOOST_TEST(w.known->refused(first)); // another call that still went out with the old one
    BOOST_TEST(w.rt.files_read.size() == reads);
}

BOOST_AUTO_TEST_CASE(a_token_file_that_is_away_for_a_moment_changes_nothing) {
    world w;
    w.config.token_file = "/token";
    w.rt.files["/token"] = "t1";
    w.start();
    for (auto content : {"", "\n"}) {
        w.rt.files["/token"] = content;
        w.rt.run_for(1min);
        BOOST_TEST(w.authorization() == "Bearer t1");
    }
    w.rt.files.clear();
    w.rt.run_for(1min);
    BOOST_TEST(w.authorization() == "Bearer t1");
}

BOOST_AUTO_TEST_CASE(a_token_file_that_never_was_is_an_error_that_names_it) {
    world w;
    w.config.token_file = "/token";
    w.start();
    auto now = w.present();
    BOOST_REQUIRE(now.has_error());
    BOOST_TEST(now.error().code == make_error_code(errc::bad_configuration));
    BOOST_TEST(now.error().message == "kubeconfig x: the token file /token is empty or not readable");
    w.rt.files["/token"] = "t1";
    w.rt.run_for(1min);
    BOOST_TEST(w.authorization() == "Bearer t1");
}

BOOST_AUTO_TEST_CASE(a_rotated_ca_makes_a_new_tls_context_and_a_broken_one_does_not) {
    world w;
    w.config.ca_file = "/ca.crt";
    w.config.tls.ca_certificates = pem("client-one.crt");
    w.rt.files["/ca.crt"] = pem("client-one.crt");
    w.start();
    BOOST_TEST(w.known->first_tls().has_value());
    w.rt.run_for(1min);
    w.present();
    BOOST_TEST(w.tls_changes == 0U);
    w.rt.files["/ca.crt"] = pem("client-two.crt").substr(0, 200);
    w.rt.run_for(1min);
    w.present();
    BOOST_TEST(w.tls_changes == 0U);
    w.rt.files["/ca.crt"] = pem("client-two.crt");
    w.rt.run_for(1min);
    w.present();
    BOOST_TEST(w.tls_changes == 1U);
    w.rt.run_for(1min);
    w.present();
    BOOST_TEST(w.tls_changes == 1U);
}

BOOST_AUTO_TEST_CASE(a_rotated_client_certificate_waits_for_its_key) {
    world w;
    w.config.certificate_file = "/crt";
    w.config.key_file = "/key";
    w.rt.files["/crt"] = w.config.tls.certificate_chain = pem("client-one.crt");
    w.rt.files["/key"] = w.config.tls.private_key = pem("client-one.key");
    w.start();
    w.rt.files["/crt"] = pem("client-two.crt");
    w.rt.run_for(1min);
    w.present();
    BOOST_TEST(w.tls_changes == 0U);
    w.rt.files["/key"] = pem("client-two.key");
    w.rt.run_for(1min);
    w.present();
    BOOST_TEST(w.tls_changes == 1U);
}

BOOST_AUTO_TEST_CASE(tls_material_that_does_not_parse_is_an_error_that_names_its_source) {
    world w;
    w.config.tls.ca_certificates = "-----BEGIN NONSENSE-----";
    w.start();
    auto tls = w.known->first_tls();
    BOOST_REQUIRE(tls.has_error());
    BOOST_TEST(tls.error().code == make_error_code(errc::bad_configuration));
    BOOST_TEST(tls.error().message.starts_with("kubeconfig x: the TLS material"));
    w.config.server.tls = false;
    w.start();
    BOOST_REQUIRE(w.known->first_tls().has_value());
    BOOST_TEST(*w.known->first_tls() == nullptr);
}

BOOST_AUTO_TEST_CASE(a_plugin_is_run_with_its_arguments_and_its_token_serves_until_ten_seconds_before_its_end) {
    world w;
    w.use_plugin();
    BOOST_TEST(w.authorization() == "Bearer t1");
    BOOST_REQUIRE(w.runs.size() == 1U);
    BOOST_TEST(w.runs[0].arguments == (std::vector<std::string>{"/bin/login", "--quick"}), boost::test_tools::per_element());
    BOOST_REQUIRE(w.runs[0].environment.size() == 2U);
    BOOST_TEST(w.runs[0].environment[0].first == "A");
    BOOST_TEST(w.runs[0].environment[1].first == "KUBERNETES_EXEC_INFO");
    BOOST_TEST(w.runs[0].environment[1].second == exec_info(w.config));

    w.output = token_until("t2", "2026-11-23T02:00:00Z");
    w.rt.run_for(1h - 10s - 1ns);
    BOOST_TEST(w.authorization() == "Bearer t1");
    BOOST_TEST(w.runs.size() == 1U);
    w.rt.run_for(1ns);
    BOOST_TEST(w.authorization() == "Bearer t2");
    BOOST_TEST(w.runs.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_plugin_runs_again_after_a_401_once_for_all) {
    world w;
    w.use_plugin();
    auto generation = w.present()->generation;
    w.output = token_until("t2", "2026-11-23T02:00:00Z");
    BOOST_TEST(w.known->refused(generation));
    BOOST_TEST(w.known->refused(generation));
    BOOST_TEST(w.authorization() == "Bearer t2");
    BOOST_TEST(w.known->refused(generation)); // it went out before the second run
    BOOST_TEST(w.authorization() == "Bearer t2");
    BOOST_TEST(w.runs.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_plugins_certificate_makes_a_new_tls_context_once) {
    world w;
    w.use_plugin();
    boost::json::object status;
    status["clientCertificateData"] = pem("client-one.crt");
    status["clientKeyData"] = pem("client-one.key");
    w.output = plugin_answer(status);
    BOOST_TEST(w.authorization() == "");
    BOOST_TEST(w.tls_changes == 1U);
    w.known->refused(w.present()->generation);
    w.present();
    BOOST_TEST(w.runs.size() == 2U);
    BOOST_TEST(w.tls_changes == 1U);
    status["clientKeyData"] = pem("client-two.key");
    w.output = plugin_answer(status);
    w.known->refused(w.present()->generation);
    BOOST_TEST(w.authorization().find("do not parse or do not match") != std::string::npos);
    BOOST_TEST(w.tls_changes == 1U);
}

BOOST_AUTO_TEST_CASE(callers_at_the_same_time_share_one_run_and_its_failure) {
    for (int exit_code : {0, 1}) {
        world w;
        w.use_plugin();
        w.plugin_time = 2s;
        w.exit_code = exit_code;
        int ended = 0;
        int failed = 0;
        for (int i = 0; i < 5; ++i)
            asio::co_spawn(w.rt.context, w.known->present(), [&](std::exception_ptr, api_result<credentials::presented> now) {
                ++ended;
                failed += now.has_error() ? 1 : 0;
            });
        w.rt.drive([&] { return ended == 5; });
        BOOST_TEST(ended == 5);
        BOOST_TEST(failed == (exit_code == 0 ? 0 : 5));
        BOOST_TEST(w.runs.size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(the_cancel_of_the_one_who_runs_the_plugin_does_not_fail_the_others) {
    world w;
    w.use_plugin();
    w.plugin_time = 2s;
    asio::cancellation_signal stop;
    std::optional<api_result<credentials::presented>> first;
    std::optional<api_result<credentials::presented>> second;
    asio::co_spawn(w.rt.context, w.known->present(),
                   asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr, auto now) { first = std::move(now); }));
    asio::co_spawn(w.rt.context, w.known->present(), [&](std::exception_ptr, auto now) { second = std::move(now); });
    w.rt.drive([&] { return w.runs.size() == 1; });
    asio::post(w.rt.context, [&] { stop.emit(asio::cancellation_type::terminal); });
    w.rt.drive([&] { return second.has_value(); });
    BOOST_REQUIRE(first.has_value());
    BOOST_REQUIRE(second.has_value());
    BOOST_TEST(first->has_error());
    BOOST_REQUIRE(second->has_value());
    BOOST_TEST((*second)->authorization == "Bearer t1");
    BOOST_TEST(w.runs.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_fails_is_told_with_its_words_and_its_hint_and_tried_again_later) {
    world w;
    w.use_plugin();
    w.exit_code = 3;
    w.error_output = "not logged in\n";
    auto now = w.present();
    BOOST_REQUIRE(now.has_error());
    BOOST_TEST(now.error().code == make_error_code(errc::bad_configuration));
    BOOST_TEST(now.error().message == "the exec plugin /bin/login: ended with code 3: not logged in\napt install login");
    w.exit_code = 0;
    BOOST_TEST(w.authorization() == "Bearer t1");
}

BOOST_AUTO_TEST_CASE(a_plugin_that_hangs_is_given_up_after_a_minute) {
    world w;
    w.use_plugin();
    w.plugin_time = 24h;
    auto begun = w.rt.now();
    BOOST_TEST(w.present().has_error());
    BOOST_TEST((w.rt.now() - begun == 60s));
}

BOOST_AUTO_TEST_SUITE_END()
