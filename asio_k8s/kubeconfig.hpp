#pragma once

#include "asio_k8s/cluster_config.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

// kubeconfig files (client-go, tools/clientcmd/api/v1): parsed, merged as kubectl does, and resolved for one context. Only
// `resolve_kubeconfig` reads other files. Errors are errc::bad_configuration with a message that names file and field.

namespace k8s {

struct kubeconfig {
    struct cluster {
        std::string file; ///< where the entry stands; relative paths are relative to it
        std::string server;
        std::string tls_server_name;
        std::string proxy_url;
        std::string ca_file;
        std::string ca_data;
        bool insecure = false;
    };

    struct user {
        std::string file;
        std::string certificate_file;
        std::string certificate_data;
        std::string key_file;
        std::string key_data;
        std::string token;
        std::string token_file;
        std::string username;
        std::string password;
        std::string auth_provider; ///< its name; long removed from Kubernetes
        std::string interactive_mode;
        std::optional<exec_plugin> exec;
        proto_http::header_list impersonation;
    };

    struct context {
        std::string file;
        std::string cluster;
        std::string user;
        std::string ns;
    };

    std::string current_context;
    std::map<std::string, cluster, std::less<>> clusters;
    std::map<std::string, user, std::less<>> users;
    std::map<std::string, context, std::less<>> contexts;
    std::vector<std::string> files;

    /// What is here already wins, entry by entry.
    void merge(kubeconfig other);
};

api_result<kubeconfig> parse_kubeconfig(const std::string& text, const std::string& file);

/// `context` empty: the current one.
api_result<cluster_config> resolve_kubeconfig(proto_http::runtime& rt, const kubeconfig& config, const std::string& context);

/// Reads and merges the files. Those that cannot be read are left out, as kubectl does, unless none is left; `named_by` says in
/// messages who named them.
api_result<kubeconfig> read_kubeconfig(proto_http::runtime& rt, const std::vector<std::string>& files, std::string_view named_by);

} // namespace k8s
