#pragma once

#include "proto_http/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <string>
#include <vector>

// Names to addresses for system_runtime. Internal to this floor.

namespace proto_http {

/// The addresses of a host in the order of RFC 6724: c-ares on the reactor, /etc/hosts and the search list of /etc/resolv.conf
/// (read anew each time: a resolution is rare, connections are kept). Numeric addresses and localhost are not asked for.
/// Terminal cancellation answers operation_aborted. Errors: errc::host_not_found.
boost::asio::awaitable<result<std::vector<boost::asio::ip::address>>> resolve(boost::asio::io_context& context, std::string host);

} // namespace proto_http
