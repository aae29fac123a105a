#include "proto_http/event.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>

#include <list>
#include <optional>

namespace proto_http {

namespace asio = boost::asio;

namespace {

using wake_handler = asio::any_completion_handler<void(error_code)>;

struct waiter {
    explicit waiter(wake_handler handler) : done(std::move(handler)) {}

    std::optional<wake_handler> done; ///< empty once it is completed
    asio::cancellation_signal timer;
    bool is_timed = false; ///< its timer is pending; one that has fired must not be cancelled any more
    std::list<std::shared_ptr<waiter>>::iterator place;
};

} // namespace

class event::impl : public std::enable_shared_from_this<impl> {
public:
    explicit impl(runtime& rt) : rt_(rt) {}

    bool is_set = false;

    void wait(time_point deadline, wake_handler handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto one = std::make_shared<waiter>(std::move(handler));
        one->place = waiters_.insert(waiters_.end(), one);
        // Weak: neither a pending timer nor a slot puts off the end of the event, and both may outlive the waiter.
        if (slot.is_connected())
            slot.assign([weak = weak_from_this(), waiting = std::weak_ptr(one)](asio::cancellation_type) {
                complete_if_there(weak, waiting, errc::cancelled);
            });
        if (deadline != never)
            start_timer(*one, deadline);
    }

    void complete_all(error_code error) {
        while (!waiters_.empty())
            complete(*waiters_.front(), error);
    }

private:
    void start_timer(waiter& one, time_point deadline) {
        auto fired = [weak = weak_from_this(), waiting = std::weak_ptr(*one.place)](error_code error) {
            if (auto still = waiting.lock())
                still->is_timed = false;
            if (!error)
                complete_if_there(weak, waiting, errc::timed_out);
        };
        one.is_timed = true;
        rt_.start_wait(deadline, asio::bind_cancellation_slot(one.timer.slot(), std::move(fired)));
    }

    static void complete_if_there(const std::weak_ptr<impl>& weak, const std::weak_ptr<waiter>& waiting, error_code error) {
        auto self = weak.lock();
        auto one = waiting.lock();
        if (self && one && one->done)
            self->complete(*one, error);
    }

    void complete(waiter& one, error_code error) {
        auto keep = *one.place;
        waiters_.erase(one.place);
        auto handler = std::move(*one.done);
        one.done.reset();
        if (one.is_timed)
            one.timer.emit(asio::cancellation_type::terminal);
        post_completion(rt_.executor(), std::move(handler), error);
    }

    runtime& rt_;
    std::list<std::shared_ptr<waiter>> waiters_;
};

event::event(runtime& rt) : impl_(std::make_shared<impl>(rt)) {}

event::~event() {
    impl_->complete_all(errc::cancelled);
}

void event::set() {
    impl_->is_set = true;
    impl_->complete_all({});
}

void event::reset() noexcept {
    impl_->is_set = false;
}

bool event::is_set() const noexcept {
    return impl_->is_set;
}

asio::awaitable<error_code> event::wait(time_point deadline) {
    auto self = impl_;
    if (self->is_set)
        co_return error_code();
    // Where the caller has turned throwing off, a cancel that came before the wait must still end it.
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        co_return errc::cancelled;
    auto start = [](wake_handler handler, const std::shared_ptr<impl>& to, time_point until) {
        to->wait(until, std::move(handler));
    };
    auto [error] = co_await asio::async_initiate<const await_tuple_t, void(error_code)>(start, await_tuple, self, deadline);
    co_return error;
}

} // namespace proto_http
