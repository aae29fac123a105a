#pragma once

#include "controller/core/types.hpp"
#include "proto_http/server.hpp"
#include "simulation/stage.hpp"
#include "simulation/trace.hpp"
#include "support/manual_runtime.hpp"
#include "tools/devcluster/api/api_server.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

// The process of the API server: the embedded one, with faults, and what the actors do to its objects directly.

namespace simulation {

/// Told of each request before its fate is drawn; for scenarios, and for kills at a request.
using request_hook = std::function<std::optional<devcluster::fault>(const proto_http::server_request&)>;

class cluster {
public:
    cluster(std::uint64_t seed, const plan& about, dice& draws, trace& told, std::shared_ptr<test_support::timeline> time,
            std::shared_ptr<test_support::memory_network> net);
    ~cluster();

    boost::asio::io_context& context() noexcept { return context_; }
    test_support::manual_runtime& runtime() noexcept { return runtime_; }

    /// Serves from now on. Call it once.
    void serve();
    /// Its connections break, and nobody answers until it is back.
    void go_down();
    /// Nothing of what it says arrives, until `stall(false)`.
    void stall(bool stalls);
    void come_back() { is_down_ = false; }
    bool is_down() const noexcept { return is_down_; }
    void compact() { api_->all().stored().compact(); }
    /// Drawn faults are on.
    bool is_faulty = false;
    request_hook on_request;

    /// Changes of checks, jobs, states and pods, in order.
    std::function<void(std::string_view collection, const devcluster::change&)> on_change;
    /// The change that is told is not the controller's.
    bool is_by_hand() const noexcept { return by_hand_; }

    void apply_check(const check_order& order);
    void remove_check(const check_key& key, workload kind);
    void remove_state(const check_key& key);
    /// Somebody's own hand in a state: `edit` is told what is stored and changes it.
    void edit_state(const check_key& key, const std::function<void(boost::json::object&)>& edit);
    /// What is stored of that collection: "events", "khchecks.comcast.github.io".
    std::vector<boost::json::object> stored(std::string_view collection) const;
    void edit_state(const check_key& key);
    void tell_pod(const pod_handle& pod, const pod_news& news);
    void remove_pod(const pod_handle& pod, bool is_over);
    /// What v2 leaves behind: a state, and a pod that runs.
    void add_v2_state(const check_key& key, bool ok, unix_seconds last_run);
    void add_v2_pod(const check_key& key, const std::string& secret);
    /// Somebody else's, with a name of his choice.
    void add_foreign_pod(const std::string& ns, const std::string& name);

    unix_seconds wall() const;
    std::uint64_t requests() const noexcept { return requests_; }

    /// Ends every coroutine; false if one does not end.
    bool stop();

private:
    class faults;
    struct by_hand;
    devcluster::type_ptr type_of(workload kind) const;

    boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
    test_support::manual_runtime runtime_;
    const plan& about_;
    dice& draws_;
    trace& trace_;
    std::unique_ptr<faults> faults_;
    std::unique_ptr<devcluster::api_server> api_;
    std::unique_ptr<proto_http::server> server_;
    boost::asio::cancellation_signal stop_controllers_;
    int running_ = 0;
    bool is_down_ = false;
    bool by_hand_ = false;
    std::uint64_t requests_ = 0;
};

} // namespace simulation
