#pragma once

#include "asio_k8s/cluster_config.hpp"
#include "proto_http/runtime.hpp"
#include "proto_http/tls.hpp"

#include <boost/system/result.hpp>

#include <string>

// How the embedded API server is known and by what it knows its clients: a certificate of its own and one token.

namespace devcluster {

struct api_access {
    proto_http::host_port at; ///< where clients find it
    proto_http::tls_material tls;
    std::string token;
};

/// Fresh ones, or those of the folder (empty: none), where they are kept so that a kubeconfig stays true over a restart. Errors:
/// a text.
boost::system::result<api_access, std::string> make_access(proto_http::runtime& rt, const std::string& folder,
                                                           const proto_http::host_port& listening);

/// A kubeconfig, with that namespace for kubectl.
std::string kubeconfig_text(const api_access& to, const std::string& ns);

/// The same for our own client.
k8s::cluster_config client_config(const api_access& to);

/// Where a client of this machine finds what listens there: every address is none that could be dialled.
proto_http::host_port reachable(proto_http::host_port listening);

/// "127.0.0.1:6444", "[::1]:6444"
std::string address_text(const proto_http::host_port& at);

} // namespace devcluster
