#include "tools/devcluster/node/pod_worker.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/request.hpp"
#include "proto_http/error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using phase = container_record::phase;
using role = container_record::role;

namespace {

constexpr proto_http::duration retry_pause = 10s;  ///< kubelet looks at a pod that it could not start about that often
constexpr proto_http::duration relabel_pause = 2s; ///< for which a failed pull shows as ErrImagePull
constexpr proto_http::duration gone_grace = 1s;
constexpr proto_http::duration log_drain_max = 2s; ///< for what somebody outside of our reach keeps open
constexpr std::size_t tail_lines_max = 80, tail_size_max = 2048;

const k8s::resource config_maps{"", "v1", "configmaps", true};
const k8s::resource secrets{"", "v1", "secrets", true};

/// "10s", "1m20s": as Go writes whole seconds under an hour.
std::string go_duration(proto_http::duration value) {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(value).count();
    return seconds < 60 ? fmt::format("{}s", seconds) : fmt::format("{}m{}s", seconds / 60, seconds % 60);
}

} // namespace

pod_worker::pod_worker(worker_tools& tools, const json::object& pod)
    // The copy must not live in the memory of the watch event.
    : tools_(tools), rt_(tools.api.runtime()), pod_(pod, json::storage_ptr()),
      record_(read_pod(pod, moment{rt_.now(), rt_.wall_now()})), containers_(record_.containers.size()), changed_(rt_) {
    if (const auto* status = k8s::object_at(pod, "status"))
        shown_ = *status;
}

moment pod_worker::now() const {
    return moment{rt_.now(), rt_.wall_now()};
}

void pod_worker::update(const json::object& pod) {
    pod_ = pod;
    update_pod(record_, pod_, now());
    changed_.set();
}

void pod_worker::vanish() {
    is_gone_ = true;
    record_.stopping = stop_cause::deleted;
    record_.kill_at = std::min(record_.kill_at, rt_.now() + gone_grace);
    changed_.set();
}

void pod_worker::kill() {
    for (auto& each : containers_)
        if (each.running)
            each.running->kill();
}

asio::awaitable<void> pod_worker::run() {
    while (true) {
        changed_.reset();
        note_deadline();
        auto step = next_step(record_, rt_.now());
        if (!step.terminate.empty() || !step.kill.empty()) {
            apply_stops(step);
            continue;
        }
        for (auto index : step.back_off)
            show_back_off(record_.containers[index]);
        if (step.is_over && !record_.is_over) {
            record_.is_over = true;
            if (record_.stopping != stop_cause::none)
                note_stopped(record_);
        }
        publish();
        remove_if_deleted();
        if (record_.is_over && is_gone_)
            co_return;
        if (step.start) {
            co_await start(*step.start);
            continue;
        }
        auto until = step.is_over ? proto_http::never : step.again;
        auto error = co_await changed_.wait(until);
        if (error && error != proto_http::errc::timed_out)
            co_return;
    }
}

