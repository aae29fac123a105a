#pragma once

#include "proto_http/error.hpp"
#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

namespace proto_http {

/// Runs `operation` until `deadline`. At the deadline the operation is cancelled (terminal) and, once it has ended, the answer is
/// errc::timed_out; a cancel from above cancels the operation and answers errc::cancelled. An exception of the operation other
/// than the cancellation's is rethrown. The one place that races an operation against time.
template <class T>
boost::asio::awaitable<result<T>> with_deadline(runtime& rt, boost::asio::awaitable<result<T>> operation, time_point deadline);

} // namespace proto_http
