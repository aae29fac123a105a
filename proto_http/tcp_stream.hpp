#pragma once

#include "proto_http/runtime.hpp"
#include "proto_http/stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>

// TCP for system_runtime. Internal to this floor.

namespace proto_http {

/// See runtime::dial.
boost::asio::awaitable<result<std::unique_ptr<stream>>> dial_tcp(runtime& rt, boost::asio::io_context& context, host_port to);

/// See runtime::listen.
result<std::unique_ptr<acceptor>> listen_tcp(boost::asio::io_context& context, const host_port& at);

} // namespace proto_http
