#pragma once

#include "proto_http/result.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

// `stream` is a byte stream behind a virtual call: TCP, TLS over another stream, or memory in a simulation. It models Asio's
// AsyncReadStream and AsyncWriteStream, so Beast and asio::async_read/async_write work on it, and no template of theirs has to
// cross a header.

namespace proto_http {

class stream {
public:
    using executor_type = boost::asio::any_io_executor;
    using transfer_handler = boost::asio::any_completion_handler<void(error_code, std::size_t)>;

    /// The most buffers that one write gathers.
    static constexpr std::size_t gather_max = 16;

    virtual ~stream() = default;

    virtual executor_type get_executor() noexcept = 0;

    /// Reads at least one byte; a read into nothing completes at once, by a post. Supports terminal per-operation cancellation
    /// through the handler's slot; a cancelled or closed stream completes with `boost::asio::error::operation_aborted`, an end of
    /// stream with `boost::asio::error::eof`.
    virtual void start_read(boost::asio::mutable_buffer buffer, transfer_handler handler) = 0;

    /// Writes at least one byte of the buffers (at most `gather_max` of them). What they point to must outlive the operation, the
    /// list itself need not. Cancellation as for reads.
    virtual void start_write(std::span<const boost::asio::const_buffer> buffers, transfer_handler handler) = 0;

    /// Closes at once, completing what is pending with operation_aborted. Idempotent, never fails.
    virtual void close() noexcept = 0;

    /// Sends what a TLS stream must send before the end (close_notify) and shuts down writing; plain streams shut down writing.
    /// Errors are of no interest to the caller: the stream is closed next.
    virtual boost::asio::awaitable<void> shutdown() = 0;

    /// The peer's IP address without a port ("10.0.0.7", "2001:db8::1"; an IPv4-mapped IPv6 address as IPv4), or empty.
    virtual std::string remote_address() const = 0;

    /// The peer has proved who it is, by a certificate that this side trusts.
    virtual bool is_peer_trusted() const { return false; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
            [this](auto handler, boost::asio::mutable_buffer buffer) { start_read(buffer, std::move(handler)); }, token,
            first_of(buffers));
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        gathered list(buffers);
        return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
            [this](auto handler, const gathered& some) {
                start_write(std::span(some.items.data(), some.count), std::move(handler));
            },
            token, list);
    }

private:
    struct gathered {
        std::array<boost::asio::const_buffer, gather_max> items;
        std::size_t count = 0;

        template <class Buffers>
        explicit gathered(const Buffers& buffers) {
            auto end = boost::asio::buffer_sequence_end(buffers);
            for (auto at = boost::asio::buffer_sequence_begin(buffers); at != end && count < gather_max; ++at)
                if (boost::asio::const_buffer item(*at); item.size() != 0)
                    items[count++] = item;
        }
    };

    template <class Buffers>
    static boost::asio::mutable_buffer first_of(const Buffers& buffers) {
        auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto at = boost::asio::buffer_sequence_begin(buffers); at != end; ++at)
            if (boost::asio::mutable_buffer item(*at); item.size() != 0)
                return item;
        return {};
    }
};

/// A listening socket.
class acceptor {
public:
    virtual ~acceptor() = default;

    /// Takes the next connection. Errors of a single connection (aborted before the accept, out of descriptors) are returned and
    /// the acceptor stays usable; `boost::asio::error::operation_aborted` after close.
    virtual boost::asio::awaitable<result<std::unique_ptr<stream>>> accept() = 0;

    /// The port in use (the one the system chose where port 0 was asked for).
    virtual std::uint16_t port() const = 0;

    virtual void close() noexcept = 0;
};

} // namespace proto_http
