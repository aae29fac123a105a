#include "proto_http/first_of.hpp"

#include "proto_http/await_value.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

#include <array>
#include <memory>
#include <optional>

namespace proto_http {

namespace asio = boost::asio;

namespace {

using pair_handler = asio::any_completion_handler<void(std::exception_ptr)>;

bool is_aborted(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

class pair_of_operations : public std::enable_shared_from_this<pair_of_operations> {
public:
    explicit pair_of_operations(runtime& rt) : rt_(rt) {}

    std::optional<first_end> end;

    void start(asio::awaitable<void> first, asio::awaitable<void> second, pair_handler handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([weak = weak_from_this()](asio::cancellation_type) {
                if (auto self = weak.lock())
                    self->give_up();
            });
        handler_.emplace(std::move(handler));
        spawn(0, std::move(first));
        spawn(1, std::move(second));
    }

private:
    void spawn(std::size_t which, asio::awaitable<void> operation) {
        ++running_;
        asio::co_spawn(rt_.executor(), std::move(operation),
                       asio::bind_cancellation_slot(signals_[which].slot(),
                                                    [self = shared_from_this(), which](std::exception_ptr exception) {
                                                        self->finish(which, std::move(exception));
                                                    }));
    }

    void give_up() {
        if (end)
            return;
        end = first_end::cancelled;
        for (auto& signal : signals_)
            signal.emit(asio::cancellation_type::terminal);
    }

    void finish(std::size_t which, std::exception_ptr exception) {
        if (!end) {
            end = which == 0 ? first_end::first : first_end::second;
            if (exception && !is_aborted(exception))
                exception_ = std::move(exception);
            signals_[1 - which].emit(asio::cancellation_type::terminal);
        }
        if (--running_ != 0)
            return;
        auto handler = std::move(*handler_);
        handler_.reset();
        post_completion(rt_.executor(), std::move(handler), std::move(exception_));
    }

    runtime& rt_;
    std::optional<pair_handler> handler_;
    std::array<asio::cancellation_signal, 2> signals_;
    std::exception_ptr exception_;
    int running_ = 0;
};

} // namespace

asio::awaitable<first_end> first_of(runtime& rt, asio::awaitable<void> first, asio::awaitable<void> second) {
    auto both = std::make_shared<pair_of_operations>(rt);
    auto start = [](pair_handler handler, const std::shared_ptr<pair_of_operations>& of, asio::awaitable<void> one,
                    asio::awaitable<void> other) { of->start(std::move(one), std::move(other), std::move(handler)); };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(start, asio::use_awaitable, both,
                                                                                           std::move(first), std::move(second));
    co_return *both->end;
}

} // namespace proto_http
