#pragma once

#include "proto_http/system_runtime.hpp"
#include "support/manual_runtime.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>

// Fixtures for tests of coroutines: they start them, run the loop, and check at the end that nothing was left behind.

namespace test_support {

/// A coroutine that a test has started: its end, its value, a way to cancel it.
template <class T>
class started {
public:
    started(boost::asio::io_context& context, boost::asio::awaitable<T> task)
        : context_(context), state_(std::make_shared<state>()) {
        boost::asio::co_spawn(
            context, std::move(task),
            boost::asio::bind_cancellation_slot(state_->signal.slot(), [at = state_](std::exception_ptr exception, T value) {
                at->exception = exception;
                if (!exception)
                    at->value.emplace(std::move(value));
                at->is_done = true;
            }));
    }

    bool is_done() const { return state_->is_done; }

    /// The emission is posted: Boost 1.81 must not emit from outside a handler.
    void cancel() {
        boost::asio::post(context_, [at = state_] { at->signal.emit(boost::asio::cancellation_type::terminal); });
    }

    T& value() {
        BOOST_TEST_REQUIRE(state_->is_done, "the coroutine has not ended");
        if (state_->exception)
            std::rethrow_exception(state_->exception);
        return *state_->value;
    }

private:
    struct state {
        boost::asio::cancellation_signal signal;
        std::optional<T> value;
        std::exception_ptr exception;
        bool is_done = false;
    };

    boost::asio::io_context& context_;
    std::shared_ptr<state> state_;
};

/// For coroutines without a value.
inline boost::asio::awaitable<bool> to_end(boost::asio::awaitable<void> task) {
    co_await std::move(task);
    co_return true;
}

/// Virtual time, network in memory.
struct manual_fixture {
    boost::asio::io_context context;
    manual_runtime rt{context};

    ~manual_fixture() {
        rt.poll();
        BOOST_TEST(context.stopped(), "a coroutine was left behind");
        BOOST_TEST(rt.time().size() == 0u);
    }

    template <class T>
    started<T> start(boost::asio::awaitable<T> task) {
        return started<T>(context, std::move(task));
    }
    started<bool> start(boost::asio::awaitable<void> task) { return started<bool>(context, to_end(std::move(task))); }

    /// Runs to the end of the coroutine, time included.
    template <class T>
    T run(boost::asio::awaitable<T> task) {
        auto one = start(std::move(task));
        rt.run_until([&] { return one.is_done(); });
        return std::move(one.value());
    }
    void run(boost::asio::awaitable<void> task) { run(to_end(std::move(task))); }

    template <class T>
    bool finish(started<T>& one) {
        return rt.run_until([&] { return one.is_done(); });
    }
};

/// The real clock and loopback. Nothing waits for a guessed time: the bound below only ends a broken test.
struct system_fixture {
    boost::asio::io_context context;
    std::unique_ptr<proto_http::runtime> rt = proto_http::make_system_runtime(context);

    ~system_fixture() {
        context.restart();
        context.run_for(std::chrono::seconds(30));
        BOOST_TEST(context.stopped(), "a coroutine was left behind");
    }

    template <class T>
    started<T> start(boost::asio::awaitable<T> task) {
        return started<T>(context, std::move(task));
    }
    started<bool> start(boost::asio::awaitable<void> task) { return started<bool>(context, to_end(std::move(task))); }

    template <class Done>
    bool run_until(Done done) {
        auto end = rt->now() + std::chrono::seconds(30);
        while (!done() && rt->now() < end) {
            context.restart();
            if (context.run_one_for(std::chrono::seconds(1)) == 0 && context.stopped() && !done())
                return false;
        }
        return done();
    }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        auto one = start(std::move(task));
        run_until([&] { return one.is_done(); });
        return std::move(one.value());
    }
    void run(boost::asio::awaitable<void> task) { run(to_end(std::move(task))); }
};

} // namespace test_support
