#pragma once

#include "proto_http/message.hpp"
#include "proto_http/result.hpp"
#include "proto_http/runtime.hpp"
#include "proto_http/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// An HTTP/1.1 server: a table of routes, limits on everything, graceful drain.

namespace proto_http {

class tls_context;

struct server_limits {
    std::size_t header_size_max = 16 * 1024;
    std::size_t body_size_max = 64 * 1024; ///< where the route says nothing else
    /// Beyond it a newcomer takes the place of the connection whose client lets us wait longest: for its next request, for the
    /// rest of one, or until it reads an answer. Where every request is being handled, the newcomer is closed.
    std::size_t connections_max = 12'000;
    /// Of what has been received of requests that are not whole yet, all connections together: beyond it the one that has been at
    /// it longest is closed.
    std::size_t received_size_max = 32 * 1024 * 1024;
    duration header_time_max = std::chrono::seconds(10);
    duration body_time_max = std::chrono::seconds(30);
    duration idle_time_max = std::chrono::seconds(75); ///< a kept connection between two requests
    duration write_time_max = std::chrono::seconds(30);
    duration tls_handshake_max = std::chrono::seconds(10);
    std::size_t compress_size_min = 1024; ///< smaller bodies are not compressed
};

struct server_request {
    std::string method;
    std::string path;  ///< percent-decoded, without the query
    std::string query; ///< as sent, without '?'
    header_list headers;
    std::string body;
    std::string remote_address;     ///< IP address of the TCP peer
    bool is_client_trusted = false; ///< it presented a certificate of the authorities that the TLS context names
};

/// Where a streamed body is written to.
class body_writer {
public:
    virtual ~body_writer() = default;

    /// Sends a piece at once and waits until the connection has taken it. Nothing is sent for an empty piece. Errors:
    /// errc::closed where the client has gone, errc::timed_out where it takes nothing for the server's write_time_max.
    virtual boost::asio::awaitable<result<void>> write(std::string_view piece) = 0;
};

/// Writes a body piece by piece until it returns. It is cancelled (terminal) when the client goes away and when the server ends.
using body_stream = std::function<boost::asio::awaitable<void>(body_writer& to)>;

struct server_response {
    unsigned status = 200;
    header_list headers;
    /// Shared, so that a cached page is not copied for each reader. Null is an empty body.
    std::shared_ptr<const std::string> body;
    /// Set: the body is what this writes, in chunks (to a client of HTTP/1.0: until the connection closes), and `body` is not
    /// looked at. Never compressed.
    body_stream stream;
    /// The connection is closed without an answer. For tests of clients.
    bool aborts = false;
};

/// A response with a body of that content type.
server_response make_response(unsigned status, std::string content_type, std::string body);

using request_handler = std::function<boost::asio::awaitable<server_response>(server_request)>;

/// Why the server refuses a request before any handler sees it.
struct refusal {
    unsigned status;         ///< 400, 404, 405, 408, 411, 413, 414, 417, 431, 501, 505
    std::string_view reason; ///< a short sentence
};

struct route {
    std::vector<std::string> methods; ///< empty: any
    std::string path;                 ///< matched exactly; "*" matches every path that no other route does
    request_handler handler;
    std::size_t body_size_max = 0; ///< 0: the server's limit
    bool drains_with_grace = true; ///< a request under way is let finish when the server drains
    /// How this route words its refusals; null: `refusal.status` with a one-line JSON body {"error": reason}.
    std::function<server_response(const refusal&)> refuse;
};

/// The first value of a query parameter, percent-decoded ('+' is a space); `found` says whether it is there.
struct query_value {
    bool found = false;
    std::string value;
};
query_value first_query_value(std::string_view query, std::string_view name);

class server {
public:
    /// The runtime must outlive the server. `tls` null: plain HTTP.
    server(runtime& rt, std::vector<route> routes, server_limits limits = {}, std::shared_ptr<tls_context> tls = nullptr);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Serves until drained or cancelled (then every connection is closed at once). Returns when every session has ended.
    /// Call it once. Handlers' exceptions answer 500 and go to `on_error`.
    boost::asio::awaitable<void> run(std::unique_ptr<acceptor> from);

    /// Takes no new connections, closes idle ones, lets requests under way finish until `deadline`, then closes the rest.
    /// run() returns after that. Safe to call more than once; the earliest deadline holds.
    void drain(time_point deadline) { drain(deadline, {}); }

    /// The same, but new connections and requests are still taken until `listen_until`, each connection for one more request:
    /// whoever sends clients here hears late that this server ends.
    void drain(time_point deadline, time_point listen_until);

    /// The TLS context of connections that come from now on. Only for a server that was made with one.
    void use_tls(std::shared_ptr<tls_context> tls);

    std::size_t connections() const noexcept;

    /// Called with a one-line text for each unexpected failure (a handler's exception, an accept error).
    std::function<void(std::string_view)> on_error;

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

} // namespace proto_http
