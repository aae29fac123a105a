#include "tools/devcluster/dev/dev_cluster.hpp"

#include "asio_k8s/json_access.hpp"
#include "proto_http/error.hpp"
#include "proto_http/go_duration.hpp"
#include "tools/devcluster/dev/definitions.hpp"
#include "tools/devcluster/dev/private_file.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::string_view own_namespace = "kuberhealthy";
constexpr std::size_t manifest_size_max = 16 * 1024 * 1024;

/// What happens at once is shown at once: one look at it all.
constexpr auto show_pause = std::chrono::milliseconds(100);

/// A run ends by its deadline and a little more; --once does not wait longer for one that has been lost.
constexpr auto once_slack = std::chrono::seconds(60);
constexpr auto default_timeout = std::chrono::minutes(5);

/// Objects that a person wants to see at once.
bool is_shown(std::string_view collection) {
    return collection == "pods" || collection.ends_with(".comcast.github.io");
}

auto report_exceptions(terminal& to) {
    return [&to](const std::string& name, std::exception_ptr failed) {
        to.print(fmt::format("{} failed: {}\n", name, proto_http::what_of(std::move(failed))));
    };
}

api_server_options api_options(const dev_options& options) {
    api_server_options made;
    made.history_max = options.history_max;
    return made;
}

std::string cannot_listen(std::string_view what, std::string_view flag, const proto_http::host_port& at,
                          const proto_http::error_code& why) {
    return fmt::format("cannot listen on {} for the {}: {}; choose another address with {}", address_text(at), what,
                       why.message(), flag);
}

} // namespace

dev_cluster::dev_cluster(asio::io_context& context, proto_http::runtime& rt, dev_options options)
    : context_(context), rt_(rt), options_(std::move(options)), api_(rt, api_options(options_)),
      applier_(api_.all(), std::string(own_namespace)), api_tasks_(rt, report_exceptions(terminal_)),
      tasks_(rt, report_exceptions(terminal_)), objects_changed_(rt), stopping_(rt), started_(rt.now()),
      unix_started_(std::chrono::floor<std::chrono::seconds>(rt.wall_now()).time_since_epoch().count()) {}

dev_cluster::~dev_cluster() {
    if (options_.data.empty() && !kubeconfig_.empty() && options_.kubeconfig_out.empty())
        ::unlink(kubeconfig_.c_str());
}

std::string dev_cluster::start() {
    auto wrong = open_data();
    if (wrong.empty())
        wrong = listen();
    if (!wrong.empty())
        return wrong;
    auto access = make_access(rt_, options_.data, {options_.api.host, api_listener_->port()});
    if (!access)
        return access.error();
    access_ = std::move(*access);
    api_.use_token(access_.token);
    auto tls = proto_http::tls_context::server(access_.tls);
    if (!tls)
        return "the certificate of the API server is not usable: " + tls.error().message();
    server_ = std::make_unique<proto_http::server>(rt_, api_.routes(), api_server::limits(), *tls);
    server_->on_error = [this](std::string_view text) { terminal_.print(fmt::format("API server: {}\n", text)); };
    api_.load();
    for (auto step : {&dev_cluster::write_kubeconfig, &dev_cluster::apply_definitions})
        if (wrong = (this->*step)(); !wrong.empty())
            return wrong;
    if (!options_.api_only) {
        auto made = workload::make(rt_, access_, options_, [this](std::string_view lines) { terminal_.print(lines); });
        if (!made)
            return made.error();
        workload_ = std::move(*made);
        api_.use_logs(&workload_->logs());
    }
    return apply_files(true);
}

std::string dev_cluster::open_data() {
    if (options_.data.empty())
        return {};
    auto wrong = make_private_folder(options_.data);
    if (!wrong.empty())
        return wrong;
    auto opened = database::open(options_.data + "/objects.sqlite");
    if (!opened)
        return opened.error() + " (is another kuberhealthy-dev using this folder?)";
    database_ = std::move(*opened);
    database_->on_error = [this](const std::string& why) {
        terminal_.print(fmt::format("an object could not be kept, it will be lost at the end: {}\n", why));
    };
    wrong = database_->restore(api_.all().stored());
    database_->follow(api_.all().stored());
    return wrong;
}

