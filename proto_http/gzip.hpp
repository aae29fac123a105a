#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>

// gzip for response bodies. Internal to this floor.

namespace proto_http {

/// Whether an Accept-Encoding value allows gzip: named, or by "*", with q above 0 (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

/// Compresses bodies in slices, so that a large one does not hold up the loop, and remembers the last few: a cached page that is
/// served again is compressed once.
class body_compressor {
public:
    using body = std::shared_ptr<const std::string>;

    explicit body_compressor(runtime& rt) : rt_(rt) {}

    /// Null where zlib fails or the result is no smaller.
    boost::asio::awaitable<body> compress(body plain);

private:
    struct entry {
        std::weak_ptr<const std::string> plain; ///< also tells a dead body from a new one at the same address
        body compressed;
    };

    runtime& rt_;
    std::array<entry, 8> recent_;
    std::size_t next_ = 0;
};

} // namespace proto_http
