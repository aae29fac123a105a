#include "tools/devcluster/node/node.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/request.hpp"
#include "proto_http/error.hpp"
#include "tools/devcluster/node/log_stream.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

environment base_environment(proto_http::runtime& rt) {
    environment base;
    for (auto name : {"HOME", "USER", "LANG", "TZ", "TMPDIR"})
        if (auto value = rt.environment(name); !value.empty())
            base.set(name, std::move(value));
    auto path = rt.environment("PATH");
    base.set("PATH", path.empty() ? own_folder() : path + ":" + own_folder());
    return base;
}

bool is_terminal(const json::object& pod) {
    const auto* status = k8s::object_at(pod, "status");
    auto phase = status == nullptr ? std::string_view() : k8s::text_at(*status, "phase");
    return phase == "Succeeded" || phase == "Failed";
}

bool is_being_deleted(const json::object& pod) {
    const auto* metadata = k8s::object_at(pod, "metadata");
    return metadata != nullptr && !k8s::text_at(*metadata, "deletionTimestamp").empty();
}

} // namespace

node::node(k8s::client& api, node_settings settings, std::function<void(std::string_view)> on_trouble)
    : api_(api), settings_(std::move(settings)), on_trouble_(std::move(on_trouble)),
      outbox_(api,
              [this](const proto_http::request& what, const k8s::api_error& error) {
                  // A pod may go, or be replaced by a namesake, while its status is on the way.
                  if (error.code != k8s::errc::not_found && error.code != k8s::errc::conflict)
                      on_trouble_(fmt::format("{} {}: {}", what.method, what.target, error.text()));
              }),
      events_(api.runtime(), outbox_, settings_.name),
      tasks_(api.runtime(), [this](const std::string& name,
                                   std::exception_ptr error) { on_trouble_(name + ": " + proto_http::what_of(error)); }),
      tools_{api,
             outbox_,
             events_,
             tasks_,
             settings_.images,
             settings_.shim_path.empty() ? own_folder() + "/pod-shim" : settings_.shim_path,
             base_environment(api.runtime()),
             settings_.host_ip,
             settings_.log_size_max} {}

node::~node() = default;

asio::awaitable<void> node::run() {
    // From here on a cancel is looked at, not thrown: the processes have to be seen to their end.
    co_await asio::this_coro::throw_if_cancelled(false);
    tasks_.spawn("outbox", outbox_.run());
    k8s::watch_settings what;
    what.what = pods;
    co_await k8s::watch(api_, std::move(what), *this);
    for (auto& [uid, worker] : workers_)
        worker->kill();
    tasks_.cancel();
    co_await tasks_.join();
    workers_.clear();
}

void node::applied(const k8s::object_key&, const json::object& pod) {
    std::string uid(k8s::identity_of(pod).uid);
    const auto* spec = k8s::object_at(pod, "spec");
    if (spec == nullptr)
        return;
    auto node_name = k8s::text_at(*spec, "nodeName");
    if (auto known = workers_.find(uid); known != workers_.end())
        return known->second->update(pod);
    if (node_name.empty())
        return bind(pod, std::move(uid));
    bound_.erase(uid);
    // What had ended before this node was started is only of interest when it is to go.
    if (node_name != settings_.name || (is_terminal(pod) && !is_being_deleted(pod)))
        return;
    auto& worker = workers_[uid];
    worker = std::make_unique<pod_worker>(tools_, pod);
    tasks_.spawn("pod " + std::string(k8s::identity_of(pod).name), work(uid, *worker));
}

void node::deleted(const k8s::object_key&, std::string_view uid, const json::object*) {
    if (auto known = workers_.find(uid); known != workers_.end())
        known->second->vanish();
    if (auto known = bound_.find(uid); known != bound_.end())
        bound_.erase(known);
}

void node::trouble(const k8s::api_error* error, proto_http::duration) {
    if (error != nullptr)
        on_trouble_("the watch of pods: " + error->text());
}

void node::bind(const json::object& pod, std::string uid) {
    const auto& spec = *k8s::object_at(pod, "spec");
    auto scheduler = k8s::text_at(spec, "schedulerName");
    const auto* gates = k8s::array_at(spec, "schedulingGates");
    if ((!scheduler.empty() && scheduler != "default-scheduler") || (gates != nullptr && !gates->empty()))
        return;
    if (is_being_deleted(pod) || !bound_.insert(uid).second)
        return;
    auto identity = k8s::identity_of(pod);
    json::object binding{{"apiVersion", "v1"},
                         {"kind", "Binding"},
                         {"metadata", {{"name", identity.name}, {"namespace", identity.ns}, {"uid", uid}}},
                         {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", settings_.name}}}};
    k8s::object_key key{std::string(identity.ns), std::string(identity.name)};
    auto request = k8s::create_request(pods, identity.ns, json::serialize(binding));
    request.target = k8s::object_path(pods, key, "binding");
    outbox_.send(std::move(request));
    events_.scheduled(pod);
}

asio::awaitable<void> node::work(std::string uid, pod_worker& worker) {
    co_await worker.run();
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        co_return; // run() takes leave of it
    events_.forget(uid);
    workers_.erase(uid);
}

asio::awaitable<outcome<proto_http::body_stream>> node::open_log(log_request what) {
    auto known = workers_.find(what.uid);
    if (known == workers_.end()) {
        status_error gone;
        gone.code = 404;
        gone.reason = "NotFound";
        gone.message = fmt::format("pod \"{}\" has no log: it was not run since this node was started", what.pod);
        co_return gone;
    }
    auto log = known->second->find_log(what.container, what.previous);
    if (!log)
        co_return log.error();
    co_return stream_log(api_.runtime(), *log, std::move(what));
}

} // namespace devcluster
