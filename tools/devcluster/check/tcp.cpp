#include "tools/devcluster/check/tcp.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/await_value.hpp"
#include "proto_http/text.hpp"
#include "proto_http/with_deadline.hpp"
#include "tools/devcluster/check/target.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

constexpr std::size_t received_max = 1024 * 1024;
constexpr std::size_t shown_max = 200;

/// Sends and then reads until the expected text has come. The text that came is kept in `received`, also when it is not enough.
asio::awaitable<result<void>> converse(stream* with, const tcp_options* options, std::string* received) {
    auto [write_error, ignored] = co_await asio::async_write(*with, asio::buffer(options->sent), await_tuple);
    if (write_error)
        co_return write_error;
    std::array<char, 4096> piece;
    while (received->find(options->expected) == std::string::npos) {
        if (received->size() > received_max)
            co_return errc::body_too_large;
        auto [error, size] = co_await with->async_read_some(asio::buffer(piece), await_tuple);
        received->append(piece.data(), size);
        if (error && received->find(options->expected) == std::string::npos)
            co_return error;
    }
    co_return result<void>();
}

std::string excerpt(std::string_view received) {
    auto text = one_line(legible(received.substr(0, shown_max), shown_max), shown_max);
    return text.empty() ? "nothing" : fmt::format("\"{}\"", text);
}

asio::awaitable<findings> connect_one(runtime& rt, const tcp_options& options, host_port target, time_point limit) {
    findings found;
    auto asked = fmt::format("tcp {}", text_of(target));
    auto began = rt.now();
    auto end = began + std::min(options.timeout, limit - began);
    auto dialing = rt.dial(std::move(target));
    auto connection = co_await with_deadline<std::unique_ptr<stream>>(rt, std::move(dialing), end);
    auto after = time_since(rt, began);
    if (options.must_fail && connection)
        found.errors.push_back(fmt::format("{}: connected after {}, and should not be reachable", asked, after));
    else if (options.must_fail)
        found.notes.push_back(
            fmt::format("{}: not reachable, as it should be: {} (after {})", asked, connection.error().message(), after));
    else if (!connection)
        found.errors.push_back(fmt::format("{}: {} (after {})", asked, connection.error().message(), after));
    if (options.must_fail || !connection)
        co_return found;

    std::string received;
    auto conversation = converse(connection->get(), &options, &received);
    auto talked = co_await with_deadline<void>(rt, std::move(conversation), end);
    after = time_since(rt, began);
    if (talked)
        found.notes.push_back(fmt::format("{}: {} after {}", asked, options.expected.empty() ? "connected" : "answered", after));
    else
        found.errors.push_back(fmt::format("{}: expected \"{}\", got {}: {} (after {})", asked,
                                           legible(options.expected, shown_max), excerpt(received), talked.error().message(),
                                           after));
    co_return found;
}

} // namespace

asio::awaitable<findings> check_tcp(runtime& rt, tcp_options options, time_point limit) {
    std::vector<asio::awaitable<findings>> tests;
    for (const auto& target : options.targets)
        tests.push_back(connect_one(rt, options, target, limit));
    co_return co_await run_all(rt, std::move(tests));
}

std::optional<std::string> unescape(std::string_view text) {
    constexpr std::string_view letters = "rnt0\\";
    constexpr std::string_view bytes("\r\n\t\0\\", 5);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        auto letter = ++i < text.size() ? text[i] : '?';
        if (auto known = letters.find(letter); known != std::string_view::npos) {
            out += bytes[known];
            continue;
        }
        if (letter != 'x' || i + 2 >= text.size())
            return std::nullopt;
        int high = ascii::hex_value(text[i + 1]);
        int low = ascii::hex_value(text[i + 2]);
        if (high < 0 || low < 0)
            return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

} // namespace devcluster
