#include "tools/devcluster/check/findings.hpp"

#include "proto_http/task_group.hpp"
#include "proto_http/text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <iterator>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD

asio::awaitable<void> store(asio::awaitable<findings> test, findings* to) {
    *to = co_await std::move(test);
}

void move_to_end(std::vector<std::string>& to, std::vector<std::string>& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

} // namespace

asio::awaitable<findings> run_all(runtime& rt, std::vector<asio::awaitable<findings>> tests) {
    std::vector<findings> each(tests.size());
    std::exception_ptr failed;
    task_group group(rt, [&failed](const std::string&, std::exception_ptr thrown) { failed = std::move(thrown); });
    for (std::size_t i = 0; i < tests.size(); ++i)
        group.spawn("test", store(std::move(tests[i]), &each[i]));
    co_await group.join();
    if (failed)
        std::rethrow_exception(failed);
    findings all;
    for (auto& one : each) {
        move_to_end(all.errors, one.errors);
        move_to_end(all.notes, one.notes);
    }
    co_return all;
}

std::string time_since(const runtime& rt, time_point began) {
    using namespace std::chrono;
    auto passed = duration_cast<milliseconds>(rt.now() - began);
    if (passed < 1s)
        return fmt::format("{}ms", passed.count());
    return fmt::format("{:.1f}s", static_cast<double>(passed.count()) / 1000);
}

std::string legible(std::string_view text, std::size_t size_max) {
    std::string valid;
    valid.reserve(text.size());
    while (!text.empty()) {
        auto size = utf8_sequence_size(text);
        valid.append(size == 0 ? replacement : text.substr(0, size));
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return cut_and_mark(valid, size_max);
}

} // namespace devcluster
