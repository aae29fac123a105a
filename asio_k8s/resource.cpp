#include "asio_k8s/resource.hpp"

#include "proto_http/url.hpp"

namespace k8s {

using proto_http::percent_encode;

std::string resource::api_version() const {
    return group.empty() ? version : group + '/' + version;
}

std::string collection_path(const resource& what, std::string_view ns) {
    std::string path = (what.group.empty() ? "/api/" : "/apis/") + what.api_version();
    if (what.namespaced && !ns.empty())
        path += "/namespaces/" + percent_encode(ns);
    return path + '/' + what.plural;
}

std::string object_path(const resource& what, const object_key& key, std::string_view subresource) {
    std::string path = collection_path(what, key.ns) + '/' + percent_encode(key.name);
    if (!subresource.empty())
        path.append("/").append(subresource);
    return path;
}

} // namespace k8s
