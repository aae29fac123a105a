#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

namespace proto_http {

/// Which of two operations ended first.
enum class first_end {
    first,
    second,
    cancelled, ///< neither: a cancel from above came
};

/// Runs both until one ends, cancels the other (terminal), and returns when both have ended. A cancel from above cancels both. An
/// exception of the one that ended first, other than the cancellation's, is rethrown; the other's is dropped with it.
boost::asio::awaitable<first_end> first_of(runtime& rt, boost::asio::awaitable<void> first, boost::asio::awaitable<void> second);

} // namespace proto_http
