#pragma once

#include "support/manual_runtime.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace test_support {

namespace detail {
struct context_holder {
    boost::asio::io_context context;
};
} // namespace detail

/// A manual_runtime with a context of its own, child processes that take time, and dice that always show `drawn`.
class fake_runtime : public detail::context_holder, public manual_runtime {
public:
    using running = boost::asio::awaitable<proto_http::result<proto_http::command_output>>;

    /// The wall clock begins with 2026-11-23T00:00:00Z.
    fake_runtime();

    std::uint64_t drawn = 0;
    std::function<running(proto_http::command)> on_child;
    std::vector<std::string> files_read;

    std::uint64_t random() override { return drawn; }
    proto_http::result<std::string> read_file(const std::string& path, std::size_t size_max) override;
    running run(proto_http::command what) override;

    /// Runs until nothing can happen any more, or until `is_done` says so.
    void drive(const std::function<bool()>& is_done = {});

    /// Runs one coroutine to its end.
    template <class T>
    T await(boost::asio::awaitable<T> task) {
        std::optional<T> value;
        std::exception_ptr failure;
        boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown, T ended) {
            failure = std::move(thrown);
            value.emplace(std::move(ended));
        });
        drive([&] { return value.has_value(); });
        if (failure)
            std::rethrow_exception(failure);
        return std::move(value.value());
    }
};

} // namespace test_support
