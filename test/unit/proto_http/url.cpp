#include "proto_http/url.hpp"

#include "proto_http/client.hpp"
#include "proto_http/error.hpp"
#include "proto_http/percent.hpp"
#include "support/loop_fixture.hpp"

using namespace proto_http;

BOOST_AUTO_TEST_SUITE(url)

BOOST_AUTO_TEST_CASE(good_urls_are_taken_apart) {
    struct row {
        std::string_view text;
        url_parts parts;
    };
    const row table[] = {
        {"http://a", {false, {"a", 80}, "", "", "/"}},
        {"https://a.b:6443", {true, {"a.b", 6443}, "", "", "/"}},
        {"HTTPS://a/", {true, {"a", 443}, "", "", "/"}},
        {"https://a/k8s/clusters/c-1/", {true, {"a", 443}, "", "/k8s/clusters/c-1", "/k8s/clusters/c-1/"}},
        {"https://[::1]:6443/x?y#z", {true, {"::1", 6443}, "", "/x", "/x?y"}},
        {"http://[2001:db8::1]", {false, {"2001:db8::1", 80}, "", "", "/"}},
        {"http://user:p%40ss@a:8080", {false, {"a", 8080}, "user:p%40ss", "", "/"}},
        {"http://a/b/?c=/d/?#e?", {false, {"a", 80}, "", "/b", "/b/?c=/d/?"}},
        {"http://a@b@c", {false, {"c", 80}, "a@b", "", "/"}},
        {"http://10.0.0.1?x=/", {false, {"10.0.0.1", 80}, "", "", "/?x=/"}},
        {"http://a:", {false, {"a", 80}, "", "", "/"}},
    };
    for (const auto& [text, parts] : table) {
        BOOST_TEST_CONTEXT(text) {
            auto got = parse_url(text);
            BOOST_TEST_REQUIRE(got.has_value());
            BOOST_TEST((*got == parts));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_http_url_is_refused) {
    for (std::string_view text :
         {"", "a", "a:80", "ftp://a", "http://", "http:///x", "http://:80", "http://a:b", "http://a:0", "http://a:65536",
          "http://[::1", "http://[zz]", "http://[::1]x", "http://a b", "http://a\r\n", "http://a%20", "http://::1"})
        BOOST_TEST_CONTEXT(text) BOOST_TEST((parse_url(text).error() == errc::bad_url));
}

BOOST_AUTO_TEST_CASE(percent_encoding_goes_both_ways) {
    BOOST_TEST(percent_encode("aZ09-._~") == "aZ09-._~");
    BOOST_TEST(percent_encode("a b/c=d,e\xc3\xa9") == "a%20b%2Fc%3Dd%2Ce%C3%A9");
    BOOST_TEST(percent_decode("a%20b%2fc").value() == "a b/c");
    BOOST_TEST(percent_decode("a+b").value() == "a+b");
    BOOST_TEST(percent_decode("a+b", true).value() == "a b");
    for (std::string_view bad : {"%", "%2", "%zz", "a%1"})
        BOOST_TEST(!percent_decode(bad).has_value());
}

BOOST_AUTO_TEST_CASE(a_proxy_url_gives_address_and_authorization) {
    auto plain = proxy_from_url("http://proxy:3128");
    BOOST_TEST_REQUIRE(plain.has_value());
    BOOST_TEST((plain->address == host_port{"proxy", 3128}));
    BOOST_TEST(plain->authorization.empty());
    BOOST_TEST(proxy_from_url("proxy:3128")->address.port == 3128);
    BOOST_TEST(proxy_from_url("http://user:p%40ss@proxy")->authorization == "Basic dXNlcjpwQHNz");
    BOOST_TEST(proxy_from_url("http://user@proxy")->authorization == "Basic dXNlcjo=");
    BOOST_TEST((proxy_from_url("socks5://proxy:1080").error() == errc::bad_url));
    BOOST_TEST((proxy_from_url("https://proxy:1080").error() == errc::bad_url));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(proxy_environment, test_support::manual_fixture)

BOOST_AUTO_TEST_CASE(the_variable_follows_the_scheme_and_upper_case_is_first) {
    rt.variables = {{"HTTP_PROXY", "http://plain:1"}, {"https_proxy", "http://lower:2"}};
    BOOST_TEST(proxy_from_environment(rt, false, {"a", 80})->value().address.host == "plain");
    BOOST_TEST(proxy_from_environment(rt, true, {"a", 443})->value().address.host == "lower");
    rt.variables["HTTPS_PROXY"] = "http://upper:3";
    BOOST_TEST(proxy_from_environment(rt, true, {"a", 443})->value().address.host == "upper");
}

BOOST_AUTO_TEST_CASE(without_a_variable_there_is_no_proxy) {
    auto got = proxy_from_environment(rt, true, {"a", 443});
    BOOST_TEST_REQUIRE(got.has_value());
    BOOST_TEST(!got->has_value());
}

BOOST_AUTO_TEST_CASE(a_variable_that_is_no_url_is_an_error) {
    rt.variables = {{"HTTPS_PROXY", "http://:x"}};
    BOOST_TEST((proxy_from_environment(rt, true, {"a", 443}).error() == errc::bad_url));
}

// The rules and most rows are those of Go's httpproxy tests.
BOOST_AUTO_TEST_CASE(no_proxy_exempts_as_in_go) {
    struct row {
        std::string_view no_proxy;
        host_port origin;
        bool proxied;
    };
    const row table[] = {
        {"", {"foo.com", 443}, true},
        {"", {"localhost", 443}, false},
        {"", {"127.0.0.1", 443}, false},
        {"", {"127.9.9.9", 443}, false},
        {"", {"::1", 443}, false},
        {"", {"::ffff:127.0.0.1", 443}, false},
        {"*", {"foo.com", 443}, false},
        {"a, *", {"foo.com", 443}, false},
        {"foo.com", {"foo.com", 443}, false},
        {"foo.com", {"FOO.com", 443}, false},
        {"FOO.com", {"foo.com", 443}, false},
        {"foo.com", {"bar.foo.com", 443}, false},
        {"foo.com", {"barfoo.com", 443}, true},
        {".foo.com", {"bar.foo.com", 443}, false},
        {".foo.com", {"foo.com", 443}, true},
        {"*.foo.com", {"bar.foo.com", 443}, false},
        {"*.foo.com", {"foo.com", 443}, true},
        {"foo.com:443", {"foo.com", 443}, false},
        {"foo.com:443", {"foo.com", 8443}, true},
        {"foo.com:443", {"bar.foo.com", 443}, false},
        {" foo.com , ,bar.com", {"bar.com", 443}, false},
        {"10.0.0.1", {"10.0.0.1", 443}, false},
        {"10.0.0.1", {"10.0.0.2", 443}, true},
        {"10.0.0.1:443", {"10.0.0.1", 443}, false},
        {"10.0.0.1:443", {"10.0.0.1", 6443}, true},
        {"10.96.0.0/12", {"10.96.0.1", 443}, false},
        {"10.96.0.0/12", {"10.112.0.1", 443}, true},
        {"10.96.7.7/12", {"10.96.0.1", 443}, false},
        {"10.96.0.0/12", {"foo.com", 443}, true},
        {"2001:db8::/32", {"2001:db8::5", 443}, false},
        {"2001:db8::/32", {"2001:db9::5", 443}, true},
        {"2001:db8::5", {"2001:db8::5", 443}, false},
        {"[2001:db8::5]:443", {"2001:db8::5", 443}, false},
        {"[2001:db8::5]:443", {"2001:db8::5", 444}, true},
        {":443", {"foo.com", 443}, true},
    };
    for (const auto& [no_proxy, origin, proxied] : table) {
        BOOST_TEST_CONTEXT(no_proxy << " against " << origin.host << ":" << origin.port) {
            rt.variables = {{"HTTPS_PROXY", "http://proxy:3128"}, {"NO_PROXY", std::string(no_proxy)}};
            auto got = proxy_from_environment(rt, true, origin);
            BOOST_TEST_REQUIRE(got.has_value());
            BOOST_TEST(got->has_value() == proxied);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
