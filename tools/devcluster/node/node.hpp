#pragma once

#include "asio_k8s/client.hpp"
#include "asio_k8s/watcher.hpp"
#include "proto_http/task_group.hpp"
#include "tools/devcluster/api/pod_logs.hpp"
#include "tools/devcluster/node/image_map.hpp"
#include "tools/devcluster/node/outbox.hpp"
#include "tools/devcluster/node/pod_events.hpp"
#include "tools/devcluster/node/pod_worker.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace devcluster {

struct node_settings {
    explicit node_settings(image_map map) : images(std::move(map)) {}

    std::string name = "kuberhealthy-dev";
    std::string host_ip = "127.0.0.1";
    image_map images;
    std::string shim_path;                                      ///< of pod-shim; empty: beside the running program
    std::size_t log_size_max = container_log::size_max_default; ///< of one run of a container
};

/// A small scheduler and kubelet: binds pods to itself, whatever node they select, and runs their containers as child processes
/// of the current user. No volumes, probes, hooks, limits or isolation; termination messages only from the log. Of our own
/// environment a process gets PATH (with our folder at its end), HOME, USER, LANG, TZ and TMPDIR only. No process outlives the
/// node, however the node ends.
class node final : public log_source, private k8s::watch_handler {
public:
    /// `on_trouble` gets a line for what should not happen: a call that the API server refuses, a watch that fails. The client
    /// must outlive the node.
    node(k8s::client& api, node_settings settings, std::function<void(std::string_view)> on_trouble);
    ~node() override;

    /// Once, until cancelled (it does not throw then); everything that ran has been killed when it returns.
    boost::asio::awaitable<void> run();

    boost::asio::awaitable<outcome<proto_http::body_stream>> open_log(log_request what) override;

private:
    void applied(const k8s::object_key& key, const boost::json::object& pod) override;
    void deleted(const k8s::object_key& key, std::string_view uid, const boost::json::object* last) override;
    void synced() override {}
    void trouble(const k8s::api_error* error, proto_http::duration retry_in) override;

    void bind(const boost::json::object& pod, std::string uid);
    boost::asio::awaitable<void> work(std::string uid, pod_worker& worker);

    k8s::client& api_;
    node_settings settings_;
    std::function<void(std::string_view)> on_trouble_;
    outbox outbox_;
    pod_events events_;
    proto_http::task_group tasks_;
    worker_tools tools_;
    std::map<std::string, std::unique_ptr<pod_worker>, std::less<>> workers_; ///< by uid
    std::set<std::string, std::less<>> bound_;                                ///< uids of pods whose binding is on its way
};

} // namespace devcluster
