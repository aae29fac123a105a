// Watches the pods of all namespaces and prints them: watch_pods [KUBECONFIG]

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/watcher.hpp"
#include "proto_http/system_runtime.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

struct printer : k8s::watch_handler {
    void applied(const k8s::object_key& key, const boost::json::object& pod) override {
        auto* status = k8s::object_at(pod, "status");
        fmt::print("{}/{} {}\n", key.ns, key.name, status != nullptr ? k8s::text_at(*status, "phase") : "");
    }
    void deleted(const k8s::object_key& key, std::string_view, const boost::json::object*) override {
        fmt::print("{}/{} is gone\n", key.ns, key.name);
    }
    void synced() override { fmt::print("-- that is all; changes follow\n"); }
    void trouble(const k8s::api_error* error, proto_http::duration) override {
        fmt::print(stderr, "-- {}\n", error != nullptr ? error->text() : "back in order");
    }
};

int main(int argc, char** argv) {
    boost::asio::io_context context;
    auto runtime = proto_http::make_system_runtime(context);
    auto config = k8s::load_cluster_config(*runtime, {argc > 1 ? argv[1] : "", ""});
    auto api = config ? k8s::client::make(*runtime, *config) : config.error();
    if (!api) {
        fmt::print(stderr, "{}\n", api.error().text());
        return 1;
    }
    printer out;
    k8s::watch_settings pods;
    pods.what = {"", "v1", "pods"};
    boost::asio::signal_set signals(context, SIGINT, SIGTERM);
    boost::asio::cancellation_signal stop;
    boost::asio::co_spawn(context, k8s::watch(**api, pods, out),
                          boost::asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr) {
                              signals.cancel();
                              api->reset(); // and with it the connections that are kept
                          }));
    signals.async_wait([&](auto, int) { stop.emit(boost::asio::cancellation_type::terminal); });
    context.run();
}
