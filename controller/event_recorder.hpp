#pragma once

#include "asio_k8s/client.hpp"
#include "controller/event_correlator.hpp"
#include "controller/log.hpp"
#include "proto_http/task_group.hpp"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <string>

// Kubernetes Events (core/v1) on checks and jobs. Best effort, and never in the way of a run: one call at a time, a bounded
// queue, a refused write is dropped with at most one log line a minute.

namespace kh {

/// A whole core/v1 Event.
std::string event_create_body(const event_write& what);
/// A merge patch of one that exists.
std::string event_patch_body(const event_write& what);

class event_recorder {
public:
    /// All three must outlive it. Its calls end with `tasks`.
    event_recorder(k8s::client& api, proto_http::task_group& tasks, logger& log);

    void record(core::record_event what);

private:
    boost::asio::awaitable<void> write_all();
    boost::asio::awaitable<void> write(event_write what);
    void complain(std::string_view message, std::string_view error);

    k8s::client& api_;
    proto_http::task_group& tasks_;
    logger& log_;
    event_correlator correlator_;
    log_limiter complaints_{std::chrono::minutes(1)};
    std::deque<event_write> queue_;
    bool is_writing_ = false;
};

} // namespace kh
