#pragma once

#include "asio_k8s/error.hpp"
#include "proto_http/client.hpp"
#include "proto_http/runtime.hpp"
#include "proto_http/tls.hpp"
#include "proto_http/url.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

// Where the cluster is and how to be known there: from a kubeconfig or from inside a pod.

namespace k8s {

/// An exec credential plugin (client.authentication.k8s.io/v1 and v1beta1).
struct exec_plugin {
    std::string api_version;
    std::vector<std::string> arguments; ///< [0] is the command; a relative one with a '/' is already joined to its kubeconfig
    std::vector<std::pair<std::string, std::string>> environment;
    bool provide_cluster_info = false;
    std::string install_hint;

    bool operator==(const exec_plugin&) const = default;
};

struct cluster_config {
    proto_http::url_parts server;
    std::string server_name;      ///< tls-server-name, or empty
    proto_http::tls_material tls; ///< certificate data already read from its files
    std::string ca_file;          ///< read again once a minute, or empty
    std::string certificate_file; ///< of the client certificate, read again with the CA file, or empty
    std::string key_file;
    std::string token;               ///< fixed bearer token, or empty
    std::string token_file;          ///< read again once a minute and after a 401, or empty
    std::string basic_authorization; ///< "user:password", or empty
    std::optional<exec_plugin> exec;
    proto_http::header_list impersonation; ///< Impersonate-User and the like (kubeconfig: as, as-groups, as-uid, as-user-extra)
    std::optional<proto_http::proxy> via;  ///< proxy-url, else the environment's
    std::string default_namespace;         ///< of the context or of the pod
    std::string source;                    ///< for messages: "kubeconfig /home/u/.kube/config, context dev" or "in-cluster"
};

struct config_options {
    std::string kubeconfig; ///< --kubeconfig; empty: $KUBECONFIG (several files by ':'), then in-cluster, then ~/.kube/config
    std::string context;    ///< empty: the current one
};

/// Finds and reads the configuration. Errors carry a message that names the file and the field.
api_result<cluster_config> load_cluster_config(proto_http::runtime& rt, const config_options& options);

} // namespace k8s
