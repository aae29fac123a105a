#include "tools/devcluster/dev/access.hpp"

#include "asio_k8s/base64.hpp"
#include "tools/devcluster/dev/certificate.hpp"
#include "tools/devcluster/dev/private_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace devcluster {

namespace {

constexpr std::size_t file_size_max = 64 * 1024;

std::string fresh_token(proto_http::runtime& rt) {
    return fmt::format("{:016x}{:016x}", rt.random(), rt.random());
}

} // namespace

proto_http::host_port reachable(proto_http::host_port listening) {
    if (listening.host.empty() || listening.host == "0.0.0.0" || listening.host == "::")
        listening.host = "127.0.0.1";
    return listening;
}

boost::system::result<api_access, std::string> make_access(proto_http::runtime& rt, const std::string& folder,
                                                           const proto_http::host_port& listening) {
    api_access made;
    made.at = reachable(listening);
    auto base = folder + "/access-" + made.at.host;
    if (!folder.empty()) {
        auto chain = rt.read_file(base + ".pem", file_size_max);
        auto key = rt.read_file(base + ".key", file_size_max);
        auto token = rt.read_file(folder + "/token", file_size_max);
        if (chain && key && token) {
            made.tls.certificate_chain = std::move(*chain);
            made.tls.private_key = std::move(*key);
            made.token = std::move(*token);
            return made;
        }
    }
    std::vector<std::string> hosts = {made.at.host, "127.0.0.1", "::1", "localhost"};
    std::sort(hosts.begin(), hosts.end());
    hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
    made.tls = make_self_signed(hosts, std::chrono::floor<std::chrono::seconds>(rt.wall_now()).time_since_epoch().count());
    made.token = fresh_token(rt);
    if (folder.empty())
        return made;
    auto wrong = write_private_file(base + ".pem", made.tls.certificate_chain);
    if (wrong.empty())
        wrong = write_private_file(base + ".key", made.tls.private_key);
    if (wrong.empty())
        wrong = write_private_file(folder + "/token", made.token);
    if (!wrong.empty())
        return wrong;
    return made;
}

std::string address_text(const proto_http::host_port& at) {
    bool is_v6 = at.host.find(':') != std::string::npos;
    return is_v6 ? fmt::format("[{}]:{}", at.host, at.port) : fmt::format("{}:{}", at.host, at.port);
}

std::string kubeconfig_text(const api_access& to, const std::string& ns) {
    return fmt::format(R"(apiVersion: v1
kind: Config
current-context: kuberhealthy-dev
contexts:
  - name: kuberhealthy-dev
    context: {{cluster: kuberhealthy-dev, user: kuberhealthy-dev, namespace: {}}}
clusters:
  - name: kuberhealthy-dev
    cluster:
      server: https://{}
      certificate-authority-data: {}
users:
  - name: kuberhealthy-dev
    user: {{token: "{}"}}
)",
                       ns, address_text(to.at), k8s::base64_encode(to.tls.certificate_chain), to.token);
}

k8s::cluster_config client_config(const api_access& to) {
    k8s::cluster_config made;
    made.server.tls = true;
    made.server.origin = to.at;
    made.tls.ca_certificates = to.tls.certificate_chain;
    made.token = to.token;
    made.source = "the embedded API server";
    return made;
}

} // namespace devcluster