void pod_worker::note_deadline() {
    if (record_.is_over || record_.stopping != stop_cause::none || rt_.now() < record_.deadline)
        return;
    record_.stopping = stop_cause::deadline;
    tools_.events.tell(pod_, nullptr, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
}

void pod_worker::apply_stops(const pod_step& step) {
    if (record_.kill_at == proto_http::never)
        record_.kill_at = rt_.now() + record_.grace;
    for (auto index : step.terminate) {
        auto& one = record_.containers[index];
        one.was_told_to_end = true;
        containers_[index].running->terminate();
        tools_.events.tell(pod_, &one, "Killing", fmt::format("Stopping container {}", one.name));
    }
    for (auto index : step.kill) {
        record_.containers[index].was_killed = true;
        containers_[index].running->kill();
    }
}

void pod_worker::show_back_off(container_record& one) {
    one.now = phase::waiting;
    one.reason = "CrashLoopBackOff";
    one.message =
        fmt::format("back-off {} restarting failed container={} pod={}", go_duration(one.back_off), one.name, pod_title(record_));
    one.last = std::exchange(one.end, std::nullopt);
    tools_.events.tell(pod_, &one, "BackOff",
                       fmt::format("Back-off restarting failed container {} in pod {}", one.name, pod_title(record_)), true);
}

void pod_worker::publish() {
    if (is_gone_)
        return;
    auto status = make_status(record_, pod_, shown_, tools_.host_ip, now().seconds());
    if (status == shown_)
        return;
    shown_ = status;
    // The uid keeps a namesake's status from being written.
    json::object patch;
    patch["metadata"].emplace_object()["uid"] = record_.uid;
    patch["status"] = std::move(status);
    k8s::object_key key{record_.ns, record_.name};
    tools_.out.send(k8s::merge_patch_request(pods, key, json::serialize(patch), "status"), "status " + record_.uid);
}

void pod_worker::remove_if_deleted() {
    if (!record_.is_over || is_gone_ || is_removed_)
        return;
    const auto* metadata = k8s::object_at(pod_, "metadata");
    if (metadata == nullptr || k8s::text_at(*metadata, "deletionTimestamp").empty())
        return;
    is_removed_ = true;
    k8s::delete_options options;
    options.uid = record_.uid;
    options.grace_period = 0s;
    k8s::object_key key{record_.ns, record_.name};
    tools_.out.send(k8s::delete_request(pods, key, options));
}

const json::object* pod_worker::spec_of(std::size_t index) const {
    const auto* spec = k8s::object_at(pod_, "spec");
    for (auto list : {"initContainers", "containers"})
        if (const auto* all = spec == nullptr ? nullptr : k8s::array_at(*spec, list)) {
            if (index < all->size())
                return (*all)[index].if_object();
            index -= all->size();
        }
    return nullptr;
}

// Starting a container.

asio::awaitable<void> pod_worker::start(std::size_t index) {
    auto& one = record_.containers[index];
    const auto* found = spec_of(index);
    if (found == nullptr)
        co_return refuse(one, "CreateContainerError", "the container is not in the pod's spec", retry_pause);
    const auto spec = *found; // the pod may change while its configuration is read
    one.image = k8s::text_at(spec, "image");
    const auto* command = k8s::array_at(spec, "command");
    auto image = tools_.images.find(one.image, command != nullptr && !command->empty());
    if (!image)
        co_return refuse_image(one, spec, image.error());
    tools_.events.tell(
        pod_, &one, "Pulled",
        fmt::format("Container image \"{}\" already present on machine and can be accessed by the pod", one.image));

    auto config = co_await read_config(config_references(spec));
    if (record_.stopping != stop_cause::none)
        co_return;
    boost::system::result<environment, std::string> own =
        config ? make_environment(spec, pod_, *config, tools_.host_ip) : config.error();
    if (!own) {
        tools_.events.tell(pod_, &one, "Failed", "Error: " + own.error(), true);
        co_return refuse(one, "CreateContainerConfigError", own.error(), retry_pause);
    }
    process_plan plan;
    plan.arguments = image->command_line(expanded_texts(spec, "command", *own), expanded_texts(spec, "args", *own));
    plan.working_directory = k8s::text_at(spec, "workingDir");
    auto whole = tools_.base;
    whole.set("HOSTNAME", record_.name);
    whole.set_all(*own);
    plan.environment = whole.lines();
    if (plan.arguments.empty()) {
        tools_.events.tell(pod_, &one, "Failed", "Error: no command specified", true);
        co_return refuse(one, "CreateContainerError", "no command specified", retry_pause);
    }
    launch(index, std::move(plan));
}

void pod_worker::refuse(container_record& one, std::string reason, std::string message, proto_http::duration retry_in) {
    if (one.end)
        one.last = std::exchange(one.end, std::nullopt);
    one.now = phase::waiting;
    one.reason = std::move(reason);
    one.message = std::move(message);
    one.retry_at = rt_.now() + retry_in;
}

void pod_worker::refuse_image(container_record& one, const json::object& spec, const image_failure& why) {
    auto tell = [&](std::string_view reason, const std::string& message, bool is_warning = true) {
        tools_.events.tell(pod_, &one, reason, message, is_warning);
    };
    if (why.is_invalid) {
        auto message = fmt::format("Failed to apply default image tag \"{}\": {}", one.image, why.message);
        tell("InspectFailed", message);
        tell("Failed", "Error: InvalidImageName");
        refuse(one, "InvalidImageName", message, retry_pause);
    } else if (k8s::text_at(spec, "imagePullPolicy") == "Never") {
        auto message = fmt::format("Container image \"{}\" is not present with pull policy of Never", one.image);
        tell("ErrImageNeverPull", message);
        tell("Failed", "Error: ErrImageNeverPull");
        refuse(one, "ErrImageNeverPull", message, retry_pause);
    } else if (rt_.now() < one.pull_at) {
        auto message = fmt::format("Back-off pulling image \"{}\"", one.image);
        tell("BackOff", message, false);
        tell("Failed", "Error: ImagePullBackOff");
        refuse(one, "ImagePullBackOff", message + ": ErrImagePull: " + why.message, one.pull_at - rt_.now());
    } else {
        one.pull_back_off = grown_back_off(one.pull_back_off);
        one.pull_at = rt_.now() + one.pull_back_off;
        tell("Pulling", fmt::format("Pulling image \"{}\"", one.image), false);
        tell("Failed", fmt::format("Failed to pull image \"{}\": {}", one.image, why.message));
        tell("Failed", "Error: ErrImagePull");
        refuse(one, "ErrImagePull", why.message, relabel_pause);
    }
}

asio::awaitable<boost::system::result<config_data, std::string>> pod_worker::read_config(std::vector<config_reference> what) {
    config_data data;
    for (const auto& each : what) {
        k8s::object_key key{record_.ns, each.name};
        const auto& resource = each.is_secret ? secrets : config_maps;
        auto answer = co_await tools_.api.call(k8s::get_request(resource, key));
        if (!answer && answer.error().code != k8s::errc::not_found)
            co_return answer.error().text();
        auto& known = data[each];
        if (answer && answer->value().is_object())
            known = data_of(each, answer->value().get_object());
    }
    co_return data;
}

void pod_worker::launch(std::size_t index, process_plan plan) {
    auto& one = record_.containers[index];
    auto& own = containers_[index];
    note_start(one, rt_.now());
    if (one.end)
        one.last = std::exchange(one.end, std::nullopt);
    if (one.last)
        ++one.restarts;
    one.id = fmt::format("process://{:016x}{:016x}", rt_.random(), rt_.random());
    own.previous_log = std::exchange(own.log, std::make_shared<container_log>(rt_, tools_.log_size_max));
    tools_.events.tell(pod_, &one, "Created", "Container created");
    auto started = process::start(rt_, tools_.shim_path, std::move(plan));
    if (!started) {
        process_news news;
        news.what = process_news::kind::failed;
        news.message = fmt::format("{}: {}", tools_.shim_path, started.error().message());
        return note_end(index, news);
    }
    one.now = phase::starting;
    one.was_told_to_end = one.was_killed = false;
    own.running = *started;
    tools_.tasks.spawn("log of " + record_.name + "/" + one.name, collect(own.running, own.log));
    tools_.tasks.spawn("container " + record_.name + "/" + one.name, follow(index, own.running));
}

// A container that runs.

asio::awaitable<void> pod_worker::collect(std::shared_ptr<process> what, std::shared_ptr<container_log> log) {
    while (true) {
        auto piece = co_await what->read_output();
        if (piece.empty())
            break;
        log->append(piece);
    }
    log->close();
}

asio::awaitable<void> pod_worker::follow(std::size_t index, std::shared_ptr<process> what) {
    co_await what->launch();
    auto news = co_await what->next();
    if (news.what == process_news::kind::started) {
        note_started(record_.containers[index]);
        news = co_await what->next();
    }
    auto log = containers_[index].log;
    auto drained = rt_.now() + log_drain_max;
    while (!log->is_closed() && rt_.now() < drained)
        co_await log->changed(drained);
    what->close_output();
    containers_[index].running.reset();
    note_end(index, news);
}

void pod_worker::note_started(container_record& one) {
    one.now = phase::running;
    one.started = now().seconds();
    one.reason.clear();
    one.message.clear();
    tools_.events.tell(pod_, &one, "Started", "Container started");
    changed_.set();
}

void pod_worker::note_end(std::size_t index, const process_news& news) {
    auto& one = record_.containers[index];
    container_end end;
    end.id = one.id;
    end.finished = now().seconds();
    if (news.what == process_news::kind::failed) {
        end.exit_code = 128;
        end.reason = "StartError";
        end.message = news.message;
        end.started = 0; // as containerd has it
        tools_.events.tell(pod_, &one, "Failed", "Error: " + news.message, true);
    } else {
        end.exit_code = news.exit_code;
        end.reason = news.exit_code == 0 ? "Completed" : "Error";
        end.started = one.started;
        const auto* spec = spec_of(index);
        if (news.exit_code != 0 && spec != nullptr && k8s::text_at(*spec, "terminationMessagePolicy") == "FallbackToLogsOnError")
            end.message = containers_[index].log->tail(tail_lines_max, tail_size_max);
    }
    one.end = std::move(end);
    one.now = phase::ended;
    one.ended_at = rt_.now();
    changed_.set();
}

outcome<std::shared_ptr<container_log>> pod_worker::find_log(const std::string& container, bool previous) const {
    std::size_t index = 0;
    while (index < record_.containers.size() && record_.containers[index].name != container)
        ++index;
    auto refuse = [&](std::string_view text) { return bad_request(fmt::format(fmt::runtime(text), container, record_.name)); };
    if (index == record_.containers.size())
        return refuse("container \"{}\" in pod \"{}\" is not available");
    const auto& one = record_.containers[index];
    const auto& own = containers_[index];
    bool is_lost = one.now != phase::waiting && !own.log; // it ran before this node was started
    if (previous) {
        // While it waits for its restart, the run before is the one whose log is still the current one.
        auto log = one.now == phase::waiting ? own.log : own.previous_log;
        if (!log)
            return refuse("previous terminated container \"{}\" in pod \"{}\" not found");
        return log;
    }
    if (own.log)
        return own.log;
    if (is_lost)
        return refuse("container \"{}\" in pod \"{}\" is terminated");
    if (one.reason == "ErrImagePull")
        return refuse("container \"{}\" in pod \"{}\" is waiting to start: image can't be pulled");
    if (one.reason == "ImagePullBackOff")
        return refuse("container \"{}\" in pod \"{}\" is waiting to start: trying and failing to pull image");
    auto reason = !one.reason.empty()                                                          ? one.reason
                  : !record_.containers.empty() && record_.containers[0].is_a != role::regular ? "PodInitializing"
                                                                                               : "ContainerCreating";
    return bad_request(fmt::format("container \"{}\" in pod \"{}\" is waiting to start: {}", container, record_.name, reason));
}

} // namespace devcluster
