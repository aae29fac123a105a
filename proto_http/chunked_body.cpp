#include "proto_http/chunked_body.hpp"

#include <fmt/format.h>

namespace proto_http {

namespace asio = boost::asio;

chunked_body::chunked_body(runtime& rt, timed_stream& to, duration write_time_max, bool is_chunked)
    : rt_(rt), to_(to), write_time_max_(write_time_max), is_chunked_(is_chunked) {}

asio::awaitable<result<void>> chunked_body::write(std::string_view piece) {
    if (piece.empty())
        co_return result<void>();
    if (!is_chunked_)
        co_return co_await send(piece);
    // In one piece: some clients wait for the line end that follows a chunk before they look at it.
    chunk_.clear();
    fmt::format_to(std::back_inserter(chunk_), "{:x}\r\n", piece.size());
    chunk_.append(piece).append("\r\n");
    co_return co_await send(chunk_);
}

asio::awaitable<result<void>> chunked_body::finish() {
    if (!is_chunked_)
        co_return result<void>();
    co_return co_await send("0\r\n\r\n");
}

asio::awaitable<result<void>> chunked_body::send(std::string_view bytes) {
    to_.expires_at(later(rt_.now(), write_time_max_));
    auto sent = co_await to_.write(bytes, std::string_view());
    to_.expires_at(never);
    co_return sent;
}

} // namespace proto_http
