#pragma once

#include "asio_k8s/client.hpp"
#include "asio_k8s/json_access.hpp"
#include "proto_http/error.hpp"
#include "proto_http/event.hpp"
#include "support/loop_fixture.hpp"
#include "tools/devcluster/node/node.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace test_support {

namespace json = boost::json;

/// Keeps what it is sent, and serves list and watch of pods.
class fake_api : public k8s::client {
public:
    explicit fake_api(proto_http::runtime& rt) : rt_(rt), changed_(rt) {}

    std::map<std::string, json::object> pods; ///< by name; all in namespace "default"
    std::map<std::string, json::object> events;
    std::map<std::string, std::string> configs; ///< answers of GET, by path
    std::vector<std::string> phases;            ///< "NAME PHASE", each time one is written
    std::vector<std::string> calls;

    void create(std::string_view name, std::string_view spec) {
        auto& pod = pods[std::string(name)];
        pod = json::object{{"metadata", {{"namespace", "default"}, {"name", name}, {"uid", fmt::format("uid-{}", name)}}},
                           {"spec", json::parse(spec)},
                           {"status", json::object()}};
        pod["status"].get_object()["phase"] = "Pending";
        stored(pod, pods.size() == 0 ? "ADDED" : "MODIFIED");
    }

    /// As DELETE with that grace.
    void remove(const std::string& name, std::int64_t grace) {
        if (grace == 0)
            return erase(name);
        auto& metadata = pods.at(name).at("metadata").get_object();
        metadata["deletionTimestamp"] = "2026-11-23T00:00:00Z";
        metadata["deletionGracePeriodSeconds"] = grace;
        stored(pods.at(name), "MODIFIED");
    }

    const json::object& status(const std::string& name) const { return pods.at(name).at("status").get_object(); }

    boost::asio::awaitable<k8s::api_result<k8s::json_document>> call(proto_http::request what) override {
        calls.push_back(what.method + " " + what.target);
        co_return answer(what);
    }
    boost::asio::awaitable<k8s::api_result<std::unique_ptr<proto_http::response_stream>>>
    open(proto_http::request what) override {
        // The n-th change made version n.
        auto version = proto_http::first_query_value(what.target.substr(what.target.find('?') + 1), "resourceVersion").value;
        co_return std::make_unique<stream>(*this, std::stoul(version));
    }
    proto_http::runtime& runtime() noexcept override { return rt_; }

private:
    class stream final : public proto_http::response_stream {
    public:
        stream(fake_api& from, std::size_t at) : from_(from), at_(at) { head_.status = 200; }
        const proto_http::response& head() const noexcept override { return head_; }
        boost::asio::awaitable<proto_http::result<std::string_view>> read(proto_http::time_point deadline) override {
            while (at_ == from_.lines_.size())
                if (auto error = co_await from_.changed_.wait(deadline); error)
                    co_return error;
            piece_ = from_.lines_[at_++];
            co_return std::string_view(piece_);
        }

    private:
        fake_api& from_;
        std::size_t at_;
        std::string piece_;
        proto_http::response head_;
    };

    static k8s::api_error not_found() {
        k8s::api_error error;
        error.code = k8s::errc::not_found;
        error.http_status = 404;
        return error;
    }

    k8s::api_result<k8s::json_document> answer(const proto_http::request& what) {
        auto path = what.target.substr(0, what.target.find('?'));
        if (what.method == "GET" && path == "/api/v1/pods") {
            json::array items;
            for (const auto& [name, pod] : pods)
                items.push_back(pod);
            json::object list{{"apiVersion", "v1"}, {"kind", "PodList"}};
            list["metadata"].emplace_object()["resourceVersion"] = std::to_string(lines_.size());
            list["items"] = std::move(items);
            return json::value(std::move(list));
        }
        if (what.method == "GET") {
            auto known = configs.find(path);
            return known == configs.end() ? k8s::api_result<k8s::json_document>(not_found()) : json::parse(known->second);
        }
        auto body = json::parse(what.body);
        std::vector<std::string> parts; // of /api/v1/namespaces/NS/RESOURCE/NAME/SUBRESOURCE
        for (std::size_t at = 1; at < path.size();
             at = path.find('/', at) == std::string::npos ? path.size() : path.find('/', at) + 1)
            parts.push_back(path.substr(at, path.find('/', at) - at));
        auto name = parts.size() > 5 ? parts[5] : std::string();
        if (parts[4] == "events")
            return take_event(what.method, name, body.get_object());
        if (!pods.contains(name))
            return not_found();
        auto& pod = pods.at(name);
        if (what.method == "DELETE") {
            erase(name);
        } else if (parts.at(6) == "binding") {
            pod["spec"].get_object()["nodeName"] = body.at("target").at("name");
            stored(pod, "MODIFIED");
        } else if (parts.at(6) == "status") {
            for (const auto& [key, value] : body.at("status").get_object())
                pod["status"].get_object()[key] = value;
            phases.push_back(name + " " + std::string(pod["status"].at("phase").as_string()));
            stored(pod, "MODIFIED");
        }
        return json::value();
    }

