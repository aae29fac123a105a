#include "tools/devcluster/check/http.hpp"

#include "proto_http/error.hpp"
#include "proto_http/tls.hpp"
#include "support/http_server_fixture.hpp"
#include "support/test_data.hpp"

#include <boost/algorithm/string/predicate.hpp>

using namespace devcluster;
using namespace proto_http;
using namespace std::chrono_literals;
using test_support::read_test_data;
namespace asio = boost::asio;

namespace {

/// Pages on the virtual network.
struct fixture : test_support::http_server_fixture {
    std::vector<server_request> requests;
    http_options options;

    fixture() {
        page("/good", 200, "Welcome to the shop");
        page("/broken", 503, "no\n database");
        redirect("/moved", 302, "/good");
        redirect("/away", 302, "http://other/good");
        redirect("/kept", 307, "good");
        redirect("/loop", 301, "/loop");
        options.urls = {"http://server/good"};
    }

    void page(std::string path, unsigned status, std::string body) {
        add({}, std::move(path), [this, status, body](server_request got) {
            requests.push_back(std::move(got));
            return respond(make_response(status, "text/plain", body));
        });
    }

    void redirect(std::string path, unsigned status, std::string to) {
        add({}, std::move(path), [this, status, to](server_request got) {
            requests.push_back(std::move(got));
            auto made = make_response(status, "text/plain", "moved");
            made.headers.set("Location", to);
            return respond(std::move(made));
        });
    }

    static asio::awaitable<server_response> respond(server_response made) { co_return made; }

    findings check(time_point limit = never) { return run(check_http(rt, options, limit)); }

