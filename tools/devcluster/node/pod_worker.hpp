#pragma once

#include "asio_k8s/client.hpp"
#include "proto_http/event.hpp"
#include "proto_http/task_group.hpp"
#include "tools/devcluster/api/status.hpp"
#include "tools/devcluster/node/container_log.hpp"
#include "tools/devcluster/node/image_map.hpp"
#include "tools/devcluster/node/outbox.hpp"
#include "tools/devcluster/node/pod_environment.hpp"
#include "tools/devcluster/node/pod_events.hpp"
#include "tools/devcluster/node/pod_plan.hpp"
#include "tools/devcluster/node/pod_record.hpp"
#include "tools/devcluster/node/pod_status.hpp"
#include "tools/devcluster/node/process.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace devcluster {

/// What the workers of a node share.
struct worker_tools {
    k8s::client& api;
    outbox& out;
    pod_events& events;
    proto_http::task_group& tasks; ///< owns the coroutines of containers
    const image_map& images;
    std::string shim_path;
    environment base;    ///< of every container, under its own
    std::string host_ip; ///< of the node and of every pod
    std::size_t log_size_max;
};

/// Runs one pod: does what pod_plan says, and tells the API server what became of it.
class pod_worker {
public:
    pod_worker(worker_tools& tools, const boost::json::object& pod);
    pod_worker(const pod_worker&) = delete;
    pod_worker& operator=(const pod_worker&) = delete;

    /// Until the pod is gone and its processes are dead, or until cancelled. `this` must outlive the shared tasks.
    boost::asio::awaitable<void> run();

    /// The pod as the API server has it now.
    void update(const boost::json::object& pod);
    /// The pod is no longer in the API server: what runs gets a moment to end.
    void vanish();
    /// Kills everything at once.
    void kill();

    /// For `kubectl logs`. Errors: 400 and 404 in the kubelet's words.
    outcome<std::shared_ptr<container_log>> find_log(const std::string& container, bool previous) const;

private:
    /// What belongs to a container beside its record, at the same place.
    struct making {
        std::shared_ptr<process> running;
        std::shared_ptr<container_log> log;
        std::shared_ptr<container_log> previous_log;
    };
    moment now() const;
    const boost::json::object* spec_of(std::size_t index) const;
    void apply_stops(const pod_step& step);
    void note_deadline();
    void show_back_off(container_record& one);
    void publish();
    void remove_if_deleted();

    boost::asio::awaitable<void> start(std::size_t index);
    void refuse_image(container_record& one, const boost::json::object& spec, const image_failure& why);
    void refuse(container_record& one, std::string reason, std::string message, proto_http::duration retry_in);
    boost::asio::awaitable<boost::system::result<config_data, std::string>> read_config(std::vector<config_reference> what);
    void launch(std::size_t index, process_plan plan);
    boost::asio::awaitable<void> follow(std::size_t index, std::shared_ptr<process> what);
    static boost::asio::awaitable<void> collect(std::shared_ptr<process> what, std::shared_ptr<container_log> log);
    void note_started(container_record& one);
    void note_end(std::size_t index, const process_news& news);

    worker_tools& tools_;
    proto_http::runtime& rt_;
    boost::json::object pod_;
    pod_record record_;
    std::vector<making> containers_;
    boost::json::object shown_; ///< the status, as last sent
    bool is_gone_ = false;
    bool is_removed_ = false;
    proto_http::event changed_;
};

} // namespace devcluster
