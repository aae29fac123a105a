#include "asio_k8s/client.hpp"
#include "support/test_data.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

using k8s::errc;
using proto_http::response;

namespace {

struct sample {
    const char* file;
    unsigned http_status;
    errc code;
    const char* reason;
    const char* message_begin;
};

std::ostream& operator<<(std::ostream& to, const sample& one) {
    return to << one.file;
}

const sample recorded[] = {
    {"400-bad-body.json", 400, errc::bad_request, "BadRequest", "the object provided is unrecognized"},
    {"401-unauthorized.json", 401, errc::unauthorized, "Unauthorized", "Unauthorized"},
    {"403-forbidden.json", 403, errc::forbidden, "Forbidden", "configmaps is forbidden: User"},
    {"404-not-found.json", 404, errc::not_found, "NotFound", "khstates.comcast.github.io \"none\" not found"},
    {"404-unknown-version.txt", 404, errc::not_found, "", "404 page not found"},
    {"409-already-exists.json", 409, errc::already_exists, "AlreadyExists", "khstates.comcast.github.io \"dns\" already exists"},
    {"409-conflict.json", 409, errc::conflict, "Conflict", "Operation cannot be fulfilled"},
    {"415-unsupported-media-type.json", 415, errc::unsupported, "UnsupportedMediaType",
     "the body of the request was in an unknown"},
    {"422-invalid.json", 422, errc::invalid, "Invalid", "KuberhealthyState.comcast.github.io \"bad\" is invalid"},
};

response answer_of(unsigned status, std::string body) {
    response made;
    made.status = status;
    made.body = std::move(body);
    return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_status)

BOOST_DATA_TEST_CASE(a_recorded_refusal_becomes_its_code_and_keeps_the_servers_words, recorded, one) {
    auto error = k8s::error_from_response(
        answer_of(one.http_status, test_support::read_test_data(fmt::format("kube-1.36.3/status/{}", one.file))));
    BOOST_TEST(error.code == make_error_code(one.code));
    BOOST_TEST(error.http_status == one.http_status);
    BOOST_TEST(error.reason == one.reason);
    BOOST_TEST(error.message.starts_with(one.message_begin));
    BOOST_TEST(!error.message.ends_with('\n'));
    BOOST_TEST(!error.retry_after.has_value());
}

BOOST_AUTO_TEST_CASE(a_status_without_a_body_is_told_by_its_number) {
    const std::pair<unsigned, errc> table[] = {
        {410, errc::gone},         {413, errc::too_large},         {405, errc::unsupported},
        {429, errc::throttled},    {500, errc::server_error},      {503, errc::server_error},
        {599, errc::server_error}, {302, errc::unexpected_status}, {418, errc::unexpected_status}};
    for (auto [status, code] : table)
        BOOST_TEST(k8s::error_from_response(answer_of(status, "")).code == make_error_code(code), status);
}

BOOST_AUTO_TEST_CASE(retry_after_comes_from_the_header) {
    auto answer = answer_of(429, "slow down");
    answer.headers.add("retry-after", "7");
    BOOST_TEST((k8s::error_from_response(answer).retry_after == std::chrono::seconds(7)));
}

BOOST_AUTO_TEST_CASE(retry_after_comes_from_the_details_where_there_is_no_header) {
    auto body = R"({"kind":"Status","message":"wait","reason":"TooManyRequests","details":{"retryAfterSeconds":3},"code":429})";
    BOOST_TEST((k8s::error_from_response(answer_of(429, body)).retry_after == std::chrono::seconds(3)));
    auto with_header = answer_of(429, body);
    with_header.headers.add("Retry-After", "9");
    BOOST_TEST((k8s::error_from_response(with_header).retry_after == std::chrono::seconds(9)));
}

BOOST_AUTO_TEST_CASE(a_retry_after_that_is_no_sane_number_counts_as_absent) {
    for (auto value : {"", "-1", "soon", "1.5", "5 ", "99999999999999999999", "86401", "Wed, 21 Oct 2026 07:28:00 GMT"}) {
        auto answer = answer_of(503, "");
        answer.headers.add("Retry-After", value);
        BOOST_TEST(!k8s::error_from_response(answer).retry_after.has_value(), value);
    }
}

BOOST_AUTO_TEST_CASE(a_long_foreign_body_is_cut_on_a_character) {
    std::string page(511, 'x');
    page += "\xC3\xA4 and more of it";
    auto error = k8s::error_from_response(answer_of(502, page));
    BOOST_TEST(error.message == std::string(511, 'x'));
}

BOOST_AUTO_TEST_CASE(a_body_that_only_looks_like_a_status_is_shown_as_it_is) {
    BOOST_TEST(k8s::error_from_response(answer_of(403, R"({"kind":"Pod"})")).message == R"({"kind":"Pod"})");
    BOOST_TEST(k8s::error_from_response(answer_of(500, R"({"kind":"Sta)")).message == R"({"kind":"Sta)");
}

BOOST_AUTO_TEST_SUITE_END()
