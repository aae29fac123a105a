#include "asio_k8s/in_cluster.hpp"

#include "asio_k8s/status.hpp"

#include <fmt/format.h>

namespace k8s {
namespace {

constexpr std::string_view folder = "/var/run/secrets/kubernetes.io/serviceaccount/";
constexpr std::size_t file_size_max = 1024 * 1024;

} // namespace

bool is_in_cluster(proto_http::runtime& rt) {
    return !rt.environment("KUBERNETES_SERVICE_HOST").empty() && !rt.environment("KUBERNETES_SERVICE_PORT").empty();
}

api_result<cluster_config> in_cluster_config(proto_http::runtime& rt) {
    auto host = rt.environment("KUBERNETES_SERVICE_HOST");
    auto port = rt.environment("KUBERNETES_SERVICE_PORT");
    auto url = host.find(':') == std::string::npos ? fmt::format("https://{}:{}", host, port)
                                                   : fmt::format("https://[{}]:{}", host, port);
    auto server = proto_http::parse_url(url);
    if (server.has_error())
        return make_api_error(
            errc::bad_configuration,
            fmt::format("in-cluster: KUBERNETES_SERVICE_HOST \"{}\" and KUBERNETES_SERVICE_PORT \"{}\" are no address", host,
                        port));
    cluster_config made;
    made.source = "in-cluster";
    made.server = *server;
    made.token_file = fmt::format("{}token", folder);
    made.ca_file = fmt::format("{}ca.crt", folder);
    for (const auto& file : {made.token_file, made.ca_file})
        if (auto text = rt.read_file(file, file_size_max); text.has_error())
            return make_api_error(
                errc::bad_configuration,
                fmt::format("in-cluster: {}: {}; check automountServiceAccountToken of the pod", file, text.error().message()));
        else if (file == made.ca_file)
            made.tls.ca_certificates = *text;
    if (auto name = rt.read_file(fmt::format("{}namespace", folder), file_size_max); name.has_value())
        made.default_namespace = name->substr(0, name->find_first_of("\r\n "));
    if (made.default_namespace.empty())
        made.default_namespace = "default";
    return made;
}

} // namespace k8s
