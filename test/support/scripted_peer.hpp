#pragma once

#include "proto_http/stream.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>

// The other end of a connection, played byte by byte.

namespace test_support {

/// Reads until `text` has come; everything that came so far, or what came before the end of the stream.
boost::asio::awaitable<std::string> read_until(proto_http::stream& from, std::string text);

/// Reads to the end of the stream.
boost::asio::awaitable<std::string> read_to_end(proto_http::stream& from);

/// Reads to the end of the stream and says how that came.
boost::asio::awaitable<proto_http::error_code> how_it_ends(proto_http::stream& from);

boost::asio::awaitable<void> write_all(proto_http::stream& to, std::string text);

} // namespace test_support