std::string dev_cluster::listen() {
    auto api = rt_.listen(options_.api);
    if (!api)
        return cannot_listen("API server", "--listen", options_.api, api.error());
    api_listener_ = std::move(*api);
    if (options_.api_only)
        return {};
    auto page = rt_.listen(options_.page);
    if (!page)
        return cannot_listen("status page", "--page", options_.page, page.error());
    page_listener_ = std::move(*page);
    return {};
}

std::string dev_cluster::write_kubeconfig() {
    kubeconfig_ = options_.kubeconfig_out;
    if (kubeconfig_.empty()) {
        auto folder =
            options_.data.empty() ? runtime_folder(rt_.environment("XDG_RUNTIME_DIR"), "kuberhealthy-dev") : options_.data;
        if (auto wrong = make_private_folder(folder); !wrong.empty())
            return wrong;
        kubeconfig_ = fmt::format("{}/kubeconfig-{}", folder, access_.at.port);
    }
    return write_private_file(kubeconfig_, kubeconfig_text(access_, std::string(own_namespace)));
}

std::string dev_cluster::apply_definitions() {
    json::object space;
    space["kind"] = "Namespace";
    space["apiVersion"] = "v1";
    space["metadata"] = json::object{{"name", own_namespace}};
    api_.all().create(*api_.all().types().find("", "v1", "namespaces"), {}, std::move(space));
    for (auto text : kuberhealthy_definitions()) {
        auto applied = applier_.apply(std::string(text), text);
        if (applied.has_error())
            return applied.error().message;
        for (const auto& one : *applied)
            if (!one.why.empty())
                return fmt::format("{}: {}", one.name, one.why);
    }
    return {};
}

std::string dev_cluster::apply_files(bool is_first) {
    for (const auto& path : options_.files)
        if (auto wrong = apply_file(path, is_first); !wrong.empty())
            return wrong;
    if (!is_first || options_.files.empty())
        return {};
    auto changes = proto_http::file_changes::watch(context_, options_.files);
    if (!changes)
        return fmt::format("cannot watch {}: {}", fmt::join(options_.files, ", "), changes.error().message());
    changes_ = std::move(*changes);
    return {};
}

/// At the start whatever is wrong ends the program; later it is told, and what is applied stays.
std::string dev_cluster::apply_file(const std::string& path, bool is_first) {
    auto text = rt_.read_file(path, manifest_size_max);
    if (!text)
        return fmt::format("{}: {}", path, text.error().message());
    auto applied = applier_.apply(path, *text);
    if (applied.has_error())
        return fmt::format("{}: {}", path, applied.error().message);
    std::string lines, refused;
    for (const auto& one : *applied) {
        switch (one.what) {
        case applied_object::result::created:
            lines += one.name + " created\n";
            break;
        case applied_object::result::configured:
            lines += one.name + " configured\n";
            break;
        case applied_object::result::unchanged:
            break;
        case applied_object::result::skipped:
            lines += fmt::format("{} skipped: {}\n", one.name, one.why);
            break;
        case applied_object::result::refused:
            refused += fmt::format("{}{}: {}: {}", refused.empty() ? "" : "\n", path, one.name, one.why);
            break;
        }
    }
    if (!options_.once)
        terminal_.print(lines);
    if (is_first)
        return refused;
    if (!refused.empty())
        terminal_.print(refused + '\n');
    return {};
}

void dev_cluster::greet() {
    if (options_.once)
        return;
    if (options_.api_only) {
        terminal_.print(fmt::format("The API server is ready: kubectl --kubeconfig {} ...\n", kubeconfig_));
        return;
    }
    auto address = address_text(reachable(options_.page));
    terminal_.print(fmt::format("\nKuberhealthy runs on this machine, without a cluster. Ctrl-C ends it.\n\n"
                                "  page     http://{0}/\n"
                                "  status   curl -s http://{0}/status\n"
                                "  metrics  curl -s http://{0}/metrics\n"
                                "  kubectl  kubectl --kubeconfig {1} get khcheck,khstate,pods\n\n",
                                address, kubeconfig_));
}

