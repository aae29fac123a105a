#include "support/manual_runtime.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <deque>
#include <utility>

namespace test_support {

namespace asio = boost::asio;
using namespace proto_http;

struct timeline::wait {
    wait(const void* by, asio::any_io_executor on, runtime::wait_handler h)
        : owner(by), executor(std::move(on)), handler(std::move(h)) {}

    const void* owner;
    asio::any_io_executor executor;
    runtime::wait_handler handler;
};

bool timeline::fire_next() {
    if (waits_.empty())
        return false;
    auto first = waits_.begin();
    if (first->first.first == never)
        return false;
    now_ = std::max(now_, first->first.first);
    auto fired = std::move(first->second);
    waits_.erase(first);
    post_completion(fired->executor, std::move(fired->handler), error_code());
    return true;
}

time_point timeline::next() const noexcept {
    return waits_.empty() ? never : waits_.begin()->first.first;
}

void timeline::move_to(time_point at) {
    now_ = std::max(now_, std::min(at, next()));
}

void timeline::start_wait(const void* owner, asio::any_io_executor executor, time_point until, runtime::wait_handler handler) {
    key which{until, ++last_sequence_};
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected())
        slot.assign([weak = weak_from_this(), which](asio::cancellation_type) {
            if (auto self = weak.lock())
                self->cancel(which);
        });
    if (until <= now_)
        post_completion(executor, std::move(handler), error_code());
    else
        waits_.emplace(which, std::make_shared<wait>(owner, std::move(executor), std::move(handler)));
}

void timeline::cancel(const key& which) {
    auto at = waits_.find(which);
    if (at == waits_.end())
        return;
    auto cancelled = std::move(at->second);
    waits_.erase(at);
    post_completion(cancelled->executor, std::move(cancelled->handler), error_code(asio::error::operation_aborted));
}

void timeline::drop(const void* owner) {
    // The handlers own coroutines, whose ends may cancel further waits: they die outside the map.
    std::vector<std::shared_ptr<wait>> dropped;
    for (auto at = waits_.begin(); at != waits_.end();) {
        if (at->second->owner == owner) {
            dropped.push_back(std::move(at->second));
            at = waits_.erase(at);
        } else {
            ++at;
        }
    }
}

std::size_t timeline::waits_of(const void* owner) const {
    return static_cast<std::size_t>(
        std::count_if(waits_.begin(), waits_.end(), [owner](const auto& one) { return one.second->owner == owner; }));
}

/// Connections that were dialled and not yet accepted, or an accept that waits for one.
class memory_network::listener : public std::enable_shared_from_this<listener> {
public:
    using handler = asio::any_completion_handler<void(error_code)>;

    explicit listener(asio::any_io_executor on) : executor(std::move(on)) {}

    asio::any_io_executor executor;
    std::deque<std::unique_ptr<stream>> backlog;
    bool is_closed = false;
    std::shared_ptr<std::vector<memory_wire>> connections; ///< of the process that listens

    void offer(std::unique_ptr<stream> one) {
        backlog.push_back(std::move(one));
        wake({});
    }

    void close() {
        is_closed = true;
        backlog.clear();
        wake(asio::error::operation_aborted);
    }

    void wait(handler waiter) {
        auto slot = asio::get_associated_cancellation_slot(waiter);
        if (slot.is_connected())
            slot.assign([weak = weak_from_this()](asio::cancellation_type) {
                if (auto self = weak.lock())
                    self->wake(asio::error::operation_aborted);
            });
        waiting_.emplace(std::move(waiter));
    }

private:
    void wake(error_code error) {
        if (!waiting_)
            return;
        auto waiter = std::move(*waiting_);
        waiting_.reset();
        post_completion(executor, std::move(waiter), error);
    }

    std::optional<handler> waiting_;
};

class memory_network::listener_handle final : public acceptor {
public:
    listener_handle(std::shared_ptr<listener> to, std::uint16_t port) : to_(std::move(to)), port_(port) {}
    ~listener_handle() override { to_->close(); }
    listener_handle(const listener_handle&) = delete;
    listener_handle& operator=(const listener_handle&) = delete;

    asio::awaitable<result<std::unique_ptr<stream>>> accept() override {
        auto from = to_;
        while (!from->is_closed && from->backlog.empty()) {
            auto start = [](listener::handler handler, const std::shared_ptr<listener>& at) { at->wait(std::move(handler)); };
            auto [error] = co_await asio::async_initiate<const await_tuple_t, void(error_code)>(start, await_tuple, from);
            if (error)
                co_return error;
        }
        if (from->is_closed)
            co_return asio::error::operation_aborted;
        auto taken = std::move(from->backlog.front());
        from->backlog.pop_front();
        co_return std::move(taken);
    }

    std::uint16_t port() const override { return port_; }
    void close() noexcept override { to_->close(); }

private:
    std::shared_ptr<listener> to_;
    std::uint16_t port_;
};

