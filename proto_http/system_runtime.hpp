#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace proto_http {

/// The production `runtime`: CLOCK_BOOTTIME, getrandom, TCP sockets, c-ares for names (no thread, no NSS), files, child
/// processes. The io_context must outlive it and must be run by one thread only.
std::unique_ptr<runtime> make_system_runtime(boost::asio::io_context& context);

} // namespace proto_http
