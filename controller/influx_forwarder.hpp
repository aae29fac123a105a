#pragma once

#include "asio_k8s/backoff.hpp"
#include "controller/core/types.hpp"
#include "controller/log.hpp"
#include "controller/settings.hpp"
#include "proto_http/event.hpp"
#include "proto_http/message.hpp"
#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

// Stored results on their way to an InfluxDB 1.x server: a bounded queue beside the runs, which nothing waits for.

namespace kh {

class influx_forwarder {
public:
    /// Of results.
    struct counts {
        std::uint64_t written = 0; ///< the server said yes
        std::uint64_t refused = 0; ///< the server said no for good
        std::uint64_t dropped = 0; ///< the oldest of a full queue, and what waited when it was turned off
    };

    /// Runtime and logger must outlive it; run() must have ended before it goes.
    influx_forwarder(proto_http::runtime& rt, logger& log, const influx_settings& wanted);
    ~influx_forwarder();

    /// Other settings from now on. What waits goes to the new server.
    void use(const influx_settings& wanted);

    /// Takes a result. Never waits: where the queue is full the oldest one is dropped.
    void forward(const core::state_view& stored);

    /// Sends until cancelled, a batch at a time; a server that does not take it is asked again, ever more slowly.
    boost::asio::awaitable<void> run();

    /// Waits until all is sent, or until `deadline`; not at all for a server that does not answer.
    boost::asio::awaitable<void> flushed(proto_http::time_point deadline);

    bool is_enabled() const { return settings_.enabled; }
    std::size_t waiting() const { return queue_.size(); }
    const counts& results() const { return counts_; }

private:
    class destination;
    enum class answer { written, refused, later, cancelled };

    struct batch {
        std::size_t results = 0;
        std::string body;
    };

    batch next_batch() const;
    boost::asio::awaitable<answer> send(batch what);
    answer judge(const proto_http::response& reply, const batch& what);
    answer come_again(const std::string& error, proto_http::duration least = {});
    void remove_sent(std::size_t results);
    void drop_down_to(std::size_t results, std::size_t bytes);

    proto_http::runtime& runtime_;
    logger& log_;
    log_limiter refusals_{std::chrono::minutes(1)};
    influx_settings settings_;
    std::shared_ptr<destination> to_; ///< null: made at the next send
    std::deque<std::string> queue_;   ///< the lines of a result each; the first `sending_` are under way
    std::size_t bytes_ = 0;
    std::size_t sending_ = 0;
    counts counts_;
    k8s::backoff backoff_;
    proto_http::duration pause_{};
    bool is_failing_ = false;
    proto_http::event wake_;    ///< there is something to send
    proto_http::event settled_; ///< nothing to send, or nobody who takes it
};

} // namespace kh