    /// The one error, or an empty text.
    std::string error_of(std::string url) {
        options.urls = {std::move(url)};
        auto found = check();
        BOOST_TEST(found.errors.size() + found.notes.size() == 1u);
        return found.errors.empty() ? "" : found.errors[0];
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(http, fixture)

BOOST_AUTO_TEST_CASE(a_page_that_answers_passes) {
    serve();
    auto found = check();
    BOOST_TEST(found.errors.empty());
    BOOST_TEST(found.notes.at(0) == "GET http://server/good: status 200 after 0ms");
    BOOST_TEST(requests.at(0).headers.get("User-Agent") == "kuberhealthy-check");
}

BOOST_AUTO_TEST_CASE(another_status_fails_and_tells_what_the_page_said) {
    serve();
    BOOST_TEST(error_of("http://server/broken") ==
               "GET http://server/broken: status 503 instead of 200-399 (after 0ms): no database");
    options.expected_status = *status_set::parse("503");
    BOOST_TEST(error_of("http://server/broken") == "");
    BOOST_TEST(error_of("http://server/good").find("status 200 instead of 503") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_body_must_have_the_text) {
    serve();
    options.expected_body = "the shop";
    BOOST_TEST(error_of("http://server/good") == "");
    options.expected_body = "the pub";
    BOOST_TEST(error_of("http://server/good") ==
               "GET http://server/good: status 200, but \"the pub\" is not in the 19 bytes of the "
               "body (after 0ms): Welcome to the shop");
}

BOOST_AUTO_TEST_CASE(method_headers_and_body_are_sent) {
    serve();
    options.method = "PUT";
    options.headers = {{"X-One", "1"}, {"Host", "shop.example"}};
    options.body = "{}";
    BOOST_TEST(error_of("http://server/good?a=b#c") == "");
    const auto& got = requests.at(0);
    BOOST_TEST(got.method == "PUT");
    BOOST_TEST(got.query == "a=b");
    BOOST_TEST(got.headers.get("X-One") == "1");
    BOOST_TEST(got.headers.get("Host") == "shop.example");
    BOOST_TEST(got.body == "{}");
}

BOOST_AUTO_TEST_CASE(redirects_are_followed_up_to_a_number) {
    serve();
    auto found = (options.urls = {"http://server/moved"}, check());
    BOOST_TEST(found.notes.at(0) == "GET http://server/moved, redirected to http://server/good: status 200 after 0ms");
    options.redirects_max = 3;
    BOOST_TEST(error_of("http://server/loop") == "GET http://server/loop: more than 3 redirects, the last one to /loop");
    options.redirects_max = 0;
    options.expected_status = *status_set::parse("302");
    BOOST_TEST(error_of("http://server/moved") == "");
}

BOOST_AUTO_TEST_CASE(a_redirect_to_another_host_gets_no_credentials) {
    serve();
    options.method = "POST";
    options.body = "secret";
    options.headers = {{"Authorization", "Bearer x"}, {"Cookie", "y"}, {"X-One", "1"}};
    BOOST_TEST(error_of("http://server/away") == "");
    BOOST_TEST(requests.at(0).headers.get("Authorization") == "Bearer x");
    BOOST_TEST(requests.at(1).headers.get("Host") == "other");
    BOOST_TEST(!requests.at(1).headers.has("Authorization"));
    BOOST_TEST(!requests.at(1).headers.has("Cookie"));
    BOOST_TEST(requests.at(1).headers.get("X-One") == "1");
    BOOST_TEST(requests.at(1).method == "GET");
    BOOST_TEST(requests.at(1).body == "");
}

BOOST_AUTO_TEST_CASE(a_307_repeats_the_request_as_it_was) {
    serve();
    options.method = "POST";
    options.body = "text";
    options.headers = {{"Authorization", "Bearer x"}};
    BOOST_TEST(error_of("http://server/kept") == "");
    BOOST_TEST(requests.at(1).method == "POST");
    BOOST_TEST(requests.at(1).body == "text");
    BOOST_TEST(requests.at(1).headers.get("Authorization") == "Bearer x");
}

BOOST_AUTO_TEST_CASE(the_password_of_a_url_is_sent_and_not_shown) {
    serve();
    options.expected_status = *status_set::parse("404");
    auto error = error_of("http://user:pass@server/good");
    BOOST_TEST(requests.at(0).headers.get("Authorization") == "Basic dXNlcjpwYXNz");
    BOOST_TEST(error.find("pass") == std::string::npos);
    BOOST_TEST(error.starts_with("GET http://server/good: "));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_says_why) {
    BOOST_TEST(error_of("ftp://server/") == "GET ftp://server/: ftp://server/ is not an http or https URL");
    BOOST_TEST(error_of("http://server/") ==
               "GET http://server/: no address of the host took the connection; check host, port and network policy (after 0ms)");
    BOOST_TEST(error_of("/healthz") == "/healthz: a URL without a host is of the host in KH_REPORTING_URL, which is not set");
    options.trusted.ca_file = "missing.pem";
    BOOST_TEST(check().errors.at(0) == "missing.pem: the file is missing, not readable or too large");
}

BOOST_AUTO_TEST_CASE(a_path_alone_is_of_kuberhealthy_itself) {
    serve();
    rt.variables["KH_REPORTING_URL"] = "http://server/externalCheckStatus";
    BOOST_TEST(error_of("/good") == "");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_silent_ends_by_the_time_limit_or_the_deadline) {
    auto silent = *rt.listen({"silent", 80});
    options.urls = {"http://silent/"};
    for (auto [limit, expected] : {std::pair(never, 10s), {rt.now() + 13s, 3s}}) {
        auto began = rt.now();
        auto found = check(limit);
        BOOST_TEST((rt.now() - began == expected));
        BOOST_TEST(boost::algorithm::starts_with(found.errors.at(0), "GET http://silent/: timed out"));
        BOOST_TEST(boost::algorithm::ends_with(found.errors.at(0), expected == 10s ? "(after 10.0s)" : "(after 3.0s)"));
    }
}

BOOST_AUTO_TEST_CASE(urls_are_asked_side_by_side_and_told_in_order) {
    serve();
    auto silent = *rt.listen({"silent", 80});
    options.urls = {"http://silent/a", "http://server/broken", "http://silent/b", "http://server/good"};
    auto began = rt.now();
    auto found = check();
    BOOST_TEST((rt.now() - began == 10s));
    BOOST_TEST_REQUIRE(found.errors.size() == 3u);
    BOOST_TEST(found.errors[0].starts_with("GET http://silent/a"));
    BOOST_TEST(found.errors[1].starts_with("GET http://server/broken"));
    BOOST_TEST(found.errors[2].starts_with("GET http://silent/b"));
    BOOST_TEST(found.notes.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_proxy_of_the_environment_holds_for_the_target) {
    serve();
    rt.variables["HTTP_PROXY"] = "http://proxy:80";
    rt.variables["NO_PROXY"] = "direct";
    std::vector<std::string> dialled;
    rt.network().on_dial = [&](const host_port& to) {
        dialled.push_back(to.host);
        return test_support::dial_plan();
    };
    error_of("http://far/good");
    BOOST_TEST(error_of("http://direct/good") == "");
    BOOST_TEST(dialled == (std::vector<std::string>{"proxy", "direct"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_certificate_must_be_trusted_unless_it_is_said_otherwise) {
    tls_material material;
    material.certificate_chain = read_test_data("tls/server.pem");
    material.private_key = read_test_data("tls/server.key");
    proto_http::server secure(rt, routes, limits, *tls_context::server(material));
    auto serving_tls = start(secure.run(*rt.listen({"server.test", 443})));
    rt.files["ca.pem"] = read_test_data("tls/ca.pem");
    rt.files["other-ca.pem"] = read_test_data("tls/other-ca.pem");
    options.trusted.ca_file = "ca.pem";
    BOOST_TEST(error_of("https://server.test/good") == "");
    options.trusted.ca_file = "other-ca.pem";
    BOOST_TEST(error_of("https://server.test/good").find("certificate verify failed") != std::string::npos);
    options.trusted = {"", true};
    BOOST_TEST(error_of("https://server.test/good") == "");
    secure.drain(rt.now());
    finish(serving_tls);
}

BOOST_AUTO_TEST_SUITE_END()
