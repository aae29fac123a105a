#include "asio_k8s/exec_credential.hpp"

#include <boost/test/unit_test.hpp>

using namespace k8s;
using namespace std::chrono_literals;

namespace {

constexpr auto v1 = "client.authentication.k8s.io/v1";

std::string answer(const std::string& status) {
    return R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":)" + status + "}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_exec_credential)

BOOST_AUTO_TEST_CASE(the_plugin_is_told_the_version_and_that_nobody_is_there_to_ask) {
    cluster_config config;
    config.exec.emplace();
    config.exec->api_version = v1;
    BOOST_TEST(exec_info(config) ==
               R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}})");
}

BOOST_AUTO_TEST_CASE(the_cluster_is_told_where_it_is_asked_for) {
    cluster_config config;
    config.server.tls = true;
    config.server.origin.host = "fd00::1";
    config.server.origin.port = 6443;
    config.server.path = "/k8s";
    config.server_name = "api";
    config.tls.ca_certificates = "CA";
    config.tls.verify_peer = false;
    config.exec.emplace();
    config.exec->api_version = v1;
    config.exec->provide_cluster_info = true;
    BOOST_TEST(
        exec_info(config) ==
        R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"cluster":{"server":"https://[fd00::1]:6443/k8s",)"
        R"("tls-server-name":"api","insecure-skip-tls-verify":true,"certificate-authority-data":"Q0E="},"interactive":false}})");
}

BOOST_AUTO_TEST_CASE(a_token_with_its_end_is_read) {
    const std::pair<const char*, std::chrono::sys_seconds> table[] = {
        {"2026-11-23T13:54:43Z", std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 13h + 54min + 43s},
        {"2026-11-23T13:54:43.999999Z", std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 13h + 54min + 43s},
        {"2026-11-23T13:54:43+01:30", std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 12h + 24min + 43s},
        {"2024-02-29T23:59:59-01:00", std::chrono::sys_days(std::chrono::year(2024) / 3 / 1) + 59min + 59s}};
    for (auto [text, when] : table) {
        auto made = parse_exec_credential(answer(std::string(R"({"token":"t","expirationTimestamp":")") + text + "\"}"), v1);
        BOOST_REQUIRE(made.has_value());
        BOOST_TEST(made->token == "t");
        BOOST_TEST((made->expires == proto_http::wall_time(when)), text);
    }
}

BOOST_AUTO_TEST_CASE(an_end_beyond_what_the_clock_can_count_is_far_away) {
    auto made = parse_exec_credential(answer(R"({"token":"t","expirationTimestamp":"9999-12-31T23:59:59Z"})"), v1);
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST((made->expires > proto_http::wall_time(std::chrono::sys_days(std::chrono::year(2250) / 1 / 1))));
}

BOOST_AUTO_TEST_CASE(a_certificate_with_its_key_is_read) {
    auto made = parse_exec_credential(answer(R"({"clientCertificateData":"C","clientKeyData":"K"})"), v1);
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST(made->certificate == "C");
    BOOST_TEST(made->key == "K");
    BOOST_TEST(made->token.empty());
    BOOST_TEST(!made->expires.has_value());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_without_the_secret) {
    const std::pair<std::string, const char*> table[] = {
        {"", "is not a JSON object"},
        {"[]", "is not a JSON object"},
        {R"({"kind":"Status"})", "kind is not ExecCredential"},
        {R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"})", "apiVersion is"},
        {answer("null"), "status is missing"},
        {answer("{}"), "neither status.token nor"},
        {answer(R"({"token":"hunter2","clientKeyData":"hunter2"})"), "one of status.clientCertificateData"},
        {answer(R"({"token":"hunter2","expirationTimestamp":"tomorrow"})"), "status.expirationTimestamp is not a time"},
        {answer(R"({"token":"hunter2","expirationTimestamp":"2026-02-30T00:00:00Z"})"),
         "status.expirationTimestamp is not a time"},
        {answer(R"({"token":"hunter2","expirationTimestamp":"2026-02-20T24:00:00Z"})"),
         "status.expirationTimestamp is not a time"},
        {answer(R"({"token":"hunter2","expirationTimestamp":"2026-02-20T00:00:00"})"),
         "status.expirationTimestamp is not a time"},
        {answer(R"({"token":"hunter2","expirationTimestamp":"2026-02-20T00:00:00+1:00"})"),
         "status.expirationTimestamp is not a time"}};
    for (const auto& [output, expected] : table) {
        auto made = parse_exec_credential(output, v1);
        BOOST_REQUIRE_MESSAGE(made.has_error(), output);
        BOOST_TEST(made.error().code == make_error_code(errc::bad_configuration));
        BOOST_TEST(made.error().message.find(expected) != std::string::npos, made.error().message);
        BOOST_TEST(made.error().message.find("hunter2") == std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
