#pragma once

#include "proto_http/event.hpp"
#include "proto_http/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace devcluster {

/// What a container wrote, line by line with the time at which each came, in memory. Beyond its bound the oldest lines go.
class container_log {
public:
    static constexpr std::size_t size_max_default = 1024 * 1024;
    static constexpr std::size_t line_size_max = 16 * 1024; ///< a longer line is kept in pieces, as container runtimes do

    explicit container_log(proto_http::runtime& rt, std::size_t size_max = size_max_default);

    void append(std::string_view bytes);
    /// Nothing comes any more. A last line without an end gets one, as container runtimes do.
    void close();
    bool is_closed() const noexcept { return is_closed_; }

    /// The number of a line since the start of the container.
    using position = std::uint64_t;
    position begin() const noexcept { return dropped_; }
    position end() const noexcept { return dropped_ + lines_.size(); }
    /// The first line that came at that time or later.
    position since(proto_http::wall_time at) const;

    /// Some lines from `at` on and before `until`, about 64 KiB of text at most, and moves `at` behind them; lines that are gone
    /// are skipped. Empty where there are none.
    std::string read(position& at, bool timestamps, position until) const;

    /// The last lines, of at most `size_max` bytes the last, as valid UTF-8: a byte that is none becomes U+FFFD.
    std::string tail(std::size_t lines, std::size_t size_max) const;

    /// Waits until something is added or it is closed. Errors: those of event::wait.
    boost::asio::awaitable<proto_http::error_code> changed(proto_http::time_point deadline = proto_http::never);

private:
    struct line {
        proto_http::wall_time at;
        std::string text; ///< with its newline, unless it is a piece of a longer one
    };
    void add(std::string text);
    void tell();

    proto_http::runtime& rt_;
    std::size_t size_max_;
    std::size_t size_ = 0;
    position dropped_ = 0;
    std::deque<line> lines_;
    std::string open_; ///< a line without its end
    bool is_closed_ = false;
    proto_http::event changed_;
};

} // namespace devcluster
