#pragma once

#include "asio_k8s/client.hpp"
#include "asio_k8s/watcher.hpp"
#include "controller/api_health.hpp"
#include "controller/config_follower.hpp"
#include "controller/driver.hpp"
#include "controller/event_recorder.hpp"
#include "controller/executor.hpp"
#include "controller/feeds.hpp"
#include "controller/influx_forwarder.hpp"
#include "controller/leadership.hpp"
#include "controller/log.hpp"
#include "controller/page_access.hpp"
#include "controller/report_api.hpp"
#include "controller/server_certificate.hpp"
#include "controller/settings.hpp"
#include "controller/status_api.hpp"
#include "controller/status_board.hpp"
#include "proto_http/runtime.hpp"
#include "proto_http/server.hpp"
#include "proto_http/task_group.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <vector>

// The whole controller over a runtime and an API client: what runs, in which order it starts, and in which order it stops.

namespace kh {

/// With the five seconds that Kubernetes leaves by its default of 30 for the last log lines and the end of the process.
inline constexpr auto longest_drain = std::chrono::seconds(25);

class controller_operator {
public:
    /// The runtime, client and logger must outlive it.
    controller_operator(proto_http::runtime& rt, k8s::client& api, settings configuration, logger& log);
    ~controller_operator();

    /// Serves on `listener`, watches, runs checks until stop(), then drains: not ready, no new runs, held reports are answered
    /// while watches and client still live, then the rest. Returns when every coroutine has ended.
    boost::asio::awaitable<void> run(std::unique_ptr<proto_http::acceptor> listener);

    /// Starts the drain; run() returns at most `grace` later.
    void stop(proto_http::duration grace = longest_drain) { drain(grace, {}); }

    /// The same for a replica behind a Service, which goes on sending requests until all nodes have heard of the end: for
    /// `shutdownDelay` they are answered as before. The lease is given up at once.
    void retire(proto_http::duration grace = longest_drain) { drain(grace, settings_.shutdown_delay); }

    bool ready() const;

    /// Whether this replica starts the runs.
    bool leads() const { return !leadership_ || leadership_->leads(); }
    /// Pods that were ordered since the start.
    std::uint64_t runs_started() const { return started_runs_; }

    /// Not ready is no reason to be killed, and neither is an API server that is away. This is: the election goes on without us.
    bool alive() const;

    /// Reads the configuration again whenever `changes` tells, and applies it. `loaded` is where the settings given at
    /// construction came from. Before run().
    void follow_configuration(command_line arguments, settings_load loaded, std::unique_ptr<proto_http::file_changes> changes);

    /// Serves HTTPS with that certificate, which has been loaded, and takes a newer one whenever `changes` tells of it; null: it
    /// is not followed. Before run().
    void secure(std::unique_ptr<server_certificate> certificate, std::unique_ptr<proto_http::file_changes> changes);

private:
    void drain(proto_http::duration grace, proto_http::duration listens_for);
    void apply(const settings& wanted);
    void take_answer(core::event what);
    void carry_out(core::action what);
    void show(core::show_check what);
    void hide(const core::check_key& key);
    void write_log(const core::write_log& line);
    void start_watches();
    template <class Feed, class... Args>
    void add_feeds(const k8s::resource& what, const std::string& selector, core::watched kind, Args&&... args);
    bool synced(core::watched kind) const;
    board_globals globals() const;
    std::vector<metric_family> process_metrics() const;
    readiness describe_readiness() const;

    struct watch_of_feed {
        std::unique_ptr<feed> handler;
        k8s::watch_settings settings;
        core::watched kind;
    };

    proto_http::runtime& runtime_;
    k8s::client& api_;
    settings settings_;
    logger& log_;
    api_health health_;
    watch_health watches_health_;
    status_board board_;
    influx_forwarder influx_;
    template_store templates_;
    driver driver_;
    proto_http::task_group server_tasks_;
    proto_http::task_group operations_;
    proto_http::task_group watch_tasks_;
    proto_http::task_group driver_tasks_;
    proto_http::task_group election_tasks_;
    executor executor_;
    event_recorder events_;
    report_api reports_;
    page_access pages_;
    std::unique_ptr<proto_http::server> server_;
    std::unique_ptr<leadership> leadership_;                        ///< null: no election, this replica leads
    std::unique_ptr<server_certificate> certificate_;               ///< null: plain HTTP
    std::unique_ptr<proto_http::file_changes> certificate_changes_; ///< until run() takes it
    std::unique_ptr<config_follower> configuration_;                ///< null: it is not followed
    std::unique_ptr<proto_http::file_changes> config_changes_;      ///< until run() takes it
    std::vector<watch_of_feed> watches_;
    std::map<core::check_key, std::string> conflicts_; ///< jobs that are not run because a check has their name
    std::map<core::outcome, std::uint64_t> ended_runs_;
    std::uint64_t started_runs_ = 0;
    bool stopping_ = false;
    proto_http::time_point stop_by_ = proto_http::never;
};

} // namespace kh
