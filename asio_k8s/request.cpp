#include "asio_k8s/request.hpp"

#include "proto_http/url.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace k8s {
namespace {

using proto_http::request;

constexpr auto json_type = "application/json";
constexpr auto merge_patch_type = "application/merge-patch+json";

class query_builder {
public:
    explicit query_builder(std::string path) : target_(std::move(path)) {}

    query_builder& add(std::string_view name, std::string_view value) {
        if (value.empty())
            return *this;
        target_ += first_ ? '?' : '&';
        first_ = false;
        target_.append(name).append("=").append(proto_http::percent_encode(value));
        return *this;
    }

    std::string take() { return std::move(target_); }

private:
    std::string target_;
    bool first_ = true;
};

request make(std::string method, std::string target) {
    request made;
    made.method = std::move(method);
    made.target = std::move(target);
    made.headers.add("Accept", json_type);
    made.replayable = true;
    return made;
}

request make(std::string method, std::string target, std::string content_type, std::string body) {
    request made = make(std::move(method), std::move(target));
    made.headers.add("Content-Type", std::move(content_type));
    made.body = std::move(body);
    return made;
}

} // namespace

request get_request(const resource& what, const object_key& key) {
    return make("GET", object_path(what, key));
}

request resources_request(const resource& what) {
    return make("GET", (what.group.empty() ? "/api/" : "/apis/") + what.api_version());
}

request list_request(const resource& what, std::string_view ns, const list_options& options) {
    query_builder query(collection_path(what, ns));
    query.add("labelSelector", options.label_selector).add("fieldSelector", options.field_selector);
    if (options.limit != 0)
        query.add("limit", std::to_string(options.limit));
    // A continue token carries the version of its list; the API server refuses both together.
    query.add("continue", options.continue_token);
    if (options.continue_token.empty())
        query.add("resourceVersion", options.resource_version);
    return make("GET", query.take());
}

request watch_request(const resource& what, std::string_view ns, const watch_options& options) {
    query_builder query(collection_path(what, ns));
    query.add("watch", "true");
    if (options.bookmarks)
        query.add("allowWatchBookmarks", "true");
    query.add("resourceVersion", options.resource_version)
        .add("timeoutSeconds", std::to_string(options.timeout.count()))
        .add("labelSelector", options.label_selector)
        .add("fieldSelector", options.field_selector);
    return make("GET", query.take());
}

request create_request(const resource& what, std::string_view ns, std::string json_body) {
    return make("POST", collection_path(what, ns), json_type, std::move(json_body));
}

request replace_request(const resource& what, const object_key& key, std::string json_body, std::string_view subresource) {
    return make("PUT", object_path(what, key, subresource), json_type, std::move(json_body));
}

request merge_patch_request(const resource& what, const object_key& key, std::string json_body, std::string_view subresource) {
    return make("PATCH", object_path(what, key, subresource), merge_patch_type, std::move(json_body));
}

request delete_request(const resource& what, const object_key& key, const delete_options& options) {
    boost::json::object body;
    body["kind"] = "DeleteOptions";
    body["apiVersion"] = "v1";
    boost::json::object preconditions;
    if (!options.uid.empty())
        preconditions["uid"] = options.uid;
    if (!options.resource_version.empty())
        preconditions["resourceVersion"] = options.resource_version;
    if (!preconditions.empty())
        body["preconditions"] = std::move(preconditions);
    if (options.grace_period)
        body["gracePeriodSeconds"] = static_cast<std::int64_t>(options.grace_period->count());
    if (!options.propagation.empty())
        body["propagationPolicy"] = options.propagation;
    return make("DELETE", object_path(what, key), json_type, boost::json::serialize(body));
}

} // namespace k8s