asio::awaitable<int> dev_cluster::run() {
    api_.all().stored().listeners.push_back([this](collection& in, const object_key&, const change&) {
        if (is_shown(in.name()))
            objects_changed_.set();
    });
    api_tasks_.spawn("API server", server_->run(std::move(api_listener_)));
    api_tasks_.spawn("controllers", api_.run());
    greet();
    if (workload_)
        tasks_.spawn("workload", workload_->run(std::move(page_listener_)));
    proto_http::task_group watching(rt_, report_exceptions(terminal_));
    if (changes_ && !options_.once)
        watching.spawn("files", follow_files());
    if (options_.once)
        watching.spawn("results", await_results());
    else if (workload_)
        watching.spawn("terminal", follow_results());

    co_await stopping_.wait();
    watching.cancel();
    co_await watching.join();
    terminal_.end();
    auto code = options_.once ? verdict() : 0;
    if (workload_)
        workload_->stop();
    co_await tasks_.join();
    workload_.reset();
    server_->drain(rt_.now());
    api_tasks_.cancel();
    co_await api_tasks_.join();
    co_return code;
}

void dev_cluster::stop() {
    stopping_.set();
}

asio::awaitable<void> dev_cluster::follow_files() {
    while (true) {
        auto changed = co_await changes_->next();
        if (!changed)
            co_return;
        for (const auto& path : options_.files)
            if (auto wrong = apply_file(path, false); !wrong.empty())
                terminal_.print(wrong + '\n');
    }
}

asio::awaitable<void> dev_cluster::follow_results() {
    while (true) {
        auto error = co_await objects_changed_.wait();
        if (error)
            co_return;
        error = co_await proto_http::wait_until(rt_, rt_.now() + show_pause);
        if (error)
            co_return;
        objects_changed_.reset();
        terminal_.show(read_results(api_.all()), running_pods());
    }
}

asio::awaitable<void> dev_cluster::await_results() {
    auto deadline = rt_.now() + longest_timeout() + once_slack;
    while (rt_.now() < deadline) {
        objects_changed_.reset();
        auto results = read_results(api_.all());
        if (std::all_of(results.begin(), results.end(), [](const check_result& one) { return one.has_ended; }))
            break;
        auto error = co_await objects_changed_.wait(deadline);
        if (error && rt_.now() < deadline)
            co_return;
    }
    stop();
}

std::size_t dev_cluster::running_pods() {
    auto every_pod = api_.all().stored().in("pods").list({});
    return static_cast<std::size_t>(std::count_if(every_pod.begin(), every_pod.end(), [](const object_ptr& pod) {
        const auto* status = k8s::object_at(pod->value, "status");
        return status != nullptr && k8s::text_at(*status, "phase") == "Running";
    }));
}

proto_http::duration dev_cluster::longest_timeout() {
    proto_http::duration longest = default_timeout;
    bool is_any = false;
    for (auto plural : {"khchecks", "khjobs"})
        for (const auto& check : api_.all().stored().in(std::string(plural) + ".comcast.github.io").list({})) {
            const auto* spec = k8s::object_at(check->value, "spec");
            auto timeout = proto_http::parse_go_duration(spec == nullptr ? std::string_view() : k8s::text_at(*spec, "timeout"));
            proto_http::duration one = timeout && timeout->count() > 0 ? *timeout : default_timeout;
            longest = is_any ? std::max(longest, one) : one;
            is_any = true;
        }
    return longest;
}

int dev_cluster::verdict() {
    auto results = read_results(api_.all());
    terminal_.print(results_table(results));
    auto seconds = std::chrono::duration<double>(rt_.now() - started_).count();
    if (!options_.junit.empty()) {
        auto wrong = write_private_file(options_.junit, results_junit(results, unix_started_, seconds));
        if (!wrong.empty()) {
            terminal_.print(wrong + '\n');
            return 2;
        }
    }
    if (results.empty()) {
        terminal_.print("there is no check in these files\n");
        return 2;
    }
    return std::all_of(results.begin(), results.end(), [](const check_result& one) { return one.ok; }) ? 0 : 1;
}

} // namespace devcluster
