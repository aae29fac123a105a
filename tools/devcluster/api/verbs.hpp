#pragma once

#include "proto_http/server.hpp"
#include "tools/devcluster/api/faults.hpp"
#include "tools/devcluster/api/objects.hpp"
#include "tools/devcluster/api/pod_logs.hpp"
#include "tools/devcluster/api/representation.hpp"
#include "tools/devcluster/api/request_path.hpp"

#include <boost/asio/awaitable.hpp>

// The verbs of the Kubernetes API on HTTP: one request in, one answer out.

namespace devcluster {

struct api_call;

class verbs {
public:
    /// All must outlive it. `logs` null: there is no node, logs are answered 501.
    verbs(proto_http::runtime& rt, objects& all, log_source* logs) : rt_(rt), all_(all), logs_(logs) {}

    void use_logs(log_source* logs) noexcept { logs_ = logs; }

    /// `path` names a resource. Of the fault only what a list or a watch does is looked at.
    boost::asio::awaitable<proto_http::server_response> answer(proto_http::server_request request, request_path path,
                                                               const fault& how);

private:
    outcome<proto_http::server_response> answer_now(const api_call& what);
    boost::asio::awaitable<outcome<proto_http::server_response>> log(const api_call& what);

    proto_http::runtime& rt_;
    objects& all_;
    log_source* logs_;
};

} // namespace devcluster
