#include "support/memory_stream.hpp"

#include "proto_http/await_value.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <optional>

namespace test_support {

namespace asio = boost::asio;
using proto_http::error_code;
using proto_http::stream;

namespace detail {

/// One direction. At most one read and one write are pending.
class memory_pipe : public std::enable_shared_from_this<memory_pipe> {
public:
    explicit memory_pipe(std::size_t capacity) : capacity_(capacity) {}

    void start_read(asio::any_io_executor executor, asio::mutable_buffer to, stream::transfer_handler handler) {
        on_cancel(handler, &memory_pipe::abort_read);
        reading_.emplace(std::move(executor), std::move(handler));
        read_to_ = to;
        move_on();
    }

    void start_write(asio::any_io_executor executor, std::span<const asio::const_buffer> from, stream::transfer_handler handler) {
        on_cancel(handler, &memory_pipe::abort_write);
        writing_.emplace(std::move(executor), std::move(handler));
        // As a kernel does, the bytes are taken when there is room: the caller's buffers live until the completion.
        write_from_.assign(from.begin(), from.end());
        move_on();
    }

    /// No more bytes come in; what is in it can still be read.
    void end_writing() {
        is_ended_ = true;
        finish(writing_, asio::error::operation_aborted, 0);
        move_on();
    }

    /// The reader has gone.
    void end_reading() {
        is_abandoned_ = true;
        data_.clear();
        finish(reading_, asio::error::operation_aborted, 0);
        move_on();
    }

    void reset() {
        is_reset_ = true;
        data_.clear();
        move_on();
    }

    void stall(bool stalls) {
        is_stalled_ = stalls;
        move_on();
    }

    bool is_closed() const { return is_ended_ || is_abandoned_ || is_reset_; }

private:
    struct operation {
        operation(asio::any_io_executor on, stream::transfer_handler h) : executor(std::move(on)), handler(std::move(h)) {}
        asio::any_io_executor executor;
        stream::transfer_handler handler;
    };
    using pending = std::optional<operation>;

    void on_cancel(stream::transfer_handler& handler, void (memory_pipe::*abort)()) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([weak = weak_from_this(), abort](asio::cancellation_type) {
                if (auto self = weak.lock())
                    (*self.*abort)();
            });
    }

    void abort_read() { finish(reading_, asio::error::operation_aborted, 0); }
    void abort_write() { finish(writing_, asio::error::operation_aborted, 0); }

    static void finish(pending& which, error_code error, std::size_t size) {
        if (!which)
            return;
        auto executor = which->executor;
        auto handler = std::move(which->handler);
        which.reset();
        proto_http::post_completion(executor, std::move(handler), error, size);
    }

    void move_on() {
        auto keep = shared_from_this();
        if (is_reset_) {
            finish(reading_, asio::error::connection_reset, 0);
            finish(writing_, asio::error::connection_reset, 0);
            return;
        }
        if (writing_ && is_abandoned_)
            finish(writing_, asio::error::broken_pipe, 0);
        take_written();
        hand_over();
        take_written();
    }

    void take_written() {
        if (!writing_)
            return;
        auto wanted = asio::buffer_size(write_from_);
        auto size = std::min(wanted, capacity_ - data_.size());
        if (size == 0 && wanted != 0)
            return;
        auto before = data_.size();
        data_.resize(before + size);
        asio::buffer_copy(asio::buffer(data_.data() + before, size), write_from_);
        finish(writing_, {}, size);
    }

    void hand_over() {
        // asio::ssl reads nothing as a way to post its handler.
        if (reading_ && read_to_.size() == 0)
            finish(reading_, {}, 0);
        if (!reading_ || is_stalled_)
            return;
        if (data_.empty() && is_ended_)
            finish(reading_, asio::error::eof, 0);
        if (data_.empty())
            return;
        auto size = asio::buffer_copy(read_to_, asio::buffer(data_));
        data_.erase(0, size);
        finish(reading_, {}, size);
    }

    std::size_t capacity_;
    std::string data_;
    pending reading_;
    pending writing_;
    asio::mutable_buffer read_to_;
    std::vector<asio::const_buffer> write_from_;
    bool is_ended_ = false;
    bool is_abandoned_ = false;
    bool is_reset_ = false;
    bool is_stalled_ = false;
};

} // namespace detail

namespace {

using detail::memory_pipe;

class memory_stream final : public stream {
public:
    memory_stream(asio::any_io_executor executor, std::shared_ptr<memory_pipe> in, std::shared_ptr<memory_pipe> out,
                  std::string peer)
        : executor_(std::move(executor)), in_(std::move(in)), out_(std::move(out)), peer_(std::move(peer)) {}

    ~memory_stream() override { memory_stream::close(); }
    memory_stream(const memory_stream&) = delete;
    memory_stream& operator=(const memory_stream&) = delete;

    executor_type get_executor() noexcept override { return executor_; }

    void start_read(asio::mutable_buffer buffer, transfer_handler handler) override {
        if (is_closed_)
            proto_http::post_completion(executor_, std::move(handler), error_code(asio::error::operation_aborted),
                                        std::size_t{0});
        else
            in_->start_read(executor_, buffer, std::move(handler));
    }

    void start_write(std::span<const asio::const_buffer> buffers, transfer_handler handler) override {
        if (is_closed_)
            proto_http::post_completion(executor_, std::move(handler), error_code(asio::error::operation_aborted),
                                        std::size_t{0});
        else
            out_->start_write(executor_, buffers, std::move(handler));
    }

    void close() noexcept override {
        if (std::exchange(is_closed_, true))
            return;
        in_->end_reading();
        out_->end_writing();
    }

    asio::awaitable<void> shutdown() override {
        out_->end_writing();
        co_return;
    }

    std::string remote_address() const override { return peer_; }

private:
    asio::any_io_executor executor_;
    std::shared_ptr<memory_pipe> in_;
    std::shared_ptr<memory_pipe> out_;
    std::string peer_;
    bool is_closed_ = false;
};

} // namespace

void memory_wire::reset() {
    for (auto& direction : {there_, back_})
        if (auto pipe = direction.lock())
            pipe->reset();
}

void memory_wire::stall(bool stalls) {
    for (auto& direction : {there_, back_})
        if (auto pipe = direction.lock())
            pipe->stall(stalls);
}

bool memory_wire::is_closed() const {
    auto there = there_.lock();
    auto back = back_.lock();
    return (!there || there->is_closed()) && (!back || back->is_closed());
}

memory_ends make_memory_stream(asio::any_io_executor first_executor, asio::any_io_executor second_executor,
                               std::string first_address, std::string second_address, std::size_t capacity) {
    auto there = std::make_shared<memory_pipe>(capacity);
    auto back = std::make_shared<memory_pipe>(capacity);
    memory_ends ends;
    ends.first = std::make_unique<memory_stream>(std::move(first_executor), back, there, std::move(second_address));
    ends.second = std::make_unique<memory_stream>(std::move(second_executor), there, back, std::move(first_address));
    ends.wire.there_ = there;
    ends.wire.back_ = back;
    return ends;
}

} // namespace test_support
