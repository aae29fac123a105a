#include "asio_k8s/kubeconfig.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/status.hpp"
#include "proto_http/url.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace k8s {
namespace {

constexpr std::size_t file_size_max = 1024 * 1024;

template <class Entry>
api_result<const Entry*> find(const kubeconfig& config, const std::map<std::string, Entry, std::less<>>& in,
                              std::string_view kind, const std::string& name) {
    if (auto at = in.find(name); at != in.end())
        return &at->second;
    std::vector<std::string_view> known;
    known.reserve(in.size());
    for (const auto& [other, entry] : in)
        known.push_back(other);
    return make_api_error(errc::bad_configuration,
                          fmt::format("{}: there is no {} \"{}\" (there is: {})", fmt::join(config.files, ", "), kind, name,
                                      known.empty() ? "none" : fmt::to_string(fmt::join(known, ", "))));
}

/// Turns the entries of one context into a configuration. Each step leaves the first thing that is wrong in `error_`.
class resolver {
public:
    resolver(proto_http::runtime& rt, cluster_config& made) : rt_(rt), made_(made) {}

    bool take(const std::string& cluster_name, const kubeconfig::cluster& cluster, const std::string& user_name,
              const kubeconfig::user& user) {
        return take_cluster("clusters[" + cluster_name + "].cluster", cluster) &&
               take_user("users[" + user_name + "].user", user);
    }

    api_error error() { return make_api_error(errc::bad_configuration, std::move(error_)); }

private:
    bool fail(const std::string& file, std::string_view path, std::string_view field, std::string_view what) {
        error_ = fmt::format("{}: {}.{}: {}", file, path, field, what);
        return false;
    }

    /// Data wins over the file, as in client-go.
    bool take_material(const std::string& origin, std::string_view path, std::string_view field, const std::string& data,
                       const std::string& file, std::string& into) {
        if (!data.empty()) {
            auto decoded = base64_decode(data);
            if (!decoded)
                return fail(origin, path, fmt::format("{}-data", field), "is not base64");
            into = std::move(*decoded);
        } else if (!file.empty()) {
            auto text = rt_.read_file(file, file_size_max);
            if (text.has_error())
                return fail(origin, path, field, fmt::format("{}: {}", file, text.error().message()));
            into = std::move(*text);
        }
        return true;
    }

    bool take_cluster(const std::string& path, const kubeconfig::cluster& from) {
        if (from.server.empty())
            return fail(from.file, path, "server", "is missing");
        bool has_ca = !from.ca_data.empty() || !from.ca_file.empty();
        if (has_ca && from.insecure)
            return fail(from.file, path, "insecure-skip-tls-verify",
                        "is true beside a certificate-authority; only one of them can be meant");
        auto url = from.server;
        if (url.find("://") == std::string::npos)
            url = (has_ca || from.insecure ? "https://" : "http://") + url;
        auto server = proto_http::parse_url(url);
        if (server.has_error())
            return fail(from.file, path, "server", fmt::format("\"{}\": {}", from.server, server.error().message()));
        made_.server = *server;
        made_.server_name = from.tls_server_name;
        made_.tls.verify_peer = !from.insecure;
        if (from.ca_data.empty())
            made_.ca_file = from.ca_file;
        return take_material(from.file, path, "certificate-authority", from.ca_data, from.ca_file, made_.tls.ca_certificates) &&
               take_proxy(path, from);
    }

    bool take_proxy(const std::string& path, const kubeconfig::cluster& from) {
        if (!from.proxy_url.empty()) {
            auto via = proto_http::proxy_from_url(from.proxy_url);
            if (via.has_error()) // not with the URL's text: it may hold a password
                return fail(from.file, path, "proxy-url", via.error().message());
            made_.via = *via;
            return true;
        }
        auto via = proto_http::proxy_from_environment(rt_, made_.server.tls, made_.server.origin);
        if (via.has_error()) {
            error_ = fmt::format("the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY): {}", via.error().message());
            return false;
        }
        made_.via = *via;
        return true;
    }

    bool take_user(const std::string& path, const kubeconfig::user& from) {
        if (!from.auth_provider.empty())
            return fail(
                from.file, path, "auth-provider",
                fmt::format("\"{}\": auth providers were removed from Kubernetes; use an exec plugin", from.auth_provider));
        if (from.interactive_mode == "Always")
            return fail(from.file, path, "exec.interactiveMode", "is Always, but there is no terminal to ask at");
        bool has_token = !from.token.empty() || !from.token_file.empty();
        bool has_name = !from.username.empty() || !from.password.empty();
        if (has_token && has_name)
            return fail(from.file, path, "username", "stands beside a token; only one of them can be meant");
        bool has_certificate = !from.certificate_data.empty() || !from.certificate_file.empty();
        bool has_key = !from.key_data.empty() || !from.key_file.empty();
        if (has_certificate != has_key)
            return fail(from.file, path, has_certificate ? "client-key" : "client-certificate",
                        "is missing beside its counterpart");
        made_.token = from.token;
        made_.token_file = from.token_file;
        if (has_name)
            made_.basic_authorization = from.username + ':' + from.password;
        if (!has_token && !has_name)
            made_.exec = from.exec;
        made_.impersonation = from.impersonation;
        if (from.certificate_data.empty())
            made_.certificate_file = from.certificate_file;
        if (from.key_data.empty())
            made_.key_file = from.key_file;
        return take_material(from.file, path, "client-certificate", from.certificate_data, from.certificate_file,
                             made_.tls.certificate_chain) &&
               take_material(from.file, path, "client-key", from.key_data, from.key_file, made_.tls.private_key);
    }

    proto_http::runtime& rt_;
    cluster_config& made_;
    std::string error_;
};

} // namespace

api_result<cluster_config> resolve_kubeconfig(proto_http::runtime& rt, const kubeconfig& config, const std::string& wanted) {
    const auto& context_name = wanted.empty() ? config.current_context : wanted;
    if (context_name.empty())
        return make_api_error(
            errc::bad_configuration,
            fmt::format("{}: current-context: is missing, and no context was asked for", fmt::join(config.files, ", ")));
    auto context = find(config, config.contexts, "context", context_name);
    if (context.has_error())
        return context.error();
    auto cluster = find(config, config.clusters, "cluster", (*context)->cluster);
    if (cluster.has_error())
        return cluster.error();
    // A context without a user is anonymous; one that names a user who is not there is a mistake.
    static const kubeconfig::user nobody;
    api_result<const kubeconfig::user*> user = &nobody;
    if (!(*context)->user.empty())
        user = find(config, config.users, "user", (*context)->user);
    if (user.has_error())
        return user.error();

    cluster_config made;
    made.default_namespace = (*context)->ns.empty() ? "default" : (*context)->ns;
    made.source = fmt::format("kubeconfig {}, context {}", fmt::join(config.files, ", "), context_name);
    resolver resolve(rt, made);
    if (!resolve.take((*context)->cluster, **cluster, (*context)->user, **user))
        return resolve.error();
    return made;
}

} // namespace k8s
