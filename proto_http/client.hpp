#pragma once

#include "proto_http/message.hpp"
#include "proto_http/result.hpp"
#include "proto_http/runtime.hpp"
#include "proto_http/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>

// An HTTP/1.1 client for one origin: keep-alive pool, TLS, proxy, a time limit per phase, whole or streamed bodies.

namespace proto_http {

class tls_context;

/// How long each phase may take; each limit starts when its phase does.
struct phase_limits {
    duration connect = std::chrono::seconds(10);
    duration tls_handshake = std::chrono::seconds(10);
    duration write = std::chrono::seconds(30);
    duration first_byte = std::chrono::seconds(60); ///< from the end of the request to the end of the response header
    duration body_idle = std::chrono::seconds(30);  ///< between two pieces of a body read whole
};

struct proxy {
    host_port address;
    std::string authorization; ///< value of Proxy-Authorization, or empty
};

struct client_settings {
    host_port origin;
    std::shared_ptr<tls_context> tls; ///< null: plain HTTP
    std::string server_name;          ///< for SNI and the certificate check; empty: the origin's host
    std::optional<proxy> via;
    phase_limits limits;
    std::size_t connections_max = 32; ///< open exchanges wait for a free one beyond this; streams are not counted
    std::size_t idle_connections_max = 8;
    duration idle_connection_age_max = std::chrono::seconds(60);
    std::size_t header_size_max = 64 * 1024;
    std::size_t body_size_max = 64 * 1024 * 1024; ///< of a body that is read whole
};

/// The answer of a streamed exchange: the header has come, the body is read piece by piece (back-pressure: no piece is read
/// ahead of the caller). Destroying it closes the connection.
class response_stream {
public:
    virtual ~response_stream() = default;

    /// Status and headers; body is empty.
    virtual const response& head() const noexcept = 0;

    /// The next piece of the body, at most 64 KiB; empty at its end. The view is valid until the next call. Waits at most until
    /// `deadline`. Errors: errc::timed_out, errc::closed, errc::malformed, errc::cancelled.
    virtual boost::asio::awaitable<result<std::string_view>> read(time_point deadline) = 0;
};

class client {
public:
    /// The runtime must outlive the client; the client must outlive its exchanges and streams.
    client(runtime& rt, client_settings settings);
    ~client();
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// One whole exchange. Fails with errc::timed_out at `deadline` or when a phase's limit runs out, whichever is first;
    /// errc::cancelled when cancelled (terminal cancellation). Any status is a success here.
    boost::asio::awaitable<result<response>> exchange(request what, time_point deadline);

    /// Sends the request and reads the header of the answer until `deadline`. Always on a connection of its own.
    boost::asio::awaitable<result<std::unique_ptr<response_stream>>> open(request what, time_point deadline);

    /// Closes every idle connection and lets none that is in use return to the pool: after a change of credentials.
    void forget_connections();

    /// New TLS material for connections made from now on.
    void use_tls(std::shared_ptr<tls_context> tls);

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

} // namespace proto_http
