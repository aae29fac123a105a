#pragma once

#include "asio_k8s/resource.hpp"
#include "proto_http/message.hpp"
#include "proto_http/time.hpp"

#include <chrono>
#include <optional>
#include <string>

// Kubernetes calls as values: pure builders, so that tests compare method, target, headers and body.
//
// Every request made here is marked replayable: the HTTP client may send it again when a kept connection turns out to be dead
// before a byte of the answer. A second arrival does no harm: a create of a named object is answered AlreadyExists (give it
// metadata.name, not generateName), a replace or patch that carries metadata.resourceVersion is answered Conflict, a delete with
// a uid precondition meets NotFound or Conflict.

namespace k8s {

struct list_options {
    std::string label_selector;
    std::string field_selector;
    unsigned limit = 500;
    std::string continue_token;
    /// Empty: a consistent read.
    std::string resource_version;
};

struct watch_options {
    std::string label_selector;
    std::string field_selector;
    std::string resource_version;
    std::chrono::seconds timeout{270};
    bool bookmarks = true;
};

struct delete_options {
    std::string uid;              ///< precondition, or empty
    std::string resource_version; ///< precondition, or empty
    std::optional<std::chrono::seconds> grace_period;
    std::string propagation = "Background";
};

proto_http::request get_request(const resource& what, const object_key& key);
/// Discovery: the resources of its group and version.
proto_http::request resources_request(const resource& what);
proto_http::request list_request(const resource& what, std::string_view ns, const list_options& options);
proto_http::request watch_request(const resource& what, std::string_view ns, const watch_options& options);
proto_http::request create_request(const resource& what, std::string_view ns, std::string json_body);
proto_http::request replace_request(const resource& what, const object_key& key, std::string json_body,
                                    std::string_view subresource = {});
/// A JSON merge patch (RFC 7386).
proto_http::request merge_patch_request(const resource& what, const object_key& key, std::string json_body,
                                        std::string_view subresource = {});
proto_http::request delete_request(const resource& what, const object_key& key, const delete_options& options);

} // namespace k8s
