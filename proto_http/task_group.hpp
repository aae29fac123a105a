#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

// The owner of coroutines: no coroutine is spawned without one. A group cancels its children and waits for their end.

namespace proto_http {

class task_group {
public:
    using task_id = std::uint64_t;

    /// `on_exception` is told of each exception that a child ended with (cancellation aside), with the child's name.
    task_group(runtime& rt, std::function<void(const std::string& name, std::exception_ptr)> on_exception);
    /// The group must be empty: call cancel() and co_await join() first. Terminates the process otherwise, unless the whole
    /// context is being destroyed.
    ~task_group();
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// Starts a child. Returns an id for cancel(id).
    task_id spawn(std::string name, boost::asio::awaitable<void> task);

    /// Cancels one child (terminal); nothing happens if it has ended. Safe to call from anywhere on the loop: the emission is
    /// posted (Boost 1.81 must not emit from outside a handler).
    void cancel(task_id id);

    /// Cancels every child, those spawned later as well.
    void cancel();

    /// Waits until no child is left.
    boost::asio::awaitable<void> join();

    std::size_t size() const noexcept;

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

} // namespace proto_http
