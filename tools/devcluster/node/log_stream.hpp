#pragma once

#include "proto_http/runtime.hpp"
#include "proto_http/server.hpp"
#include "tools/devcluster/api/pod_logs.hpp"
#include "tools/devcluster/node/container_log.hpp"

#include <memory>

namespace devcluster {

/// Writes the part of a log that was asked for: the last lines, of these what is not older than `since`, and of that so many
/// bytes. With `follow` it goes on until the log is closed. The runtime must outlive it.
proto_http::body_stream stream_log(proto_http::runtime& rt, std::shared_ptr<container_log> log, log_request what);

} // namespace devcluster
