#pragma once

#include "fuzz/fuzz_input.hpp"
#include "support/manual_runtime.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>

// Coroutines in a target: virtual time, network in memory.

namespace fuzz {

struct loop {
    boost::asio::io_context context;
    test_support::manual_runtime rt{context};

    /// Runs it to its end, time included. What is to happen within a virtual day must.
    template <class T>
    T run(boost::asio::awaitable<T> task) {
        auto ended = std::make_shared<std::optional<T>>();
        auto thrown = std::make_shared<std::exception_ptr>();
        boost::asio::co_spawn(context, std::move(task), [ended, thrown](std::exception_ptr exception, T value) {
            *thrown = exception;
            ended->emplace(std::move(value));
        });
        bool is_done = rt.run_until([&] { return ended->has_value(); }, std::chrono::hours(24));
        if (*thrown)
            std::rethrow_exception(*thrown);
        require(is_done, "what is started ends");
        return std::move(**ended);
    }

    static boost::asio::awaitable<bool> to_end(boost::asio::awaitable<void> task) {
        co_await std::move(task);
        co_return true;
    }
    void run(boost::asio::awaitable<void> task) { run(to_end(std::move(task))); }

    /// Starts it; the flag is set when it has ended.
    std::shared_ptr<bool> start(boost::asio::awaitable<void> task) {
        auto done = std::make_shared<bool>(false);
        boost::asio::co_spawn(context, std::move(task), [done](std::exception_ptr) { *done = true; });
        return done;
    }
};

} // namespace fuzz
