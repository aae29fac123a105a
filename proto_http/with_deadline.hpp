#pragma once

#include "proto_http/error.hpp"
#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>

namespace proto_http {

namespace detail {

enum class race_end {
    finished,  ///< the operation ended by itself
    timed_out, ///< the deadline came first; the operation was cancelled and has ended
    cancelled, ///< a cancel from above came first; the operation was cancelled and has ended
};

/// The part of with_deadline that does not depend on the result. Rethrows the operation's exception unless it is the
/// cancellation's.
boost::asio::awaitable<race_end> race(runtime& rt, boost::asio::awaitable<void> operation, time_point deadline);

template <class T>
boost::asio::awaitable<void> store_result(boost::asio::awaitable<result<T>> operation, std::optional<result<T>>* to) {
    to->emplace(co_await std::move(operation));
}

} // namespace detail

/// Runs `operation` until `deadline`. At the deadline the operation is cancelled (terminal) and, once it has ended, the answer is
/// errc::timed_out; a cancel from above cancels the operation and answers errc::cancelled. An exception of the operation other
/// than the cancellation's is rethrown. The one place that races an operation against time. An operation whose deadline has
/// passed is not started.
///
/// Cost: one spawned frame and one wait; none of either with the deadline `never`.
template <class T>
boost::asio::awaitable<result<T>> with_deadline(runtime& rt, boost::asio::awaitable<result<T>> operation, time_point deadline) {
    std::optional<result<T>> value;
    auto stored = detail::store_result<T>(std::move(operation), &value);
    auto end = co_await detail::race(rt, std::move(stored), deadline);
    if (end == detail::race_end::timed_out)
        co_return errc::timed_out;
    if (end == detail::race_end::cancelled || !value)
        co_return errc::cancelled;
    co_return std::move(*value);
}

} // namespace proto_http
