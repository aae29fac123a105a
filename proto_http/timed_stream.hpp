#pragma once

#include "proto_http/runtime.hpp"
#include "proto_http/stream.hpp"
#include "proto_http/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>

#include <memory>
#include <span>
#include <string_view>

// A stream with one movable time limit. Internal to this floor: client connections and server sessions stand on it.

namespace proto_http {

/// `from + by`, or `never` where that cannot be represented.
constexpr time_point later(time_point from, duration by) noexcept {
    return by >= never - from ? never : from + by;
}

/// One stream, one operation at a time, one time limit. Moving the limit is a store: the wait that is pending is kept, looks at
/// the limit when it ends and waits again where that has moved away. So a kept connection costs no timer operation per exchange.
/// A limit that runs out cancels the operation under way and leaves the stream open.
class timed_stream {
public:
    timed_stream(runtime& rt, std::unique_ptr<stream> over);
    ~timed_stream();
    timed_stream(const timed_stream&) = delete;
    timed_stream& operator=(const timed_stream&) = delete;

    stream& next_layer() noexcept { return *stream_; }
    std::unique_ptr<stream> release() noexcept { return std::move(stream_); }

    /// The limit of the operations that follow; `never` for none.
    void expires_at(time_point limit);

    /// At least one byte. Errors: errc::timed_out, errc::cancelled, asio::error::eof at the end of the stream, errc::closed
    /// where the peer broke it off, else the system's code.
    boost::asio::awaitable<result<std::size_t>> read_some(boost::asio::mutable_buffer to);

    /// All of both. Errors as for reads.
    boost::asio::awaitable<result<void>> write(std::string_view first, std::string_view second);

    void close() noexcept;

private:
    class limit;
    error_code meaning_of(error_code error) const;

    std::unique_ptr<stream> stream_;
    std::shared_ptr<limit> limit_;
};

} // namespace proto_http
