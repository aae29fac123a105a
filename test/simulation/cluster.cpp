#include "simulation/cluster.hpp"

#include "asio_k8s/rfc3339.hpp"
#include "simulation/cluster_objects.hpp"
#include "tools/devcluster/api/api_call.hpp"
#include "tools/devcluster/api/body.hpp"
#include "tools/devcluster/dev/definitions.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <map>

namespace simulation {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using devcluster::fault;
using devcluster::status_error;
using proto_http::server_request;

namespace {

status_error made_up(unsigned code, std::string reason, std::optional<unsigned> retry_after = {}) {
    status_error made;
    made.code = code;
    made.reason = std::move(reason);
    made.message = "drawn by the simulation";
    made.retry_after_seconds = retry_after;
    return made;
}

devcluster::api_server_options server_options() {
    devcluster::api_server_options made;
    made.with_core_schemas = false;
    return made;
}

/// Our definitions as an API server has stored them. Parsed and judged once: a world is made thousands of times.
const std::vector<devcluster::object_ptr>& definitions() {
    static const auto stored = [] {
        asio::io_context context;
        test_support::manual_runtime rt(context);
        devcluster::api_server api(rt, server_options());
        auto& all = api.all();
        const auto type = all.types().find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
        for (auto text : devcluster::kuberhealthy_definitions())
            all.create(*type, {}, devcluster::parse_yaml(text).value().get_object()).value();
        return all.stored().in(type->collection_name()).list({});
    }();
    return stored;
}

devcluster::object_key key_of(const check_key& key) {
    return {key.ns, key.name};
}

bool is_write(const server_request& request) {
    return request.method != "GET";
}

} // namespace

/// Draws the fate of each request.
class cluster::faults final : public devcluster::fault_source {
public:
    explicit faults(cluster& of) : of_(of) {}

    fault next(const server_request& request) override {
        ++of_.requests_;
        std::optional<fault> laid_down = of_.on_request ? of_.on_request(request) : std::nullopt;
        fault drawn = laid_down ? *laid_down : of_.is_faulty ? draw(request) : fault();
        tell(request, drawn);
        return drawn;
    }

private:
    fault draw(const server_request& request) {
        auto& d = of_.draws_;
        const auto& mix = of_.about_.faults;
        fault f;
        if (mix.latency_max > 0ms) {
            f.latency_before = d.time(0ms, mix.latency_max);
            f.latency_after = d.time(0ms, mix.latency_max);
        }
        if (d.chance(mix.slow))
            (d.chance(0.5) ? f.latency_before : f.latency_after) = d.time(1s, 40s);
        const bool is_watch = request.query.find("watch=true") != std::string::npos;
        if (d.chance(mix.refused)) {
            constexpr std::array codes{429u, 500u, 503u};
            const auto code = d.pick(codes);
            f.answer = made_up(code,
                               code == 429   ? "TooManyRequests"
                               : code == 500 ? "InternalError"
                                             : "ServiceUnavailable",
                               d.chance(0.5) ? std::optional(static_cast<unsigned>(d.between(1, 8))) : std::nullopt);
        } else if (!is_write(request) && d.chance(mix.gone) &&
                   (is_watch || request.query.find("continue=") != std::string::npos)) {
            f.answer = devcluster::expired("too old resource version, says the simulation");
        } else if ((request.method == "PATCH" || request.method == "DELETE") && d.chance(mix.conflict)) {
            f.answer = made_up(409, "Conflict");
        } else if ((request.method == "POST" || request.method == "PATCH") &&
                   request.path.find("/khstates") != std::string::npos && d.chance(mix.unstorable)) {
            d.chance(0.5) ? f.answer = made_up(413, "RequestEntityTooLarge") : f.answer = made_up(422, "Invalid");
        } else if (request.method == "POST" && d.chance(mix.closing)) {
            f.answer = made_up(403, "Forbidden");
        } else if (d.chance(mix.reset_before)) {
            f.resets_before = true;
        } else if (d.chance(mix.reset_after)) {
            f.resets_after = true;
        } else if (d.chance(mix.told_otherwise)) {
            constexpr std::array codes{500u, 504u};
            f.answer_after = made_up(d.pick(codes), "Timeout");
        } else if (d.chance(mix.cut)) {
            f.cuts_after = static_cast<std::size_t>(d.below(is_watch ? 6000 : 1500)) + 1;
        }
        if (is_watch && d.chance(mix.bookmarks))
            f.bookmark_interval = d.time(100ms, 1s);
        return f;
    }