    k8s::api_result<k8s::json_document> take_event(const std::string& method, const std::string& name, const json::object& body) {
        if (method == "POST")
            events[std::string(body.at("metadata").at("name").as_string())] = body;
        else
            for (const auto& [key, value] : body)
                events.at(name)[key] = value;
        return json::value();
    }

    void erase(const std::string& name) {
        tell("DELETED", pods.at(name));
        pods.erase(name);
    }

    void stored(json::object& pod, std::string_view type) {
        pod["metadata"].get_object()["resourceVersion"] = std::to_string(lines_.size() + 1);
        tell(type, pod);
    }

    void tell(std::string_view type, const json::object& pod) {
        lines_.push_back(fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, json::serialize(pod)));
        changed_.set();
        changed_.reset();
    }

    proto_http::runtime& rt_;
    proto_http::event changed_;
    std::vector<std::string> lines_;
};

/// Real processes, time that moves only when told.
struct process_fixture {
    boost::asio::io_context context;
    manual_runtime rt{context};

    process_fixture() { rt.variables = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/"}, {"SECRET_OF_THE_DEVELOPER", "x"}}; }
    ~process_fixture() {
        rt.poll();
        BOOST_TEST(context.stopped(), "a coroutine was left behind");
        BOOST_TEST(rt.time().size() == 0U);
    }

    /// Lets the processes go on until then. The bound only ends a broken test.
    bool until(const std::function<bool()>& done) {
        for (int idle = 0; !done() && idle < 300;) {
            context.restart();
            idle += context.run_one_for(std::chrono::milliseconds(100)) == 0 ? 1 : 0;
        }
        return done();
    }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        started<T> one(context, std::move(task));
        until([&] { return one.is_done(); });
        return std::move(one.value());
    }
};

struct node_fixture : process_fixture {
    fake_api api{rt};
    std::vector<std::string> troubles;
    devcluster::node_settings settings{devcluster::image_map(devcluster::find_on_this_machine("/usr/bin:/bin"))};
    std::optional<devcluster::node> node;
    std::optional<started<bool>> running;

    ~node_fixture() { stop(); }

    void start() {
        node.emplace(api, settings, [this](std::string_view text) { troubles.emplace_back(text); });
        running.emplace(context, to_end(node->run()));
    }

    void stop() {
        if (!running)
            return;
        running->cancel();
        BOOST_TEST(until([&] { return running->is_done(); }), "the node did not end");
        running.reset();
        node.reset();
        BOOST_TEST(troubles.empty(), (troubles.empty() ? "" : troubles[0]));
    }

    /// A pod of one container "main" that runs a shell command.
    void create(std::string_view name, std::string_view script, std::string_view more = R"("restartPolicy":"Never")") {
        json::array command{"sh", "-c", script};
        api.create(name, fmt::format(R"({{"containers":[{{"name":"main","image":"busybox","command":{}}}],{}}})",
                                     json::serialize(command), more));
    }

    std::string phase(const std::string& name) const {
        return api.pods.contains(name) ? std::string(k8s::text_at(api.status(name), "phase")) : "gone";
    }
    bool until_phase(const std::string& name, const std::string& wanted) {
        return until([&] { return phase(name) == wanted; });
    }

    /// A member of a pod's container status, by JSON pointer: a text as it is, anything else as JSON, empty where it is not
    /// there.
    std::string container(const std::string& name, const std::string& pointer, const std::string& list = "containerStatuses",
                          std::size_t index = 0) const {
        boost::system::error_code error;
        const json::value status(api.pods.contains(name) ? api.status(name) : json::object());
        const auto* found = status.find_pointer(fmt::format("/{}/{}{}", list, index, pointer), error);
        if (found == nullptr)
            return {};
        return found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
    }

    std::vector<std::string> event_texts(const std::string& name) const {
        std::vector<std::string> texts;
        for (const auto& [key, event] : api.events)
            if (event.at("involvedObject").at("name").as_string() == name)
                texts.push_back(fmt::format("{} {}: {}", std::string(event.at("type").as_string()),
                                            std::string(event.at("reason").as_string()),
                                            std::string(event.at("message").as_string())));
        return texts;
    }
    bool has_event(const std::string& name, const std::string& text) const {
        auto texts = event_texts(name);
        return std::any_of(texts.begin(), texts.end(), [&](const auto& each) { return each.find(text) != std::string::npos; });
    }
};

} // namespace test_support
