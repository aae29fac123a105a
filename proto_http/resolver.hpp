#pragma once

#include "proto_http/result.hpp"
#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <vector>

// Names to addresses for system_runtime. Internal to this floor.

namespace proto_http {

/// The addresses of a host in the order of RFC 6724: c-ares on the reactor, /etc/hosts and the search list of /etc/resolv.conf
/// (read anew each time: a resolution is rare, connections are kept). Numeric addresses and, unless a server is named, localhost
/// are not asked for. Terminal cancellation answers operation_aborted. Errors: errc::host_not_found, errc::name_server_failed.
boost::asio::awaitable<result<std::vector<boost::asio::ip::address>>> resolve(boost::asio::io_context& context, name_query what);

} // namespace proto_http
