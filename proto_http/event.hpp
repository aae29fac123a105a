#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace proto_http {

/// A wake-up for coroutines of one thread (asio::experimental::channel of Boost 1.81 stays broken after a cancel). `set` wakes
/// every waiter; the event stays set until `reset`. No memory is taken per idle event.
class event {
public:
    explicit event(runtime& rt);
    ~event();
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    void set();
    void reset() noexcept;
    bool is_set() const noexcept;

    /// Waits until it is set (no error), until `deadline` (errc::timed_out), or until cancelled (errc::cancelled). Does not
    /// throw.
    boost::asio::awaitable<error_code> wait(time_point deadline = never);

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

} // namespace proto_http
