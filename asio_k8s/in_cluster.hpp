#pragma once

#include "asio_k8s/cluster_config.hpp"

namespace k8s {

/// Whether this process seems to run in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are set.
bool is_in_cluster(proto_http::runtime& rt);

/// From those variables and the files of the service account under /var/run/secrets/kubernetes.io/serviceaccount (Kubernetes,
/// "Accessing the Kubernetes API from a Pod"). Token and CA are read again later, by their files.
api_result<cluster_config> in_cluster_config(proto_http::runtime& rt);

} // namespace k8s
