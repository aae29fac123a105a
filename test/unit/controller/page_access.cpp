#include "controller/page_access.hpp"

#include "support/scripted_client.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::chrono_literals;

namespace {

struct access_fixture {
    test_support::fake_runtime rt;
    test_support::scripted_client api{rt};
    kh::page_access_settings rules;

    unsigned status(kh::page_access& guard, std::string authorization, bool is_client_trusted = false) {
        proto_http::server_request request;
        request.path = "/status";
        request.is_client_trusted = is_client_trusted;
        if (!authorization.empty())
            request.headers.set("authorization", std::move(authorization));
        const auto refused = rt.await(guard.refusal(request));
        if (refused && refused->status == 401)
            BOOST_TEST(refused->headers.get("WWW-Authenticate") == "Bearer");
        return refused ? refused->status : 200;
    }

    kh::page_access make() { return kh::page_access(rt, api, rules); }
};

std::string review(bool authenticated) {
    return authenticated ? R"({"kind":"TokenReview","status":{"authenticated":true,"user":{"username":"prometheus"}}})"
                         : R"({"kind":"TokenReview","status":{"user":{},"error":"invalid bearer token"}})";
}

k8s::api_error away() {
    k8s::api_error error;
    error.code = make_error_code(boost::system::errc::connection_refused);
    return error;
}

} // namespace

BOOST_AUTO_TEST_SUITE(page_access)

BOOST_AUTO_TEST_CASE(without_rules_everybody_is_admitted) {
    access_fixture f;
    kh::page_access guard = f.make();
    BOOST_TEST(f.status(guard, "") == 200u);
    BOOST_TEST(f.status(guard, "Bearer whatever") == 200u);
}

BOOST_AUTO_TEST_CASE(the_token_of_the_file_admits_and_no_other) {
    access_fixture f;
    f.rules.token_file = "/token";
    f.rt.files["/token"] = "s3cret\n";
    kh::page_access guard = f.make();
    struct {
        const char* authorization;
        unsigned status;
    } const table[] = {
        {"Bearer s3cret", 200}, {"bearer   s3cret ", 200}, {"BEARER s3cret", 200}, {"", 401},
        {"Bearer", 401},        {"Bearer ", 401},          {"Bearer s3cre", 401},  {"Bearer s3cret2", 401},
        {"Basic s3cret", 401},  {"s3cret", 401},
    };
    for (const auto& row : table)
        BOOST_TEST(f.status(guard, row.authorization) == row.status, row.authorization);
    f.rt.files["/token"] = "another";
    BOOST_TEST(f.status(guard, "Bearer s3cret") == 401u);
    BOOST_TEST(f.status(guard, "Bearer another") == 200u);
}

BOOST_AUTO_TEST_CASE(a_token_file_that_is_empty_or_gone_admits_nobody) {
    access_fixture f;
    f.rules.token_file = "/token";
    kh::page_access guard = f.make();
    BOOST_TEST(f.status(guard, "Bearer x") == 401u);
    f.rt.files["/token"] = " \n";
    BOOST_TEST(f.status(guard, "Bearer x") == 401u);
    BOOST_TEST(f.status(guard, "Bearer ") == 401u);
}

BOOST_AUTO_TEST_CASE(a_trusted_certificate_admits_where_it_is_asked_for) {
    access_fixture f;
    f.rules.client_certificate = true;
    kh::page_access guard = f.make();
    BOOST_TEST(f.status(guard, "", true) == 200u);
    BOOST_TEST(f.status(guard, "", false) == 401u);
}

BOOST_AUTO_TEST_CASE(what_the_api_server_says_of_a_token_holds_for_a_while) {
    access_fixture f;
    f.rules.token_review = true;
    f.api.answers("/apis/authentication.k8s.io/v1/tokenreviews", review(true))
        .answers("tokenreviews", review(false))
        .answers("tokenreviews", review(true))
        .answers("tokenreviews", review(true));
    kh::page_access guard = f.make();
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(f.status(guard, "Bearer good") == 200u);
    BOOST_TEST(f.status(guard, "Bearer bad") == 401u);
    BOOST_TEST(f.status(guard, "Bearer bad") == 401u);
    BOOST_TEST(f.api.targets.size() == 2u);
    f.rt.run_for(11s);
    BOOST_TEST(f.status(guard, "Bearer bad") == 200u); // it has become valid
    f.rt.run_for(50s);
    BOOST_TEST(f.status(guard, "Bearer good") == 200u);
    BOOST_TEST(f.api.verdict() == "");
}

BOOST_AUTO_TEST_CASE(an_api_server_that_is_away_is_no_refusal_and_is_asked_again) {
    access_fixture f;
    f.rules.token_review = true;
    f.api.fails("tokenreviews", away()).answers("tokenreviews", review(true));
    kh::page_access guard = f.make();
    BOOST_TEST(f.status(guard, "Bearer good") == 503u);
    BOOST_TEST(f.status(guard, "Bearer good") == 200u);
    BOOST_TEST(f.status(guard, "") == 401u);
}

BOOST_AUTO_TEST_SUITE_END()
