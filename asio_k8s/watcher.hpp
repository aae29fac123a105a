#pragma once

#include "asio_k8s/client.hpp"
#include "asio_k8s/resource.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>

#include <chrono>
#include <string>
#include <string_view>

// List, then watch, for ever: the layer above sees each object's changes once and in order, and never has to know about
// resourceVersions, bookmarks, 410, or a connection that died.

namespace k8s {

/// What a watcher tells. The object is only valid during the call: take out what you need.
class watch_handler {
public:
    virtual ~watch_handler() = default;

    /// An object that is new, or whose resourceVersion changed. During a relist, objects that did not change are not told again.
    virtual void applied(const object_key& key, const boost::json::object& object) = 0;

    /// The object is gone. `last` is its last state where the server sent it, null where a relist found it missing.
    virtual void deleted(const object_key& key, std::string_view uid, const boost::json::object* last) = 0;

    /// Everything that existed at one moment has been told: after the first list and after each relist (by then what vanished
    /// has been told as deleted).
    virtual void synced() = 0;

    /// The list or watch failed and is tried again in `retry_in`; for logs and metrics. `error` null: back in order.
    virtual void trouble(const api_error* error, proto_http::duration retry_in) = 0;
};

struct watch_settings {
    resource what;
    std::string ns; ///< empty: all namespaces
    std::string label_selector;
    std::string field_selector;
    unsigned page_size = 500;
    std::chrono::seconds timeout_min{240}; ///< timeoutSeconds is drawn between these two
    std::chrono::seconds timeout_max{300};
    std::size_t line_size_max = 8 * 1024 * 1024;
};

/// Runs until cancelled (terminal cancellation). Never fails: every error is retried with back-off and told to the handler.
boost::asio::awaitable<void> watch(client& api, watch_settings settings, watch_handler& handler);

} // namespace k8s
