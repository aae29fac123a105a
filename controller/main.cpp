#include "asio_k8s/client.hpp"
#include "asio_k8s/cluster_config.hpp"
#include "controller/log.hpp"
#include "controller/operator.hpp"
#include "controller/settings.hpp"
#include "controller/version.hpp"
#include "proto_http/system_runtime.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>

namespace {

int fail(const std::string& message) {
    std::fprintf(stderr, "kuberhealthy: %s\n", message.c_str());
    return 1;
}

/// Each report is a connection; the soft limit of a login shell is for programs that use select(). Returns what is possible.
std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

/// However many clients come, calls to the API server must not fail for want of a descriptor.
std::size_t connections_within(std::size_t descriptors) {
    constexpr std::size_t own = 100; // calls, watches, files, the reactor
    return descriptors - std::min(descriptors / 2, own);
}

int run(const kh::command_line& arguments, std::size_t descriptors) {
    boost::asio::io_context context(1);
    const auto runtime = proto_http::make_system_runtime(context);
    // Before the file is read, so that no change of it is missed.
    auto config_changes = proto_http::file_changes::watch(context, {arguments.config_path});
    kh::settings_load load = kh::load_settings(*runtime, arguments);
    if (!load.value)
        return fail(load.error);
    kh::settings settings = *load.value;
    settings.connections_max = std::min(settings.connections_max, connections_within(descriptors));
    const auto log = kh::make_stderr_logger(settings.format, [&runtime] { return runtime->wall_now(); });
    log->set_level(settings.level);
    for (const std::string& warning : load.warnings)
        log->warning("configuration", {{"warning", warning}});
    if (!config_changes)
        log->warning("the configuration file is not followed", {{"error", config_changes.error().message()}});

    k8s::config_options where;
    where.kubeconfig = settings.kubeconfig;
    where.context = settings.context;
    auto config = k8s::load_cluster_config(*runtime, where);
    if (!config)
        return fail(config.error().message);
    const std::string source = config->source;
    k8s::client_options options;
    options.user_agent = "kuberhealthy/" + std::string(kh::version());
    auto api = k8s::client::make(*runtime, std::move(*config), options);
    if (!api)
        return fail(api.error().message);

    std::unique_ptr<kh::server_certificate> certificate;
    std::unique_ptr<proto_http::file_changes> certificate_changes;
    if (settings.tls.is_set()) {
        // Before the files are read, as above.
        if (auto changes = proto_http::file_changes::watch(context, settings.tls.paths()))
            certificate_changes = std::move(*changes);
        certificate = std::make_unique<kh::server_certificate>(*runtime, *log, settings.tls);
        const std::string wrong = certificate->load();
        if (!wrong.empty())
            return fail("tlsCertFile, tlsKeyFile, tlsClientCAFile: " + wrong);
    }

    auto listener = runtime->listen(settings.listen);
    if (!listener)
        return fail("cannot listen on " + settings.listen.host + ":" + std::to_string(settings.listen.port) + ": " +
                    listener.error().message());
    log->info("kuberhealthy starts", {{"version", kh::version()},
                                      {"cluster", source},
                                      {"port", (*listener)->port()},
                                      {"reporting_url", settings.reporting_url}});

    auto controller = std::make_unique<kh::controller_operator>(*runtime, **api, settings, *log);
    if (config_changes)
        controller->follow_configuration(arguments, std::move(load), std::move(*config_changes));
    if (certificate)
        controller->secure(std::move(certificate), std::move(certificate_changes));
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    bool stopping = false;
    std::function<void()> await_signal = [&] {
        signals.async_wait([&](const boost::system::error_code& error, int number) {
            if (error)
                return;
            if (std::exchange(stopping, true)) {
                log->warning("second signal: ending at once", {{"signal", number}});
                std::_Exit(1);
            }
            log->info("draining", {{"signal", number}});
            if (number == SIGTERM)
                controller->retire();
            else // somebody's keyboard, and no Service
                controller->stop();
            await_signal();
        });
    };
    await_signal();

    std::exception_ptr failure;
    boost::asio::co_spawn(context, controller->run(std::move(*listener)), [&](std::exception_ptr error) {
        failure = error;
        signals.cancel();
        // The kept connections of the client go with it; their time limits would hold the context for half a minute.
        controller.reset();
        api->reset();
    });
    context.run();
    if (failure)
        std::rethrow_exception(failure);
    log->info("kuberhealthy ends");
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const kh::command_line_parse parsed = kh::parse_command_line(argc, argv);
    if (!parsed.value) {
        std::fputs(parsed.output.c_str(), parsed.exit_code == 0 ? stdout : stderr);
        return parsed.exit_code;
    }
    try {
        return run(*parsed.value, raise_descriptor_limit());
    } catch (const std::exception& error) {
        return fail(error.what());
    }
}
