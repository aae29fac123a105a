#pragma once

#include "asio_k8s/cluster_config.hpp"
#include "asio_k8s/error.hpp"
#include "asio_k8s/json_document.hpp"
#include "asio_k8s/request.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

// The Kubernetes REST API: sends a request value with the credentials of the configuration and answers a JSON value or a typed
// error. It retries nothing by itself but a 401 (once, with fresh credentials): what to do about an error is the caller's rule.

namespace k8s {

struct client_options {
    std::string user_agent = "asio_k8s";
    proto_http::duration call_time_max = std::chrono::seconds(30); ///< one call, all phases
    std::size_t calls_max = 32;                                    ///< calls in flight; further ones wait
};

class client {
public:
    /// The runtime must outlive the client. Errors: a configuration whose TLS material does not parse.
    static api_result<std::unique_ptr<client>> make(proto_http::runtime& rt, cluster_config config, client_options options = {});
    virtual ~client() = default;

    /// One call. An empty body of a 2xx is a null value. Terminal cancellation answers proto_http::errc::cancelled.
    virtual boost::asio::awaitable<api_result<json_document>> call(proto_http::request what) = 0;

    /// Starts a streamed call (a watch, a log): the header has come with a 2xx.
    virtual boost::asio::awaitable<api_result<std::unique_ptr<proto_http::response_stream>>> open(proto_http::request what) = 0;

    virtual proto_http::runtime& runtime() noexcept = 0;

    /// Told after each call whether the API server answered (any status counts): for readiness bodies, metrics and logs.
    std::function<void(bool answered, const api_error* error)> on_outcome;
};

/// Reads `Status` (or whatever came) into an error. `retry_after` is the header's value in seconds, if any.
api_error error_from_response(const proto_http::response& answer);

} // namespace k8s
