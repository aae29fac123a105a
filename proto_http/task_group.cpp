#include "proto_http/task_group.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <optional>
#include <unordered_map>

namespace proto_http {

namespace asio = boost::asio;

namespace {

bool is_cancellation(std::exception_ptr exception) {
    try {
        std::rethrow_exception(std::move(exception));
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted || error.code() == errc::cancelled;
    } catch (...) {
        return false;
    }
}

// A context that is being destroyed drops frames in any order, groups before children too: only a running loop is held to the
// rule.
bool is_running_in(const asio::any_io_executor& executor) {
    const auto* of_context = executor.target<asio::io_context::executor_type>();
    return of_context != nullptr && of_context->running_in_this_thread();
}

} // namespace

class task_group::impl : public std::enable_shared_from_this<impl> {
public:
    using exception_handler = std::function<void(const std::string&, std::exception_ptr)>;
    using join_handler = asio::any_completion_handler<void()>;

    impl(runtime& rt, exception_handler on_exception) : rt_(rt), on_exception_(std::move(on_exception)) {}

    task_id spawn(std::string name, asio::awaitable<void> task) {
        auto id = ++last_id_;
        // The completion handler holds the child: its signal must outlive the coroutine.
        auto one = std::make_shared<child>();
        one->name = std::move(name);
        children_.emplace(id, one);
        auto ended = [self = shared_from_this(), one, id](std::exception_ptr exception) { self->end(id, *one, exception); };
        asio::co_spawn(rt_.executor(), std::move(task), asio::bind_cancellation_slot(one->cancel.slot(), std::move(ended)));
        if (is_cancelled_)
            post_cancel(one);
        return id;
    }

    void cancel(task_id id) {
        if (auto at = children_.find(id); at != children_.end())
            post_cancel(at->second);
    }

    void cancel() {
        is_cancelled_ = true;
        for (auto& [id, one] : children_)
            post_cancel(one);
    }

    void join(join_handler handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([weak = weak_from_this()](asio::cancellation_type) {
                if (auto self = weak.lock())
                    self->cancel();
            });
        if (children_.empty())
            post_completion(rt_.executor(), std::move(handler));
        else
            joining_.push_back(std::make_unique<join_handler>(std::move(handler)));
    }

    std::size_t size() const noexcept { return children_.size(); }

    void check_empty() const noexcept {
        if (children_.empty() || !is_running_in(rt_.executor()))
            return;
        std::fprintf(stderr, "task_group destroyed with %zu children, one is '%s'\n", children_.size(),
                     children_.begin()->second->name.c_str());
        std::terminate();
    }

private:
    struct child {
        std::string name;
        asio::cancellation_signal cancel;
    };

    void post_cancel(const std::shared_ptr<child>& one) {
        asio::post(rt_.executor(), [weak = std::weak_ptr(one)] {
            if (auto still = weak.lock())
                still->cancel.emit(asio::cancellation_type::terminal);
        });
    }

    void end(task_id id, const child& one, std::exception_ptr exception) {
        children_.erase(id);
        if (exception && on_exception_ && !is_cancellation(exception))
            on_exception_(one.name, exception);
        if (!children_.empty())
            return;
        for (auto& handler : std::exchange(joining_, {}))
            post_completion(rt_.executor(), std::move(*handler));
    }

    runtime& rt_;
    exception_handler on_exception_;
    std::unordered_map<task_id, std::shared_ptr<child>> children_;
    std::vector<std::unique_ptr<join_handler>> joining_;
    task_id last_id_ = 0;
    bool is_cancelled_ = false;
};

task_group::task_group(runtime& rt, std::function<void(const std::string& name, std::exception_ptr)> on_exception)
    : impl_(std::make_shared<impl>(rt, std::move(on_exception))) {}

task_group::~task_group() {
    impl_->check_empty();
}

task_group::task_id task_group::spawn(std::string name, asio::awaitable<void> task) {
    return impl_->spawn(std::move(name), std::move(task));
}

void task_group::cancel(task_id id) {
    impl_->cancel(id);
}

void task_group::cancel() {
    impl_->cancel();
}

asio::awaitable<void> task_group::join() {
    auto self = impl_;
    while (self->size() != 0) {
        auto start = [](impl::join_handler handler, const std::shared_ptr<impl>& group) { group->join(std::move(handler)); };
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable, self);
    }
}

std::size_t task_group::size() const noexcept {
    return impl_->size();
}

} // namespace proto_http
