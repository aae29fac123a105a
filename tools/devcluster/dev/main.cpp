#include "proto_http/system_runtime.hpp"
#include "tools/devcluster/dev/dev_cluster.hpp"
#include "tools/devcluster/dev/options.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace {

/// A connection is a descriptor, and so are the pipes of each process.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int run(devcluster::dev_options options) {
    boost::asio::io_context context(1);
    auto runtime = proto_http::make_system_runtime(context);
    auto cluster = std::make_unique<devcluster::dev_cluster>(context, *runtime, std::move(options));
    boost::asio::signal_set signals(context, SIGTERM, SIGINT, SIGHUP);
    if (auto wrong = cluster->start(); !wrong.empty()) {
        std::fprintf(stderr, "kuberhealthy-dev: %s\n", wrong.c_str());
        return 2;
    }
    bool is_stopping = false;
    std::function<void()> await_signal = [&] {
        signals.async_wait([&](const boost::system::error_code& error, int) {
            if (error)
                return;
            // The second one is for those who cannot wait; the node's guardian sees to the processes.
            if (std::exchange(is_stopping, true))
                std::_Exit(1);
            cluster->stop();
            await_signal();
        });
    };
    await_signal();
    int code = 1;
    std::exception_ptr failure;
    boost::asio::co_spawn(context, cluster->run(), [&](std::exception_ptr error, int ended_with) {
        failure = error;
        code = ended_with;
        signals.cancel();
        cluster.reset();
    });
    context.run();
    if (failure)
        std::rethrow_exception(failure);
    return code;
}

} // namespace

int main(int argc, char** argv) {
    auto parsed = devcluster::parse_dev_options(argc, argv);
    if (!parsed.value) {
        std::fputs(parsed.output.c_str(), parsed.exit_code == 0 ? stdout : stderr);
        return parsed.exit_code;
    }
    raise_descriptor_limit();
    try {
        return run(std::move(*parsed.value));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "kuberhealthy-dev: %s\n", error.what());
        return 2;
    }
}
