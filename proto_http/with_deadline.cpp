#include "proto_http/with_deadline.hpp"

#include "proto_http/await_value.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

#include <memory>

namespace proto_http::detail {

namespace asio = boost::asio;

namespace {

using race_handler = asio::any_completion_handler<void(std::exception_ptr)>;

bool is_aborted(const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
}

/// One operation against one deadline and a cancel from above. The operation's completion is the only end.
class contest : public std::enable_shared_from_this<contest> {
public:
    explicit contest(runtime& rt) : rt_(rt) {}

    race_end end = race_end::finished;

    void start(asio::awaitable<void> operation, time_point deadline, race_handler handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([weak = weak_from_this()](asio::cancellation_type) {
                if (auto self = weak.lock())
                    self->give_up(race_end::cancelled);
            });
        handler_.emplace(std::move(handler));
        if (deadline != never)
            start_timer(deadline);
        asio::co_spawn(rt_.executor(), std::move(operation),
                       asio::bind_cancellation_slot(operation_.slot(), [self = shared_from_this()](std::exception_ptr exception) {
                           self->finish(std::move(exception));
                       }));
    }

private:
    void start_timer(time_point deadline) {
        is_timed_ = true;
        auto fired = [weak = weak_from_this()](error_code error) {
            auto self = weak.lock();
            if (!self)
                return;
            self->is_timed_ = false;
            if (!error)
                self->give_up(race_end::timed_out);
        };
        rt_.start_wait(deadline, asio::bind_cancellation_slot(timer_.slot(), std::move(fired)));
    }

    void give_up(race_end why) {
        if (!handler_ || end != race_end::finished)
            return;
        end = why;
        operation_.emit(asio::cancellation_type::terminal);
    }

    void finish(std::exception_ptr exception) {
        auto handler = std::move(*handler_);
        handler_.reset();
        if (is_timed_)
            timer_.emit(asio::cancellation_type::terminal);
        post_completion(rt_.executor(), std::move(handler), std::move(exception));
    }

    runtime& rt_;
    std::optional<race_handler> handler_;
    asio::cancellation_signal timer_;
    asio::cancellation_signal operation_;
    bool is_timed_ = false; ///< the timer is pending; one that has fired must not be cancelled any more
};

asio::awaitable<race_end> run_unbounded(asio::awaitable<void> operation) {
    try {
        co_await std::move(operation);
    } catch (const boost::system::system_error& error) {
        if (!is_aborted(error))
            throw;
        co_return race_end::cancelled;
    }
    co_return race_end::finished;
}

} // namespace

asio::awaitable<race_end> race(runtime& rt, asio::awaitable<void> operation, time_point deadline) {
    if (deadline == never)
        co_return co_await run_unbounded(std::move(operation));
    if (deadline <= rt.now())
        co_return race_end::timed_out;

    auto both = std::make_shared<contest>(rt);
    auto start = [](race_handler handler, const std::shared_ptr<contest>& to, asio::awaitable<void> what, time_point until) {
        to->start(std::move(what), until, std::move(handler));
    };
    try {
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(start, asio::use_awaitable, both,
                                                                                               std::move(operation), deadline);
    } catch (const boost::system::system_error& error) {
        if (!is_aborted(error))
            throw;
        if (both->end == race_end::finished)
            co_return race_end::cancelled;
    }
    co_return both->end;
}

} // namespace proto_http::detail
