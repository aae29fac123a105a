#include "asio_k8s/cluster_config.hpp"

#include "asio_k8s/in_cluster.hpp"
#include "asio_k8s/kubeconfig.hpp"
#include "asio_k8s/status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace k8s {
namespace {

std::vector<std::string> split_path_list(const std::string& list) {
    std::vector<std::string> files;
    for (std::size_t at = 0; at <= list.size();) {
        auto end = std::min(list.find(':', at), list.size());
        auto file = list.substr(at, end - at);
        if (!file.empty() && std::ranges::find(files, file) == files.end())
            files.push_back(std::move(file));
        at = end + 1;
    }
    return files;
}

api_result<cluster_config> from_kubeconfig(proto_http::runtime& rt, const std::vector<std::string>& files,
                                           std::string_view named_by, const std::string& context) {
    auto config = read_kubeconfig(rt, files, named_by);
    if (config.has_error())
        return config.error();
    return resolve_kubeconfig(rt, *config, context);
}

} // namespace

api_result<cluster_config> load_cluster_config(proto_http::runtime& rt, const config_options& options) {
    if (!options.kubeconfig.empty())
        return from_kubeconfig(rt, {options.kubeconfig}, "--kubeconfig", options.context);
    if (auto files = split_path_list(rt.environment("KUBECONFIG")); !files.empty())
        return from_kubeconfig(rt, files, "$KUBECONFIG", options.context);
    if (is_in_cluster(rt))
        return in_cluster_config(rt);
    auto home = rt.environment("HOME");
    if (home.empty())
        return make_api_error(
            errc::bad_configuration,
            "no --kubeconfig, no $KUBECONFIG, not in a pod (KUBERNETES_SERVICE_HOST), and no $HOME for .kube/config");
    return from_kubeconfig(rt, {home + "/.kube/config"}, "default, as neither --kubeconfig nor $KUBECONFIG is given",
                           options.context);
}

} // namespace k8s
