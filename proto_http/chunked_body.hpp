#pragma once

#include "proto_http/server.hpp"
#include "proto_http/timed_stream.hpp"

#include <string>

// A streamed body on its connection (RFC 9112, 7.1). Internal to this floor.

namespace proto_http {

class chunked_body final : public body_writer {
public:
    /// `is_chunked` false: an HTTP/1.0 client, for whom the end of the connection is the end of the body.
    chunked_body(runtime& rt, timed_stream& to, duration write_time_max, bool is_chunked);

    boost::asio::awaitable<result<void>> write(std::string_view piece) override;

    /// The last chunk.
    boost::asio::awaitable<result<void>> finish();

private:
    boost::asio::awaitable<result<void>> send(std::string_view bytes);

    runtime& rt_;
    timed_stream& to_;
    duration write_time_max_;
    bool is_chunked_;
    std::string chunk_;
};

} // namespace proto_http
