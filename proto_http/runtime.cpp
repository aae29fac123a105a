#include "proto_http/runtime.hpp"

#include "proto_http/await_value.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

namespace proto_http {

namespace asio = boost::asio;

asio::awaitable<error_code> wait_until(runtime& rt, time_point until) {
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        co_return asio::error::operation_aborted;
    auto start = [](runtime::wait_handler handler, runtime* on, time_point at) { on->start_wait(at, std::move(handler)); };
    auto [error] = co_await asio::async_initiate<const await_tuple_t, void(error_code)>(start, await_tuple, &rt, until);
    co_return error;
}

} // namespace proto_http
