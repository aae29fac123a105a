#include "tools/devcluster/dev/workload.hpp"

#include "controller/version.hpp"
#include "proto_http/error.hpp"
#include "proto_http/task_group.hpp"

#include <fmt/format.h>

namespace devcluster {

namespace asio = boost::asio;

namespace {

constexpr auto stop_grace = std::chrono::seconds(5);

/// Log lines go through whoever keeps the terminal in order.
class printing_log final : public kh::logger {
public:
    printing_log(proto_http::runtime& rt, workload::print_function print) : rt_(rt), print_(std::move(print)) {}

private:
    void write(kh::log_level value, std::string_view message, std::span<const kh::log_field> fields) override {
        print_(kh::format_log_line(kh::log_format::text, rt_.wall_now(), value, message, fields) + '\n');
    }

    proto_http::runtime& rt_;
    workload::print_function print_;
};

class node_and_controller final : public workload {
public:
    node_and_controller(proto_http::runtime& rt, print_function print)
        : log_(rt, std::move(print)),
          tasks_(rt, [this](const std::string& name, std::exception_ptr failed) { report(name, failed); }) {}

    std::string start(proto_http::runtime& rt, const api_access& to, const dev_options& options) {
        log_.set_level(options.level);
        auto images = read_images(rt, options);
        if (!images)
            return images.error();
        auto for_node = make_client(rt, to, "kuberhealthy-dev-node", node_api_);
        auto for_controller = make_client(rt, to, "kuberhealthy/" + std::string(kh::version()), controller_api_);
        if (!for_node.empty() || !for_controller.empty())
            return for_node + for_controller;
        node_.emplace(*node_api_, node_settings(std::move(*images)), [this](std::string_view line) {
            log_.warning("node", {{"what", line}});
        });
        kh::settings settings;
        settings.pod_name = "kuberhealthy-dev";
        settings.pod_namespace = "kuberhealthy";
        settings.reporting_url = fmt::format("http://{}/externalCheckStatus", address_text(reachable(options.page)));
        settings.newcomer_spread = std::chrono::seconds(0);
        settings.leader_election = false; // there is no other replica
        controller_.emplace(rt, *controller_api_, std::move(settings), log_);
        return {};
    }

    log_source& logs() override { return *node_; }

    asio::awaitable<void> run(std::unique_ptr<proto_http::acceptor> page) override {
        tasks_.spawn("node", node_->run());
        co_await controller_->run(std::move(page));
        tasks_.cancel();
        co_await tasks_.join();
        // The kept connections go with their clients; the API server need not wait for them.
        controller_.reset();
        controller_api_.reset();
    }

    void stop() override { controller_->stop(stop_grace); }

private:
    static boost::system::result<image_map, std::string> read_images(proto_http::runtime& rt, const dev_options& options) {
        image_map made(find_on_this_machine(rt.environment("PATH")));
        for (const auto& entry : options.images)
            if (auto added = made.add(entry); added.has_error())
                return fmt::format("--image {}: {}", entry, added.error());
        if (options.any_image)
            (void)made.add("*=");
        return made;
    }

    static std::string make_client(proto_http::runtime& rt, const api_access& to, std::string name,
                                   std::unique_ptr<k8s::client>& into) {
        k8s::client_options options;
        options.user_agent = std::move(name);
        auto made = k8s::client::make(rt, client_config(to), options);
        if (!made)
            return made.error().text();
        into = std::move(*made);
        return {};
    }

    void report(const std::string& name, std::exception_ptr failed) {
        log_.error("a task ended with an exception", {{"task", name}, {"error", proto_http::what_of(std::move(failed))}});
    }

    printing_log log_;
    std::unique_ptr<k8s::client> node_api_;
    std::unique_ptr<k8s::client> controller_api_;
    proto_http::task_group tasks_;
    std::optional<node> node_;
    std::optional<kh::controller_operator> controller_;
};

} // namespace

boost::system::result<std::unique_ptr<workload>, std::string> workload::make(proto_http::runtime& rt, const api_access& to,
                                                                             const dev_options& options, print_function print) {
    auto made = std::make_unique<node_and_controller>(rt, std::move(print));
    auto wrong = made->start(rt, to, options);
    if (!wrong.empty())
        return wrong;
    return std::unique_ptr<workload>(std::move(made));
}

} // namespace devcluster
