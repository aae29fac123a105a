#include "proto_http/timed_stream.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <algorithm>
#include <array>

namespace proto_http {

namespace asio = boost::asio;

/// Shared with the pending wait only.
class timed_stream::limit : public std::enable_shared_from_this<limit> {
public:
    explicit limit(runtime& rt) : rt_(rt) {}

    bool has_run_out() const noexcept { return has_run_out_; }

    void move_to(time_point at) {
        at_ = at;
        has_run_out_ = false;
        if (at_ == never || (is_waiting_ && waiting_until_ <= at_))
            return;
        stop_waiting();
        wait();
    }

    void stop_waiting() {
        if (is_waiting_)
            wait_.emit(asio::cancellation_type::terminal);
        is_waiting_ = false;
        ++generation_;
    }

    /// Ties an operation to the limit, and to the cancellation of the coroutine that awaits it.
    template <class Handler>
    auto bind(Handler handler) {
        auto above = asio::get_associated_cancellation_slot(handler);
        if (above.is_connected())
            above.assign([self = shared_from_this()](asio::cancellation_type type) { self->operation_.emit(type); });
        return asio::bind_cancellation_slot(operation_.slot(), std::move(handler));
    }

    void operation_begins() noexcept { is_busy_ = true; }

    void operation_ends() noexcept { is_busy_ = false; }

private:
    void wait() {
        is_waiting_ = true;
        waiting_until_ = at_;
        auto ended = [weak = weak_from_this(), generation = generation_](error_code error) {
            auto self = weak.lock();
            if (!self || error || self->generation_ != generation)
                return;
            self->is_waiting_ = false;
            self->look();
        };
        rt_.start_wait(waiting_until_, asio::bind_cancellation_slot(wait_.slot(), std::move(ended)));
    }

    void look() {
        if (at_ == never)
            return;
        if (rt_.now() < at_) {
            wait();
            return;
        }
        has_run_out_ = true;
        if (is_busy_)
            operation_.emit(asio::cancellation_type::terminal);
    }

    runtime& rt_;
    time_point at_ = never;
    time_point waiting_until_ = never;
    unsigned generation_ = 0;
    bool is_waiting_ = false;
    bool is_busy_ = false;
    bool has_run_out_ = false;
    asio::cancellation_signal wait_;
    asio::cancellation_signal operation_;
};

timed_stream::timed_stream(runtime& rt, std::unique_ptr<stream> over)
    : stream_(std::move(over)), limit_(std::make_shared<limit>(rt)) {}

timed_stream::~timed_stream() {
    limit_->stop_waiting();
}

void timed_stream::expires_at(time_point at) {
    limit_->move_to(at);
}

void timed_stream::close() noexcept {
    if (stream_)
        stream_->close();
}

error_code timed_stream::meaning_of(error_code error) const {
    if (error == asio::error::operation_aborted)
        return limit_->has_run_out() ? errc::timed_out : errc::cancelled;
    if (error == asio::error::connection_reset || error == asio::error::broken_pipe ||
        error == asio::ssl::error::stream_truncated)
        return errc::closed;
    return error;
}

asio::awaitable<result<std::size_t>> timed_stream::read_some(asio::mutable_buffer to) {
    if (limit_->has_run_out())
        co_return errc::timed_out;
    auto start = [](stream::transfer_handler handler, stream* from, limit* bound, asio::mutable_buffer buffer) {
        bound->operation_begins();
        from->start_read(buffer, bound->bind(std::move(handler)));
    };
    auto [error, size] = co_await asio::async_initiate<const await_tuple_t, void(error_code, std::size_t)>(
        start, await_tuple, stream_.get(), limit_.get(), to);
    limit_->operation_ends();
    if (error)
        co_return meaning_of(error);
    co_return size;
}

asio::awaitable<result<void>> timed_stream::write(std::string_view first, std::string_view second) {
    auto start = [](stream::transfer_handler handler, stream* to, limit* bound, std::span<const asio::const_buffer> buffers) {
        bound->operation_begins();
        to->start_write(buffers, bound->bind(std::move(handler)));
    };
    while (!first.empty() || !second.empty()) {
        if (limit_->has_run_out())
            co_return errc::timed_out;
        std::array<asio::const_buffer, 2> buffers;
        std::size_t count = 0;
        for (auto part : {first, second})
            if (!part.empty())
                buffers[count++] = asio::const_buffer(part.data(), part.size());
        std::span<const asio::const_buffer> some(buffers.data(), count);
        auto [error, size] = co_await asio::async_initiate<const await_tuple_t, void(error_code, std::size_t)>(
            start, await_tuple, stream_.get(), limit_.get(), some);
        limit_->operation_ends();
        if (error)
            co_return meaning_of(error);
        auto of_first = std::min(size, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(size - of_first);
    }
    co_return result<void>();
}

} // namespace proto_http