std::shared_ptr<memory_network::listener> memory_network::find(const host_port& at) const {
    for (const auto& host : {at.host, std::string()}) {
        auto found = listeners_.find(address(host, at.port));
        if (found == listeners_.end())
            continue;
        if (auto open = found->second.lock(); open && !open->is_closed)
            return open;
    }
    return nullptr;
}

manual_runtime::manual_runtime(asio::io_context& context, std::uint64_t seed, std::shared_ptr<timeline> time,
                               std::shared_ptr<memory_network> net)
    : context_(context), timeline_(std::move(time)), network_(std::move(net)), random_state_(seed) {}

void manual_runtime::sever() {
    is_severed_ = true;
    for (const auto& weak : listening_)
        if (auto open = weak.lock())
            open->close();
    reset_connections();
}

void manual_runtime::reset_connections() {
    for (auto& wire : std::exchange(*connections_, std::vector<memory_wire>()))
        wire.reset();
}

const std::vector<memory_wire>& manual_runtime::connections() {
    std::erase_if(*connections_, [](const memory_wire& one) { return one.is_closed(); });
    return *connections_;
}

void manual_runtime::drop_waits() {
    timeline_->drop(this);
}

bool manual_runtime::poll() {
    context_.restart();
    return context_.poll() != 0;
}

bool manual_runtime::run_until(const std::function<bool()>& done, duration limit) {
    auto end = timeline_->now() + limit;
    while (true) {
        // One handler at a time, so that the condition is seen at its first moment.
        context_.restart();
        while (!done())
            if (context_.poll_one() == 0)
                break;
        if (done())
            return true;
        if (timeline_->next() > end || !timeline_->fire_next())
            return false;
    }
}

void manual_runtime::run_for(duration by) {
    auto end = timeline_->now() + by;
    do
        poll();
    while (timeline_->next() <= end && timeline_->fire_next());
    timeline_->move_to(end);
}

asio::any_io_executor manual_runtime::executor() noexcept {
    return context_.get_executor();
}

time_point manual_runtime::now() const noexcept {
    return timeline_->now() + clock_offset;
}

wall_time manual_runtime::wall_now() const noexcept {
    return wall_base + now().time_since_epoch();
}

// splitmix64: small, and the same on every platform.
std::uint64_t manual_runtime::random() {
    auto z = (random_state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void manual_runtime::start_wait(time_point until, wait_handler handler) {
    timeline_->start_wait(this, context_.get_executor(), until == never ? never : until - clock_offset, std::move(handler));
}

asio::awaitable<result<std::unique_ptr<stream>>> manual_runtime::dial(host_port to) {
    ++network_->dials_;
    auto plan = network_->on_dial ? network_->on_dial(to) : dial_plan();
    if (plan.hangs || plan.delay > duration::zero()) {
        auto until = plan.hangs ? never : now() + plan.delay;
        auto error = co_await wait_until(*this, until);
        if (error)
            co_return errc::cancelled;
    }
    if (plan.error)
        co_return plan.error;
    auto listening = is_severed_ ? nullptr : network_->find(to);
    if (!listening)
        co_return errc::connect_failed;
    auto ends = make_memory_stream(executor(), listening->executor, own_address, to.host, plan.capacity);
    for (const auto& of : {connections_, listening->connections}) {
        if (of->size() >= 64 && (of->size() & (of->size() - 1)) == 0)
            std::erase_if(*of, [](const memory_wire& one) { return one.is_closed(); });
        of->push_back(ends.wire);
    }
    if (network_->on_connected)
        network_->on_connected(to, ends.wire);
    listening->offer(std::move(ends.second));
    co_return std::move(ends.first);
}

asio::awaitable<result<std::vector<asio::ip::address>>> manual_runtime::resolve(name_query what) {
    if (names.empty())
        co_return errc::name_server_failed;
    auto at = names.find(what.name);
    if (at == names.end())
        co_return errc::host_not_found;
    co_return at->second;
}

result<std::unique_ptr<acceptor>> manual_runtime::listen(host_port at) {
    if (at.port == 0)
        at.port = ++network_->last_port_;
    auto& place = network_->listeners_[memory_network::address(at.host, at.port)];
    if (auto open = place.lock(); open && !open->is_closed)
        return errc::address_in_use;
    auto made = std::make_shared<memory_network::listener>(executor());
    made->connections = connections_;
    listening_.push_back(made);
    place = made;
    std::unique_ptr<acceptor> handle = std::make_unique<memory_network::listener_handle>(std::move(made), at.port);
    return handle;
}

result<std::string> manual_runtime::read_file(const std::string& path, std::size_t size_max) {
    auto at = files.find(path);
    if (at == files.end() || at->second.size() > size_max)
        return errc::file_not_readable;
    return at->second;
}

std::string manual_runtime::environment(std::string_view name) {
    auto at = variables.find(name);
    return at == variables.end() ? std::string() : at->second;
}

asio::awaitable<result<command_output>> manual_runtime::run(command what) {
    if (!on_run)
        co_return errc::command_failed;
    co_return on_run(what);
}

} // namespace test_support
