#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

// Child processes for system_runtime. Internal to this floor.

namespace proto_http {

/// See runtime::run. The child gets descriptors 0 to 2 only, default signals and a process group of its own, which is killed as a
/// whole. More than 16 MiB of output is errc::command_failed, unless only the tail is wanted.
boost::asio::awaitable<result<command_output>> run_command(boost::asio::io_context& context, command what);

} // namespace proto_http
