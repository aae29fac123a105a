#pragma once

#include "proto_http/stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

// Byte streams in memory with the manners of TCP: bounded buffers, half-close, reset, per-operation cancellation. No operation
// completes inline. beast::test::stream is not used because it ignores per-operation cancellation.

namespace test_support {

namespace detail {
class memory_pipe;
}

/// The wire between two ends, for faults. It may outlive them.
class memory_wire {
public:
    /// Both ends see connection_reset from now on; what was on its way is lost.
    void reset();

    /// Nothing arrives until `stall(false)`; writers go on until their buffer is full. As a path that drops packets.
    void stall(bool stalls);

    bool is_closed() const;

private:
    friend struct memory_ends make_memory_stream(boost::asio::any_io_executor, boost::asio::any_io_executor, std::string,
                                                 std::string, std::size_t);
    std::weak_ptr<detail::memory_pipe> there_;
    std::weak_ptr<detail::memory_pipe> back_;
};

struct memory_ends {
    std::unique_ptr<proto_http::stream> first;
    std::unique_ptr<proto_http::stream> second;
    memory_wire wire;
};

/// Two joined ends. Each completes its handlers on its own executor; `first_address` is what the *second* end sees as its peer,
/// and the other way round. A write waits while `capacity` bytes are unread.
memory_ends make_memory_stream(boost::asio::any_io_executor first_executor, boost::asio::any_io_executor second_executor,
                               std::string first_address = "10.0.0.1", std::string second_address = "10.0.0.2",
                               std::size_t capacity = 64 * 1024);

} // namespace test_support
