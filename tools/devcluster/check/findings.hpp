#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace devcluster {

/// What a check found. It passes if there is no error.
struct findings {
    std::vector<std::string> errors; ///< one line each: what was tried, what came, how long it took
    std::vector<std::string> notes;  ///< the same of what was right; for a person who looks on
};

/// Runs the tests of one check side by side, so that one that hangs takes no time from another. The findings keep the order of
/// the tests. Not to be cancelled: each test has its own time limit.
boost::asio::awaitable<findings> run_all(proto_http::runtime& rt, std::vector<boost::asio::awaitable<findings>> tests);

/// "340ms", "1.5s": the time since `began`.
std::string time_since(const proto_http::runtime& rt, proto_http::time_point began);

/// Text of a stranger, fit for a report: valid UTF-8 (what is not becomes U+FFFD) of at most `size_max` bytes.
std::string legible(std::string_view text, std::size_t size_max);

} // namespace devcluster
