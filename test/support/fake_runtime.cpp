#include "support/fake_runtime.hpp"

#include "proto_http/error.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace test_support {

namespace asio = boost::asio;
using namespace proto_http;

struct fake_runtime::pending {
    explicit pending(wait_handler given) : handler(std::move(given)) {}

    std::optional<wait_handler> handler;

    void complete(asio::io_context& context, error_code error) {
        auto done = std::move(*handler);
        handler.reset();
        asio::post(context, asio::append(std::move(done), error));
    }
};

void fake_runtime::start_wait(time_point until, wait_handler handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto one = std::make_shared<pending>(std::move(handler));
    if (until <= time) {
        one->complete(context, {});
        return;
    }
    auto place = std::pair(until, waits_started_++);
    waits_.emplace(place, one);
    if (slot.is_connected())
        slot.assign([this, place](asio::cancellation_type) {
            auto at = waits_.find(place);
            if (at == waits_.end())
                return;
            auto cancelled = at->second;
            waits_.erase(at);
            cancelled->complete(context, asio::error::operation_aborted);
        });
}

asio::awaitable<result<std::unique_ptr<stream>>> fake_runtime::dial(host_port) {
    co_return errc::connect_failed;
}

result<std::unique_ptr<acceptor>> fake_runtime::listen(host_port) {
    return errc::address_in_use;
}

result<std::string> fake_runtime::read_file(const std::string& path, std::size_t size_max) {
    files_read.push_back(path);
    auto at = files.find(path);
    if (at == files.end() || at->second.size() > size_max)
        return errc::file_not_readable;
    return at->second;
}

std::string fake_runtime::environment(std::string_view name) {
    auto at = variables.find(name);
    return at == variables.end() ? std::string() : at->second;
}

fake_runtime::running fake_runtime::run(command what) {
    if (on_run)
        return on_run(std::move(what));
    return []() -> running { co_return errc::command_failed; }();
}

void fake_runtime::advance(duration by) {
    time += by;
    wall += by;
}

void fake_runtime::drive(const std::function<bool()>& is_done) {
    for (;;) {
        context.restart();
        while (context.poll_one() != 0)
            if (is_done && is_done())
                return;
        if ((is_done && is_done()) || waits_.empty())
            return;
        auto first = waits_.begin();
        auto due = first->second;
        if (first->first.first == never)
            return;
        advance(std::max(first->first.first - time, duration::zero()));
        waits_.erase(first);
        due->complete(context, {});
    }
}

} // namespace test_support
