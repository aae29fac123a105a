#pragma once

#include "asio_k8s/client.hpp"
#include "proto_http/event.hpp"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>
#include <string>

namespace devcluster {

/// What the node has to tell the API server, one call after another in the order of `send`, so that a status never overtakes the
/// one before it. A call that the API server does not take now (no answer, 429, 5xx) is tried again until it does.
class outbox {
public:
    /// `on_refused` is told of each call that will never be taken. The client must outlive this.
    outbox(k8s::client& api, std::function<void(const proto_http::request&, const k8s::api_error&)> on_refused);

    /// A call with the same key that has not gone out yet is replaced; an empty key replaces nothing.
    void send(proto_http::request what, std::string key = {});

    /// Runs until cancelled.
    boost::asio::awaitable<void> run();

private:
    struct letter {
        proto_http::request what;
        std::string key;
    };

    k8s::client& api_;
    std::function<void(const proto_http::request&, const k8s::api_error&)> on_refused_;
    std::deque<letter> letters_;
    proto_http::event arrived_;
};

} // namespace devcluster
