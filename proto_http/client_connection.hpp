#pragma once

#include "proto_http/client.hpp"
#include "proto_http/input_buffer.hpp"
#include "proto_http/message_parser.hpp"
#include "proto_http/timed_stream.hpp"

#include <memory>
#include <string_view>

// One connection of a client: how it is made and how one answer is read. Internal to this floor, for .cpp files only.

namespace proto_http {

class client_connection {
public:
    /// Dials, opens the proxy's tunnel and handshakes, each phase with its limit and all until `deadline`.
    static boost::asio::awaitable<result<std::unique_ptr<client_connection>>>
    connect(runtime& rt, std::shared_ptr<const client_settings> settings, std::shared_ptr<tls_context> tls, time_point deadline);

    client_connection(runtime& rt, std::unique_ptr<stream> over, std::shared_ptr<const client_settings> settings);

    /// Errors: errc::timed_out, errc::cancelled, errc::closed, or the system's code.
    boost::asio::awaitable<result<void>> send(std::string_view head, std::string_view body, time_point deadline);

    /// The header of the answer; interim answers (1xx) are skipped. `got_byte` tells whether anything came at all.
    boost::asio::awaitable<result<void>> read_head(bool to_head_request, std::size_t body_size_max, time_point deadline);

    /// The body to its end, into parser().body; each wait for a piece is bounded by limits.body_idle.
    boost::asio::awaitable<result<void>> read_body(time_point deadline);

    /// The next piece of the body, into parser().body; empty at its end.
    boost::asio::awaitable<result<void>> read_piece(time_point deadline);

    response_parser& parser() noexcept { return *parser_; }
    bool got_byte() const noexcept { return got_byte_; }

    /// The answer is complete and both sides go on.
    bool can_be_kept() const;

    unsigned generation = 0; ///< of the pool; an older connection does not return there
    time_point idle_since{};

private:
    boost::asio::awaitable<result<void>> open_tunnel(time_point deadline);
    boost::asio::awaitable<result<void>> fill();

    runtime& rt_;
    std::shared_ptr<const client_settings> settings_;
    timed_stream io_;
    input_buffer in_;
    std::optional<response_parser> parser_;
    bool got_byte_ = false;
};

} // namespace proto_http
