// g++ 12 with optimisation takes the allocation functions of an inlined coroutine frame for mismatched.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

#include "support/scripted_peer.hpp"

#include "proto_http/await_value.hpp"

#include <array>

namespace test_support {

namespace asio = boost::asio;

asio::awaitable<std::string> read_until(proto_http::stream& from, std::string text) {
    std::string all;
    std::array<char, 4096> block;
    while (text.empty() || all.find(text) == std::string::npos) {
        auto room = asio::buffer(block);
        auto [error, size] = co_await from.async_read_some(room, proto_http::await_tuple);
        all.append(block.data(), size);
        if (error)
            break;
    }
    co_return all;
}

asio::awaitable<std::string> read_to_end(proto_http::stream& from) {
    return read_until(from, std::string());
}

asio::awaitable<proto_http::error_code> how_it_ends(proto_http::stream& from) {
    std::array<char, 4096> block;
    proto_http::error_code last;
    while (!last) {
        auto room = asio::buffer(block);
        auto [error, size] = co_await from.async_read_some(room, proto_http::await_tuple);
        last = error;
    }
    co_return last;
}

asio::awaitable<void> write_all(proto_http::stream& to, std::string text) {
    std::string_view rest(text);
    while (!rest.empty()) {
        auto some = asio::buffer(rest.data(), rest.size());
        auto [error, size] = co_await to.async_write_some(some, proto_http::await_tuple);
        if (error)
            co_return;
        rest.remove_prefix(size);
    }
}

} // namespace test_support
