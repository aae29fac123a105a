#include "asio_k8s/client.hpp"

#include "proto_http/error.hpp"
#include "proto_http/server.hpp"
#include "support/fake_runtime.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace k8s;

namespace {

constexpr std::uint16_t port = 6443;

/// A client and an HTTP server in memory that answers as the test says.
struct world {
    test_support::fake_runtime rt;
    cluster_config config;
    client_options options;
    std::vector<proto_http::server_request> seen;
    std::function<proto_http::server_response(const proto_http::server_request&)> on_request;
    proto_http::duration answer_time{};
    unsigned at_once = 0;
    unsigned at_once_max = 0;
    std::unique_ptr<client> api;
    std::vector<std::string> outcomes;

    world() {
        config.server.origin.host = "api";
        config.server.origin.port = port;
        config.source = "test";
        on_request = [](const auto&) { return proto_http::make_response(200, "application/json", "{}"); };
        asio::co_spawn(rt.context, server_.run(*rt.listen({"api", port})), [this](std::exception_ptr) { ended_ = true; });
    }

    ~world() {
        api.reset();
        server_.drain(rt.now());
        rt.drive([&] { return ended_; });
        BOOST_TEST(ended_);
    }

    void start() {
        auto made = client::make(rt, config, options);
        BOOST_REQUIRE_MESSAGE(made.has_value(), (made.has_error() ? made.error().text() : ""));
        api = std::move(*made);
        api->on_outcome = [this](bool answered, const api_error* error) {
            outcomes.push_back(std::string(answered ? "answered" : "silent") +
                               (error == nullptr ? "" : " " + error->code.message()));
        };
    }

    static proto_http::request get(std::string target) {
        proto_http::request made;
        made.target = std::move(target);
        return made;
    }

    api_result<json_document> call(std::string target = "/api") { return rt.await(api->call(get(std::move(target)))); }

private:
    asio::awaitable<proto_http::server_response> handle(proto_http::server_request what) {
        at_once_max = std::max(at_once_max, ++at_once);
        seen.push_back(what);
        auto answer = on_request(what);
        if (answer_time > proto_http::duration::zero())
            co_await proto_http::wait_until(rt, rt.now() + answer_time);
        --at_once;
        co_return answer;
    }

    std::vector<proto_http::route> routes() {
        std::vector<proto_http::route> made(1);
        made[0].path = "*";
        made[0].handler = [this](proto_http::server_request what) { return handle(std::move(what)); };
        return made;
    }

    proto_http::server server_{rt, routes()};
    bool ended_ = false;
};

/// Accepts one token only.
auto only(std::string token) {
    return [token](const proto_http::server_request& what) {
        bool known = what.headers.get("Authorization") == "Bearer " + token;
        return proto_http::make_response(known ? 200 : 401, "application/json",
                                         known ? R"({"ok":1})" : R"({"kind":"Status","code":401})");
    };
}

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_client)

