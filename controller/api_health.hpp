#pragma once

#include "asio_k8s/error.hpp"
#include "controller/log.hpp"
#include "proto_http/runtime.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace kh {

/// Whether the API server answers, told by every call. One log line when that changes, and one a minute for a refused
/// permission, naming what the server said.
class api_health {
public:
    api_health(proto_http::runtime& rt, logger& log) : runtime_(rt), log_(log), forbidden_(std::chrono::minutes(1)) {}

    void outcome(bool answered, const k8s::api_error* error);

    bool reachable() const { return reachable_; }
    const std::string& last_error() const { return last_error_; }
    std::uint64_t calls() const { return calls_; }
    std::uint64_t failures() const { return failures_; }

private:
    proto_http::runtime& runtime_;
    logger& log_;
    log_limiter forbidden_;
    bool reachable_ = false;
    std::string last_error_ = "no call was answered yet";
    std::uint64_t calls_ = 0;
    std::uint64_t failures_ = 0;
};

} // namespace kh
