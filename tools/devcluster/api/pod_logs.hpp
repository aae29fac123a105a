#pragma once

#include "proto_http/server.hpp"
#include "tools/devcluster/api/status.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

// The `log` subresource of pods: the API server asks the node, as kube-apiserver asks a kubelet.

namespace devcluster {

/// v1 PodLogOptions, and which pod.
struct log_request {
    std::string ns;
    std::string pod;
    std::string uid;
    std::string container; ///< never empty: the API server has chosen the only one
    bool follow = false;
    bool previous = false;
    bool timestamps = false;
    std::optional<std::int64_t> tail_lines;
    std::optional<std::chrono::seconds> since;
    std::optional<std::int64_t> limit_bytes;
};

class log_source {
public:
    virtual ~log_source() = default;

    /// Finds the log. The stream that comes back writes it, and with `follow` goes on until the container has ended or the client
    /// has gone (then its writes fail, or it is cancelled). Errors: 400 in the kubelet's words ('container "main" in pod "p" is
    /// waiting to start: ContainerCreating'), 404.
    virtual boost::asio::awaitable<outcome<proto_http::body_stream>> open_log(log_request what) = 0;
};

} // namespace devcluster
