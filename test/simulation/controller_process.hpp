#pragma once

#include "controller/log.hpp"
#include "proto_http/event.hpp"
#include "simulation/plan.hpp"
#include "simulation/trace.hpp"
#include "support/manual_runtime.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace k8s {
class client;
}
namespace kh {
class controller_operator;
}

// One process of the controller: the whole of it, on an io_context of its own.

namespace simulation {

class controller_process {
public:
    /// It listens on `name`:8080 and talks to api:80.
    controller_process(std::string name, std::uint64_t seed, proto_http::wall_time wall_base, const plan& about, trace& told,
                       std::shared_ptr<test_support::timeline> time, std::shared_ptr<test_support::memory_network> net);
    ~controller_process();
    controller_process(const controller_process&) = delete;
    controller_process& operator=(const controller_process&) = delete;

    const std::string& name() const noexcept { return name_; }
    boost::asio::io_context& context() noexcept { return context_; }
    test_support::manual_runtime& runtime() noexcept;
    bool has_ended() const noexcept { return has_ended_; }
    bool is_ready() const;

    /// Whether it leads now, as it would say itself.
    bool leads() const;
    /// How many runs it has ordered.
    std::uint64_t runs_started() const;

    /// SIGSTOP and SIGCONT: while it is paused the world lets none of its handlers run, and time and packets wait for nobody.
    bool is_paused = false;

    /// The network between it and the API server drops everything, or no longer does: what was sent in between then arrives.
    void cut_off(bool is_cut_off);

    /// kill -9, as everybody else sees it: its connections break, its port is closed, nothing that it still does reaches anybody.
    /// What is left of it is then cancelled at the same moment of virtual time, and must end: false if a coroutine does not.
    bool kill();

    /// SIGINT. It has ended when has_ended() says so.
    void stop(proto_http::duration grace);
    /// SIGTERM: the same, but it answers requests for some seconds more.
    void retire(proto_http::duration grace);

    /// The configuration file has this text from now on.
    void write_config(const std::string& yaml);

    /// After has_ended(): true if nothing of it is left.
    bool clean_up();

private:
    class told_log;
    class told_changes;
    class process_runtime;

    std::string name_;
    boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
    std::unique_ptr<process_runtime> runtime_;
    std::unique_ptr<kh::logger> log_;
    std::unique_ptr<proto_http::event> config_is_written_;
    std::unique_ptr<k8s::client> api_;
    std::unique_ptr<kh::controller_operator> operator_;
    bool has_ended_ = false;
};

} // namespace simulation
