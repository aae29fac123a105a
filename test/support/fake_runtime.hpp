#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <optional>

namespace test_support {

/// A runtime of virtual time, with files, variables and child processes as the test says. Time moves only when nothing else can
/// happen: then it jumps to the next wait.
class fake_runtime : public proto_http::runtime {
public:
    using running = boost::asio::awaitable<proto_http::result<proto_http::command_output>>;

    boost::asio::io_context context;
    proto_http::time_point time{std::chrono::hours(1)};
    proto_http::wall_time wall{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};
    std::uint64_t drawn = 0;
    std::map<std::string, std::string, std::less<>> files;
    std::map<std::string, std::string, std::less<>> variables;
    std::function<running(proto_http::command)> on_run;
    std::vector<std::string> files_read;

    boost::asio::any_io_executor executor() noexcept override { return context.get_executor(); }
    proto_http::time_point now() const noexcept override { return time; }
    proto_http::wall_time wall_now() const noexcept override { return wall; }
    std::uint64_t random() override { return drawn; }
    void start_wait(proto_http::time_point until, wait_handler handler) override;
    boost::asio::awaitable<proto_http::result<std::unique_ptr<proto_http::stream>>> dial(proto_http::host_port to) override;
    proto_http::result<std::unique_ptr<proto_http::acceptor>> listen(proto_http::host_port at) override;
    proto_http::result<std::string> read_file(const std::string& path, std::size_t size_max) override;
    std::string environment(std::string_view name) override;
    running run(proto_http::command what) override;

    /// Both clocks.
    void advance(proto_http::duration by);

    /// Runs until nothing can happen any more, or until `is_done` says so.
    void drive(const std::function<bool()>& is_done = {});

    /// Runs one coroutine to its end.
    template <class T>
    T await(boost::asio::awaitable<T> task) {
        std::optional<T> value;
        boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr failure, T ended) {
            if (failure)
                std::rethrow_exception(failure);
            value.emplace(std::move(ended));
        });
        drive([&] { return value.has_value(); });
        return std::move(value.value());
    }

private:
    struct pending;

    std::map<std::pair<proto_http::time_point, std::uint64_t>, std::shared_ptr<pending>> waits_;
    std::uint64_t waits_started_ = 0;
};

} // namespace test_support