BOOST_AUTO_TEST_CASE(a_call_goes_to_the_servers_path_with_everything_that_it_needs) {
    world w;
    w.config.server.path = "/clusters/a";
    w.config.token = "secret";
    w.config.impersonation.add("Impersonate-User", "jane");
    w.options.user_agent = "kuberhealthy/1";
    w.on_request = [](const auto&) { return proto_http::make_response(200, "application/json", R"({"kind":"Pod","n":[1,2]})"); };
    w.start();
    auto answer = w.call("/api/v1/pods?limit=1");
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(boost::json::serialize(*answer) == R"({"kind":"Pod","n":[1,2]})");
    BOOST_REQUIRE(w.seen.size() == 1U);
    BOOST_TEST(w.seen[0].path == "/clusters/a/api/v1/pods");
    BOOST_TEST(w.seen[0].query == "limit=1");
    BOOST_TEST(w.seen[0].headers.get("Authorization") == "Bearer secret");
    BOOST_TEST(w.seen[0].headers.get("User-Agent") == "kuberhealthy/1");
    BOOST_TEST(w.seen[0].headers.get("Impersonate-User") == "jane");
    BOOST_TEST(w.outcomes == std::vector<std::string>{"answered"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_empty_success_is_null) {
    world w;
    w.on_request = [](const auto&) { return proto_http::make_response(200, "application/json", ""); };
    w.start();
    auto answer = w.call();
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer->value().is_null());
}

BOOST_AUTO_TEST_CASE(a_success_that_is_no_json_is_malformed_and_yet_an_answer) {
    world w;
    w.on_request = [](const auto&) { return proto_http::make_response(200, "text/html", "<html>"); };
    w.start();
    auto answer = w.call();
    BOOST_REQUIRE(answer.has_error());
    BOOST_TEST(answer.error().code == make_error_code(errc::malformed));
    BOOST_TEST(answer.error().answered());
}

BOOST_AUTO_TEST_CASE(a_refusal_is_a_typed_error_and_an_answer) {
    world w;
    w.on_request = [](const auto&) {
        return proto_http::make_response(409, "application/json",
                                         R"({"kind":"Status","reason":"AlreadyExists","message":"m","code":409})");
    };
    w.start();
    auto answer = w.call();
    BOOST_REQUIRE(answer.has_error());
    BOOST_TEST(answer.error().code == make_error_code(errc::already_exists));
    BOOST_TEST(answer.error().text() == "409 AlreadyExists: m");
    BOOST_TEST(w.outcomes == std::vector<std::string>{"answered an object of that name exists"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_api_server_that_is_away_is_no_answer) {
    world w;
    w.config.server.origin.port = port + 1;
    w.start();
    auto answer = w.call();
    BOOST_REQUIRE(answer.has_error());
    BOOST_TEST(answer.error().code == proto_http::make_error_code(proto_http::errc::connect_failed));
    BOOST_TEST(!answer.error().answered());
    BOOST_REQUIRE(w.outcomes.size() == 1U);
    BOOST_TEST(w.outcomes[0].starts_with("silent "));
}

BOOST_AUTO_TEST_CASE(a_call_without_an_answer_ends_in_its_time) {
    world w;
    w.options.call_time_max = 5s;
    w.answer_time = 20s;
    w.start();
    auto begun = w.rt.now();
    auto answer = w.call();
    BOOST_REQUIRE(answer.has_error());
    BOOST_TEST(answer.error().code == proto_http::make_error_code(proto_http::errc::timed_out));
    BOOST_TEST((w.rt.now() - begun == 5s));
}

BOOST_AUTO_TEST_CASE(a_401_is_tried_once_more_with_a_token_that_has_rotated) {
    for (bool as_stream : {false, true}) {
        world w;
        w.config.token_file = "/token";
        w.rt.files["/token"] = "old";
        w.on_request = only("new");
        w.start();
        w.rt.files["/token"] = "new";
        if (as_stream) {
            auto opened = w.rt.await(w.api->open(world::get("/api")));
            BOOST_REQUIRE(opened.has_value());
            auto piece = w.rt.await((*opened)->read(proto_http::never));
            BOOST_REQUIRE(piece.has_value());
            BOOST_TEST(*piece == R"({"ok":1})");
        } else {
            BOOST_TEST(w.call().has_value());
        }
        BOOST_TEST(w.seen.size() == 2U);
        BOOST_TEST(w.outcomes == std::vector<std::string>{"answered"}, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_401_with_a_token_that_cannot_be_renewed_is_final_at_once) {
    for (bool as_stream : {false, true}) {
        world w;
        w.config.token = "old";
        w.on_request = only("new");
        w.start();
        proto_http::error_code code;
        if (as_stream)
            code = w.rt.await(w.api->open(world::get("/api"))).error().code;
        else
            code = w.call().error().code;
        BOOST_TEST(code == make_error_code(errc::unauthorized));
        BOOST_TEST(w.seen.size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(a_second_401_is_final) {
    world w;
    w.config.token_file = "/token";
    w.rt.files["/token"] = "old";
    int refusals = 0;
    w.on_request = [&](const auto&) {
        w.rt.files["/token"] = "newer" + std::to_string(++refusals);
        return proto_http::make_response(401, "application/json", "{}");
    };
    w.start();
    BOOST_TEST(w.call().error().code == make_error_code(errc::unauthorized));
    BOOST_TEST(refusals == 2);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_fails_sends_nothing) {
    world w;
    w.config.exec.emplace();
    w.config.exec->arguments = {"login"};
    w.start();
    BOOST_TEST(w.call().error().code == make_error_code(errc::bad_configuration));
    BOOST_TEST(w.seen.empty());
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_refused_is_a_typed_error_with_the_servers_words) {
    world w;
    w.on_request = [](const auto&) {
        auto made = proto_http::make_response(429, "application/json",
                                              R"({"kind":"Status","message":"storage is initializing","code":429})");
        made.headers.add("Retry-After", "2");
        return made;
    };
    w.start();
    auto error = w.rt.await(w.api->open(world::get("/api?watch=true"))).error();
    BOOST_TEST(error.code == make_error_code(errc::throttled));
    BOOST_TEST(error.message == "storage is initializing");
    BOOST_TEST((error.retry_after == 2s));
}

BOOST_AUTO_TEST_CASE(so_many_calls_run_at_once_and_no_more_and_the_others_follow_in_order) {
    world w;
    w.options.calls_max = 2;
    w.answer_time = 1s;
    w.start();
    std::vector<int> done;
    for (int i = 0; i < 6; ++i)
        asio::co_spawn(w.rt.context, w.api->call(world::get("/" + std::to_string(i))),
                       [&done, i](std::exception_ptr, auto answer) {
                           BOOST_TEST(answer.has_value());
                           done.push_back(i);
                       });
    auto begun = w.rt.now();
    w.rt.drive([&] { return done.size() == 6; });
    BOOST_TEST(w.at_once_max == 2U);
    BOOST_TEST((w.rt.now() - begun == 3s));
    for (std::size_t i = 0; i < w.seen.size(); ++i)
        BOOST_TEST(w.seen[i].path == "/" + std::to_string(i));
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_says_so_tells_nobody_and_gives_its_place_to_the_next) {
    // Both the call that runs and one that waits for its place; a cancel at the very moment of the hand-over is one of them.
    for (int cancel_after_ms : {0, 500, 1000}) {
        world w;
        w.options.calls_max = 1;
        w.answer_time = 1s;
        w.start();
        asio::cancellation_signal stop[2];
        std::vector<std::string> ends(3);
        auto spawn = [&](std::size_t i, auto token) {
            asio::co_spawn(w.rt.context, w.api->call(world::get("/" + std::to_string(i))), std::move(token));
        };
        auto note = [&](std::size_t i) {
            return [&ends, i](std::exception_ptr thrown, auto answer) {
                ends[i] = thrown ? "thrown" : answer.has_value() ? "done" : answer.error().code.message();
            };
        };
        spawn(0, asio::bind_cancellation_slot(stop[0].slot(), note(0)));
        spawn(1, asio::bind_cancellation_slot(stop[1].slot(), note(1)));
        spawn(2, note(2));
        w.rt.run_for(std::chrono::milliseconds(cancel_after_ms));
        asio::post(w.rt.context, [&] {
            stop[1].emit(asio::cancellation_type::terminal);
            stop[0].emit(asio::cancellation_type::terminal);
        });
        w.rt.drive([&] { return !ends[2].empty(); });
        auto cancelled = proto_http::make_error_code(proto_http::errc::cancelled).message();
        BOOST_TEST(ends[0] == (cancel_after_ms == 1000 ? "done" : cancelled));
        BOOST_TEST(ends[1] == cancelled);
        BOOST_TEST(ends[2] == "done");
        BOOST_TEST(w.outcomes.size() == (cancel_after_ms == 1000 ? 2U : 1U));
    }
}

BOOST_AUTO_TEST_CASE(tls_material_that_does_not_parse_makes_no_client) {
    world w;
    w.config.server.tls = true;
    w.config.tls.ca_certificates = "nonsense";
    auto made = client::make(w.rt, w.config, {});
    BOOST_REQUIRE(made.has_error());
    BOOST_TEST(made.error().code == make_error_code(errc::bad_configuration));
}

BOOST_AUTO_TEST_SUITE_END()
