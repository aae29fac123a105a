#include "proto_http/system_runtime.hpp"
#include "tools/devcluster/check/program.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>

namespace {

void print_to(std::FILE* file, std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), file);
    std::fputc('\n', file);
    std::fflush(file); // a pod's log is read while it runs
}

devcluster::printer standard_streams() {
    devcluster::printer print;
    print.out = [](std::string_view line) { print_to(stdout, line); };
    print.error = [](std::string_view line) { print_to(stderr, line); };
    return print;
}

int run(std::vector<std::string> arguments) {
    boost::asio::io_context context(1);
    auto rt = proto_http::make_system_runtime(context);
    std::optional<int> code;
    std::exception_ptr failure;
    // The first process of a container is not ended by a signal that it does not handle. What is under way is dropped with the
    // context, a child process is killed.
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& error, int number) {
        if (error)
            return;
        std::fprintf(stderr, "kuberhealthy-check: ended by signal %d, nothing is reported\n", number);
        code = 128 + number;
        context.stop();
    });
    boost::asio::co_spawn(context, devcluster::run_program(*rt, std::move(arguments), standard_streams()),
                          [&](std::exception_ptr thrown, int ended_with) {
                              failure = thrown;
                              code = ended_with;
                              signals.cancel();
                              context.stop();
                          });
    context.run();
    if (failure)
        std::rethrow_exception(failure);
    return code.value_or(1);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "kuberhealthy-check: %s\n", error.what());
        return 1;
    }
}
