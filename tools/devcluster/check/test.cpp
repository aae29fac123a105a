#include "tools/devcluster/check/test.hpp"

#include "proto_http/go_duration.hpp"

#include <fmt/format.h>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

asio::awaitable<findings> check_test(runtime& rt, test_options options) {
    findings found;
    co_await wait_until(rt, rt.now() + options.delay);
    if (options.fails)
        found.errors.push_back(std::move(options.message));
    else
        found.notes.push_back(fmt::format("passes, as it was told, after {}", format_go_duration(options.delay)));
    co_return found;
}

} // namespace devcluster