    void tell(const server_request& request, const fault& f) {
        if (!of_.trace_.is_on())
            return;
        std::string fate;
        if (f.answer)
            fate = fmt::format(", refused {}", f.answer->code);
        if (f.answer_after)
            fate = fmt::format(", done, but answered {}", f.answer_after->code);
        if (f.resets_before)
            fate = ", reset before it is done";
        if (f.resets_after)
            fate = ", done, its answer is lost";
        if (f.cuts_after)
            fate = fmt::format(", cut off after {} bytes", *f.cuts_after);
        if (f.latency_before + f.latency_after > 1s)
            fate += fmt::format(", takes {:.1f} s", std::chrono::duration<double>(f.latency_before + f.latency_after).count());
        of_.trace_.line("api: {} {}{}{}{}", request.method, request.path, request.query.empty() ? "" : "?", request.query, fate);
    }

    cluster& of_;
};

struct cluster::by_hand {
    explicit by_hand(cluster& in) : of(in) { of.by_hand_ = true; }
    ~by_hand() { of.by_hand_ = false; }
    by_hand(const by_hand&) = delete;
    by_hand& operator=(const by_hand&) = delete;
    cluster& of;
};

cluster::cluster(std::uint64_t seed, const plan& about, dice& draws, trace& told, std::shared_ptr<test_support::timeline> time,
                 std::shared_ptr<test_support::memory_network> net)
    : runtime_(context_, seed, std::move(time), std::move(net)), about_(about), draws_(draws), trace_(told),
      faults_(std::make_unique<faults>(*this)) {}

cluster::~cluster() = default;

void cluster::serve() {
    auto options = server_options();
    options.faults = faults_.get();
    api_ = std::make_unique<devcluster::api_server>(runtime_, options);
    server_ = std::make_unique<proto_http::server>(runtime_, api_->routes(), devcluster::api_server::limits());
    auto& all = api_->all();
    auto& crds = all.stored().in(all.types().find("apiextensions.k8s.io", "v1", "customresourcedefinitions")->collection_name());
    for (const auto& each : definitions())
        all.stored().restore(crds, devcluster::key_of(each->value), each);
    api_->load();
    json::object space; // of the controller: its Lease is there
    space["metadata"] = json::object{{"name", "kuberhealthy"}};
    all.create(*all.types().find("", "v1", "namespaces"), {}, std::move(space)).value();
    json::object account;
    account["metadata"] = json::object{{"name", "default"}};
    all.create(*all.types().find("", "v1", "serviceaccounts"), "default", std::move(account));
    all.stored().listeners.push_back(
        [this](devcluster::collection& in, const devcluster::object_key&, const devcluster::change& what) {
            if (on_change)
                on_change(in.name(), what);
        });
    auto listening = runtime_.listen(proto_http::host_port{"api", 80});
    running_ = 2;
    asio::co_spawn(context_, server_->run(std::move(*listening)), [this](std::exception_ptr) { --running_; });
    asio::co_spawn(context_, api_->run(),
                   asio::bind_cancellation_slot(stop_controllers_.slot(), [this](std::exception_ptr) { --running_; }));
}

void cluster::go_down() {
    is_down_ = true;
    runtime_.reset_connections();
}

void cluster::stall(bool stalls) {
    for (auto wire : runtime_.connections())
        wire.stall(stalls);
}

bool cluster::stop() {
    on_change = nullptr;
    asio::post(context_, [this] { stop_controllers_.emit(asio::cancellation_type::terminal); });
    runtime_.sever();
    server_->drain(runtime_.now());
    while (runtime_.poll())
        ;
    if (running_ != 0)
        return false;
    server_.reset();
    while (runtime_.poll())
        ;
    return true;
}

unix_seconds cluster::wall() const {
    return std::chrono::floor<std::chrono::seconds>(runtime_.wall_now()).time_since_epoch().count();
}

devcluster::type_ptr cluster::type_of(workload kind) const {
    return api_->all().types().find("comcast.github.io", "v1", kind == workload::check ? "khchecks" : "khjobs");
}

void cluster::apply_check(const check_order& order) {
    by_hand mark(*this);
    auto& all = api_->all();
    auto wanted = check_object(order);
    const auto type = type_of(order.kind);
    if (!all.stored().in(type->collection_name()).find(key_of(order.key))) {
        all.create(*type, order.key.ns, std::move(wanted)).value();
        return;
    }
    all.modify(*type, key_of(order.key), [&](json::object now) -> devcluster::outcome<json::object> {
        auto phase = now.at("spec").get_object().if_contains("phase");
        auto spec = wanted.at("spec").get_object();
        if (phase != nullptr)
            spec["phase"] = *phase;
        now["spec"] = std::move(spec);
        return now;
    });
}

void cluster::remove_check(const check_key& key, workload kind) {
    by_hand mark(*this);
    api_->all().remove(*type_of(kind), key_of(key));
}

void cluster::remove_state(const check_key& key) {
    by_hand mark(*this);
    api_->all().remove(*api_->all().types().find("comcast.github.io", "v1", "khstates"), key_of(key));
}

void cluster::edit_state(const check_key& key) {
    by_hand mark(*this);
    auto& all = api_->all();
    const auto type = all.types().find("comcast.github.io", "v1", "khstates");
    if (!all.stored().in(type->collection_name()).find(key_of(key)))
        return;
    all.modify(*type, key_of(key), [](json::object now) -> devcluster::outcome<json::object> {
        auto& spec = now["spec"].get_object();
        spec["OK"] = false;
        spec["Errors"] = json::array{"edited by hand"};
        return now;
    });
}

void cluster::edit_state(const check_key& key, const std::function<void(json::object&)>& edit) {
    by_hand mark(*this);
    auto& all = api_->all();
    all.modify(*all.types().find("comcast.github.io", "v1", "khstates"), key_of(key),
               [&](json::object now) -> devcluster::outcome<json::object> {
                   edit(now);
                   return now;
               });
}

std::vector<json::object> cluster::stored(std::string_view collection) const {
    std::vector<json::object> found;
    for (const auto& each : api_->all().stored().in(collection).list({}))
        found.push_back(each->value);
    return found;
}

void cluster::tell_pod(const pod_handle& pod, const pod_news& news) {
    auto& stored = api_->all().stored();
    auto& pods = stored.in("pods");
    auto found = pods.find({pod.ns, pod.name});
    if (!found || devcluster::metadata_text(found->value, "uid") != pod.uid)
        return;
    by_hand mark(*this);
    auto next = found->value;
    const auto now = k8s::format_rfc3339(wall());
    next["status"] = pod_status_object(news, found->value, now);
    if (news.is_scheduled)
        next["spec"].get_object()["nodeName"] = "node-1";
    stored.put(pods, {pod.ns, pod.name}, std::move(next));
}

void cluster::remove_pod(const pod_handle& pod, bool is_over) {
    by_hand mark(*this);
    devcluster::delete_options options;
    options.uid = pod.uid;
    if (is_over)
        options.grace_seconds = 0;
    api_->all().remove(*api_->all().types().find("", "v1", "pods"), {pod.ns, pod.name}, options);
}

void cluster::add_v2_state(const check_key& key, bool ok, unix_seconds last_run) {
    by_hand mark(*this);
    api_->all()
        .create(*api_->all().types().find("comcast.github.io", "v1", "khstates"), key.ns, v2_state_object(key, ok, last_run))
        .value();
}

void cluster::add_foreign_pod(const std::string& ns, const std::string& name) {
    by_hand mark(*this);
    api_->all().create(*api_->all().types().find("", "v1", "pods"), ns, foreign_pod_object(name)).value();
}

void cluster::add_v2_pod(const check_key& key, const std::string& secret) {
    by_hand mark(*this);
    api_->all().create(*api_->all().types().find("", "v1", "pods"), key.ns, v2_pod_object(key, secret, wall())).value();
}

} // namespace simulation
