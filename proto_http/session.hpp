#pragma once

#include "proto_http/event.hpp"
#include "proto_http/gzip.hpp"
#include "proto_http/input_buffer.hpp"
#include "proto_http/message_parser.hpp"
#include "proto_http/router.hpp"
#include "proto_http/server.hpp"
#include "proto_http/timed_stream.hpp"

#include <list>
#include <memory>
#include <optional>

// One connection of the server. Internal to this floor, for .cpp files only.

namespace proto_http {

class session;

/// A session's place in a line in which it waits, in the order of arrival.
class line_place {
public:
    line_place(std::list<session*>& line, session* whose) : line_(line), session_(whose) {}
    ~line_place() { leave(); }
    line_place(const line_place&) = delete;
    line_place& operator=(const line_place&) = delete;

    void go_to_the_end() {
        leave();
        at_ = line_.insert(line_.end(), session_);
    }

    void leave() noexcept {
        if (at_)
            line_.erase(*at_);
        at_.reset();
    }

private:
    std::list<session*>& line_;
    session* session_;
    std::optional<std::list<session*>::iterator> at_;
};

/// What the sessions of one server share.
struct session_host {
    session_host(runtime& on, std::vector<route> table, server_limits bounds, std::shared_ptr<tls_context> secure)
        : rt(on), routes(std::move(table)), limits(bounds), tls(std::move(secure)), compressor(on) {}

    runtime& rt;
    router routes;
    server_limits limits;
    std::shared_ptr<tls_context> tls;
    body_compressor compressor;
    std::list<session*> awaited; ///< whose client has to do something: send a request, go on with it, read the answer
    std::list<session*> holding; ///< those of them that keep part of a request
    std::size_t received = 0;    ///< size of what the sessions keep of requests
    bool is_draining = false;    ///< each answer ends its connection
    bool is_closing = false;     ///< no request is waited for
    std::function<void(std::string_view)> report;
};

class session {
public:
    session(std::shared_ptr<session_host> host, std::unique_ptr<stream> over);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Serves one request after the other until the connection ends.
    boost::asio::awaitable<void> run();

    bool is_idle() const noexcept { return is_idle_; }
    /// False while a request is under way that need not be finished when the server drains.
    bool drains_with_grace() const noexcept { return route_ == nullptr || route_->drains_with_grace; }

    void close() noexcept;

    /// Closes a session that waits for its client, in favour of others. It stands in no line from now on.
    void give_way() noexcept;

private:
    /// What a request came to before a handler sees it: nothing yet, a refusal, or the end of the connection.
    struct verdict {
        bool is_over = false;
        std::optional<refusal> refused;
        bool keeps_framing = false; ///< a refusal after which the next request can be found
    };

    boost::asio::awaitable<bool> secure();
    boost::asio::awaitable<void> shake_hands();
    boost::asio::awaitable<void> until_it_gives_way();
    boost::asio::awaitable<bool> wait_for_request();
    boost::asio::awaitable<bool> serve_one();
    boost::asio::awaitable<verdict> read_header();
    boost::asio::awaitable<verdict> read_body();
    boost::asio::awaitable<server_response> call_handler();
    boost::asio::awaitable<bool> reply(server_response answer, bool wants_keep);
    boost::asio::awaitable<bool> reply_streamed(server_response answer);
    boost::asio::awaitable<void> until_client_ends();
    boost::asio::awaitable<bool> refuse(verdict why);
    boost::asio::awaitable<void> linger();
    boost::asio::awaitable<void> discard_rest();
    boost::asio::awaitable<error_code> fill();

    verdict judge_header();
    verdict judge_framing() const;
    verdict broken(error_code error, bool in_body);
    void find_route_of_broken_header();
    server_request take_request();

    void await_client();
    void client_has_done() noexcept;
    void keep(std::size_t received);
    void set_kept(std::size_t size) noexcept;

    std::shared_ptr<session_host> host_;
    std::unique_ptr<stream> raw_; ///< until TLS is up
    std::optional<timed_stream> io_;
    std::optional<request_parser> parser_;
    input_buffer in_;
    target_parts target_;
    const route* route_ = nullptr;
    std::string allow_;
    bool is_head_request_ = false;
    bool wants_gzip_ = false;
    bool is_first_ = true;
    bool is_idle_ = false;
    bool gave_way_ = false;
    std::optional<event> leaving_; ///< set when it gives way; only with TLS, whose handshake has the stream
    line_place awaited_;
    line_place holding_;
    std::size_t kept_size_ = 0;          ///< of what has been received and not handled
    std::array<char, 1024> first_bytes_; ///< a read that waits for a request needs no more than this
};

} // namespace proto_http
