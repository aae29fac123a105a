#pragma once

#include "proto_http/result.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

// How this floor turns a callback into an awaited value, in one place: errors as values, completions through the executor.

namespace proto_http {

/// `co_await async_initiate<await_tuple_t, void(error_code)>(...)` gives a std::tuple.
using await_tuple_t = boost::asio::as_tuple_t<boost::asio::use_awaitable_t<>>;
inline constexpr await_tuple_t await_tuple{boost::asio::use_awaitable};

/// Completes `handler` on the executor, never inline: the initiating function may still be on the stack. There is one loop, so
/// that is the handler's own executor too; as a function of its own it is not dispatched a second time to find that out.
template <class Executor, class Handler, class... Args>
void post_completion(const Executor& executor, Handler handler, Args... args) {
    boost::asio::post(executor, [handler = std::move(handler), ... args = std::move(args)]() mutable {
        std::move(handler)(std::move(args)...);
    });
}

} // namespace proto_http
