#pragma once

#include "proto_http/runtime.hpp"
#include "proto_http/server.hpp"
#include "tools/devcluster/api/controllers.hpp"
#include "tools/devcluster/api/custom_types.hpp"
#include "tools/devcluster/api/faults.hpp"
#include "tools/devcluster/api/objects.hpp"
#include "tools/devcluster/api/pod_logs.hpp"
#include "tools/devcluster/api/verbs.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

// The embedded Kubernetes API server: objects, what is done with them, and HTTP in front. docs/devcluster.md says what it has and
// what it lacks. The simulation, the tests and kuberhealthy-dev use this same one.

namespace devcluster {

struct api_server_options {
    std::string token;                ///< Authorization: Bearer; empty: everybody may
    bool with_core_schemas = true;    ///< check core kinds against Kubernetes' own OpenAPI document
    std::size_t history_max = 20'000; ///< changes of a collection that a watch can go back
    log_source* logs = nullptr;       ///< null: no node
    fault_source* faults = nullptr;   ///< null: none; for tests
};

class api_server {
public:
    /// The runtime, the logs and the faults must outlive it.
    api_server(proto_http::runtime& rt, api_server_options options);
    api_server(const api_server&) = delete;
    api_server& operator=(const api_server&) = delete;

    /// What a proto_http::server serves.
    std::vector<proto_http::route> routes();

    /// Limits that suit the Kubernetes API.
    static proto_http::server_limits limits();

    /// The controllers of the cluster; until it is cancelled. Namespaces "default" and "kube-system" exist from the start.
    boost::asio::awaitable<void> run();

    objects& all() noexcept { return objects_; }
    void use_logs(log_source* logs) noexcept { verbs_.use_logs(logs); }
    void use_token(std::string token) { options_.token = std::move(token); }

    /// Takes what the store holds by now (restored objects) into account: custom kinds, owners, the first namespaces. Before
    /// run().
    void load();

private:
    boost::asio::awaitable<proto_http::server_response> serve(proto_http::server_request request);
    boost::asio::awaitable<proto_http::server_response> serve_without_faults(proto_http::server_request request, fault how);
    proto_http::server_response serve_document(const proto_http::server_request& request);
    proto_http::server_response find_document(const proto_http::server_request& request);
    bool is_authorized(const proto_http::server_request& request) const;

    proto_http::runtime& rt_;
    api_server_options options_;
    store store_;
    registry types_;
    objects objects_;
    custom_types custom_;
    std::unique_ptr<controllers> controllers_;
    verbs verbs_;
};

} // namespace devcluster
