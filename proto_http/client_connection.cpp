#include "proto_http/client_connection.hpp"

#include "proto_http/error.hpp"
#include "proto_http/request_head.hpp"
#include "proto_http/tls.hpp"
#include "proto_http/with_deadline.hpp"

#include <boost/asio/error.hpp>

namespace proto_http {

namespace asio = boost::asio;

namespace {

constexpr unsigned status_switching_protocols = 101;

time_point phase_end(runtime& rt, duration limit, time_point deadline) {
    return std::min(later(rt.now(), limit), deadline);
}

} // namespace

client_connection::client_connection(runtime& rt, std::unique_ptr<stream> over, std::shared_ptr<const client_settings> settings)
    : rt_(rt), settings_(std::move(settings)), io_(rt, std::move(over)) {}

asio::awaitable<result<std::unique_ptr<client_connection>>>
client_connection::connect(runtime& rt, std::shared_ptr<const client_settings> settings, std::shared_ptr<tls_context> tls,
                           time_point deadline) {
    auto connect_end = phase_end(rt, settings->limits.connect, deadline);
    auto dialing = rt.dial(settings->via ? settings->via->address : settings->origin);
    auto dialed = co_await with_deadline<std::unique_ptr<stream>>(rt, std::move(dialing), connect_end);
    if (!dialed)
        co_return dialed.error();
    auto made = std::make_unique<client_connection>(rt, std::move(*dialed), settings);
    if (!tls)
        co_return std::move(made);

    if (settings->via) {
        auto tunnel = co_await made->open_tunnel(connect_end);
        if (!tunnel)
            co_return tunnel.error();
    }
    auto name = settings->server_name.empty() ? settings->origin.host : settings->server_name;
    auto handshake = tls->connect(made->io_.release(), std::move(name));
    auto secured = co_await with_deadline<std::unique_ptr<stream>>(rt, std::move(handshake),
                                                                   phase_end(rt, settings->limits.tls_handshake, deadline));
    if (!secured)
        co_return secured.error();
    co_return std::make_unique<client_connection>(rt, std::move(*secured), settings);
}

asio::awaitable<result<void>> client_connection::open_tunnel(time_point deadline) {
    auto head = connect_head(*settings_);
    if (!head)
        co_return head.error();
    io_.expires_at(deadline);
    auto sent = co_await io_.write(*head, std::string_view());
    if (!sent)
        co_return sent.error();
    // The answer to CONNECT has no body, whatever its header says; what follows belongs to the tunnel.
    auto answered = co_await read_head(true, 0, deadline);
    if (!answered)
        co_return answered.error();
    if (parser_->status / 100 != 2 || !in_.empty())
        co_return errc::proxy_refused;
    io_.expires_at(never);
    co_return result<void>();
}

asio::awaitable<result<void>> client_connection::send(std::string_view head, std::string_view body, time_point deadline) {
    got_byte_ = false;
    io_.expires_at(phase_end(rt_, settings_->limits.write, deadline));
    co_return co_await io_.write(head, body);
}

asio::awaitable<result<void>> client_connection::read_head(bool to_head_request, std::size_t body_size_max, time_point deadline) {
    io_.expires_at(phase_end(rt_, settings_->limits.first_byte, deadline));
    do {
        parser_.emplace(settings_->header_size_max, body_size_max);
        parser_->skip(to_head_request);
        while (!parser_->is_header_done()) {
            auto fed = parser_->feed(in_.data());
            if (!fed)
                co_return fed.error();
            in_.consume(*fed);
            if (parser_->is_header_done())
                break;
            auto filled = co_await fill();
            if (!filled)
                co_return filled.error() == asio::error::eof ? error_code(errc::closed) : filled.error();
        }
        if (parser_->status == status_switching_protocols)
            co_return errc::malformed; // never asked for
    } while (parser_->status / 100 == 1);
    co_return result<void>();
}

asio::awaitable<result<void>> client_connection::fill() {
    auto got = co_await io_.read_some(in_.prepare());
    if (!got)
        co_return got.error();
    in_.commit(*got);
    got_byte_ = true;
    co_return result<void>();
}

asio::awaitable<result<void>> client_connection::read_piece(time_point deadline) {
    bool is_armed = false;
    while (!parser_->is_done()) {
        auto fed = parser_->feed(in_.data());
        if (!fed)
            co_return fed.error();
        in_.consume(*fed);
        if (parser_->is_done() || !parser_->body.empty())
            break;
        if (!std::exchange(is_armed, true))
            io_.expires_at(deadline);
        auto filled = co_await fill();
        if (!filled && filled.error() != asio::error::eof)
            co_return filled.error();
        if (!filled)
            co_return parser_->feed_end();
    }
    co_return result<void>();
}

asio::awaitable<result<void>> client_connection::read_body(time_point deadline) {
    if (parser_->content_length() && *parser_->content_length() > settings_->body_size_max)
        co_return errc::body_too_large;
    std::string whole;
    while (!parser_->is_done()) {
        auto piece = co_await read_piece(phase_end(rt_, settings_->limits.body_idle, deadline));
        if (!piece)
            co_return piece.error();
        // The usual answer comes in one or two pieces: it is not copied.
        if (whole.empty())
            whole.swap(parser_->body);
        else
            whole.append(parser_->body);
        parser_->body.clear();
    }
    parser_->body = std::move(whole);
    co_return result<void>();
}

bool client_connection::can_be_kept() const {
    return parser_ && parser_->is_done() && parser_->keep_alive() && in_.empty();
}

} // namespace proto_http
