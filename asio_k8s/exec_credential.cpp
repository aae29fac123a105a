#include "asio_k8s/exec_credential.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/json_access.hpp"
#include "asio_k8s/status.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace k8s {
namespace {

namespace json = boost::json;
using proto_http::wall_time;

std::optional<int> number(std::string_view digits) {
    int value = 0;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || digits.front() == '-' || failure != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return value;
}

/// "Z", "+02:00" or "-02:00".
std::optional<std::chrono::minutes> offset(std::string_view text) {
    if (text == "Z" || text == "z")
        return std::chrono::minutes(0);
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return std::nullopt;
    auto hours = number(text.substr(1, 2));
    auto minutes = number(text.substr(4, 2));
    if (!hours || !minutes)
        return std::nullopt;
    auto all = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    return text[0] == '-' ? -all : all;
}

/// RFC 3339, to the second.
std::optional<wall_time> parse_time(std::string_view text) {
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
        text[16] != ':')
        return std::nullopt;
    auto year = number(text.substr(0, 4));
    auto month = number(text.substr(5, 2));
    auto day = number(text.substr(8, 2));
    auto hour = number(text.substr(11, 2));
    auto minute = number(text.substr(14, 2));
    auto second = number(text.substr(17, 2));
    auto zone = text.substr(19);
    if (zone.starts_with('.'))
        zone.remove_prefix(std::min(zone.find_first_not_of("0123456789", 1), zone.size()));
    auto east = offset(zone);
    if (!year || !month || !day || !hour || !minute || !second || !east || *hour > 23 || *minute > 59 || *second > 60)
        return std::nullopt;
    std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                     std::chrono::day(static_cast<unsigned>(*day))};
    // Beyond these years the nanoseconds of `wall_time` overflow; a date as far as that never expires anyway.
    if (!date.ok() || *year < 1970 || *year > 2200)
        return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) - *east;
}

api_error wrong(std::string_view what) {
    return make_api_error(errc::bad_configuration, fmt::format("the exec plugin's answer: {}", what));
}

std::string url_of(const proto_http::url_parts& server) {
    const auto& [host, port] = server.origin;
    bool is_v6 = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}{}", server.tls ? "https" : "http", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port,
                       server.path);
}

} // namespace

std::string exec_info(const cluster_config& config) {
    json::object spec;
    if (config.exec->provide_cluster_info) {
        json::object cluster;
        cluster["server"] = url_of(config.server);
        if (!config.server_name.empty())
            cluster["tls-server-name"] = config.server_name;
        if (!config.tls.verify_peer)
            cluster["insecure-skip-tls-verify"] = true;
        if (!config.tls.ca_certificates.empty())
            cluster["certificate-authority-data"] = base64_encode(config.tls.ca_certificates);
        spec["cluster"] = std::move(cluster);
    }
    spec["interactive"] = false;
    json::object info;
    info["kind"] = "ExecCredential";
    info["apiVersion"] = config.exec->api_version;
    info["spec"] = std::move(spec);
    return json::serialize(info);
}

api_result<exec_credential> parse_exec_credential(std::string_view output, std::string_view api_version) {
    proto_http::error_code failure;
    auto value = json::parse(output, failure);
    const auto* whole = failure ? nullptr : value.if_object();
    if (whole == nullptr)
        return wrong("is not a JSON object");
    if (text_at(*whole, "kind") != "ExecCredential")
        return wrong("kind is not ExecCredential");
    if (text_at(*whole, "apiVersion") != api_version)
        return wrong(
            fmt::format("apiVersion is \"{}\", the kubeconfig asks for \"{}\"", text_at(*whole, "apiVersion"), api_version));
    const auto* status = object_at(*whole, "status");
    if (status == nullptr)
        return wrong("status is missing");

    exec_credential made;
    made.token = text_at(*status, "token");
    made.certificate = text_at(*status, "clientCertificateData");
    made.key = text_at(*status, "clientKeyData");
    if (made.certificate.empty() != made.key.empty())
        return wrong("one of status.clientCertificateData and status.clientKeyData is missing");
    if (made.token.empty() && made.certificate.empty())
        return wrong("neither status.token nor status.clientCertificateData is there");
    if (auto expires = text_at(*status, "expirationTimestamp"); !expires.empty()) {
        made.expires = parse_time(expires);
        if (!made.expires)
            return wrong("status.expirationTimestamp is not a time");
    }
    return made;
}

} // namespace k8s
