#include "asio_k8s/exec_credential.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "asio_k8s/status.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace k8s {
namespace {

namespace json = boost::json;
using proto_http::wall_time;

// `wall_time` counts nanoseconds and ends in 2262. What expires later never expires.
constexpr std::int64_t last_second = 9'000'000'000;

std::optional<wall_time> parse_time(std::string_view text) {
    const auto at = parse_rfc3339(text);
    if (!at || *at < 0)
        return std::nullopt;
    return wall_time(std::chrono::seconds(std::min(*at, last_second)));
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
