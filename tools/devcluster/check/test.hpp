#pragma once

#include "tools/devcluster/check/findings.hpp"

#include <chrono>

namespace devcluster {

struct test_options {
    bool fails = false;
    proto_http::duration delay = std::chrono::seconds(5);
    std::string message = "Test has failed!";
};

/// Kuberhealthy v2's test-check: waits and then says what it was told to say. It plays checks of any fate, also one that comes
/// too late: no limit cuts its delay short.
boost::asio::awaitable<findings> check_test(proto_http::runtime& rt, test_options options);

} // namespace devcluster
