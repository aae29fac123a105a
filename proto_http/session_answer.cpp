#include "proto_http/session.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/await_value.hpp"
#include "proto_http/chunked_body.hpp"
#include "proto_http/error.hpp"
#include "proto_http/first_of.hpp"
#include "proto_http/response_head.hpp"
#include "proto_http/tls.hpp"
#include "proto_http/with_deadline.hpp"

// The second half of a session: its answers.

namespace proto_http {

namespace asio = boost::asio;

namespace {

constexpr unsigned http_10 = 10;

// After a refusal with the rest of the request unread: a close at once would reset the connection before the client has read
// the answer.
constexpr auto linger_time_max = std::chrono::seconds(2);
constexpr std::size_t linger_size_max = 16 * 1024 * 1024;

asio::awaitable<result<void>> shut_down(stream* which) {
    co_await which->shutdown();
    co_return result<void>();
}

} // namespace

asio::awaitable<bool> session::refuse(verdict why) {
    auto answer = route_ != nullptr && route_->refuse ? route_->refuse(*why.refused) : plain_refusal(*why.refused);
    if (why.refused->status == 405)
        answer.headers.set("Allow", allow_);
    co_return co_await reply(std::move(answer), why.keeps_framing);
}

asio::awaitable<bool> session::reply(server_response answer, bool wants_keep) {
    bool is_whole = parser_->is_done();
    bool is_kept = wants_keep && is_whole && parser_->keep_alive() && !host_->is_draining &&
                   !ascii::equal(answer.headers.get("Connection"), "close");
    auto body = has_body(answer.status) ? answer.body : nullptr;
    if (body && body->size() >= host_->limits.compress_size_min && !answer.headers.has("Content-Encoding")) {
        answer.headers.add("Vary", "Accept-Encoding");
        if (wants_gzip_) {
            if (auto compressed = co_await host_->compressor.compress(body)) {
                body = std::move(compressed);
                answer.headers.set("Content-Encoding", "gzip");
            }
        }
    }
    connection_fate fate{is_kept, parser_->version == http_10};
    auto head = response_head(answer, body ? body->size() : 0, fate);
    io_->expires_at(later(host_->rt.now(), host_->limits.write_time_max));
    await_client();
    // Named: g++ 12.2 evaluates both sides of a conditional inside a co_await expression, here the null body as well.
    std::string_view bytes;
    if (body && !is_head_request_)
        bytes = *body;
    auto sent = co_await io_->write(head, bytes);
    if (!sent)
        co_return false;
    if (!is_kept)
        co_await linger();
    co_return is_kept;
}

asio::awaitable<bool> session::reply_streamed(server_response answer) {
    bool is_chunked = parser_->version != http_10;
    bool is_kept = is_chunked && parser_->keep_alive() && !host_->is_draining;
    connection_fate fate{is_kept, !is_chunked};
    io_->expires_at(later(host_->rt.now(), host_->limits.write_time_max));
    auto head = response_head(answer, std::nullopt, fate);
    auto sent = co_await io_->write(head, std::string_view());
    io_->expires_at(never);
    if (!sent || is_head_request_)
        co_return sent&& is_kept;

    chunked_body body(host_->rt, *io_, host_->limits.write_time_max, is_chunked);
    std::string failed;
    try {
        auto streaming = answer.stream(body);
        auto watching = until_client_ends();
        auto ended = co_await first_of(host_->rt, std::move(streaming), std::move(watching));
        if (ended != first_end::first)
            co_return false;
    } catch (...) {
        failed = what_of(std::current_exception());
    }
    if (!failed.empty()) {
        // The body stays without its end, so that the client does not take it for whole.
        if (host_->report)
            host_->report("stream of " + route_->path + " failed: " + failed);
        co_return false;
    }
    auto finished = co_await body.finish();
    if (!finished)
        co_return false;
    if (!is_kept)
        co_await linger();
    co_return is_kept;
}

/// Returns when the client has closed its side or the connection has broken. What it sends ahead (pipelining) is kept for later,
/// in bounds.
asio::awaitable<void> session::until_client_ends() {
    while (in_.data().size() < host_->limits.header_size_max) {
        auto [error, size] = co_await io_->next_layer().async_read_some(asio::buffer(first_bytes_), await_tuple);
        if (error)
            co_return;
        in_.append(std::string_view(first_bytes_.data(), size));
    }
    co_await wait_until(host_->rt, never);
}

asio::awaitable<void> session::linger() {
    io_->expires_at(later(host_->rt.now(), linger_time_max));
    bool is_whole = parser_->is_done() && in_.empty();
    // Plain TCP closes one direction and goes on with the other. TLS cannot: there the client has the answer's length to go by.
    if (host_->tls && !is_whole)
        co_await discard_rest();
    auto ending = shut_down(&io_->next_layer());
    auto until = host_->tls ? later(host_->rt.now(), linger_time_max) : never;
    co_await with_deadline<void>(host_->rt, std::move(ending), until);
    if (!host_->tls && !is_whole)
        co_await discard_rest();
}

asio::awaitable<void> session::discard_rest() {
    in_.release();
    for (std::size_t size = 0; size < linger_size_max;) {
        auto got = co_await io_->read_some(in_.prepare());
        if (!got)
            co_return;
        size += *got;
    }
}

} // namespace proto_http
