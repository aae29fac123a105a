#pragma once

#include "asio_k8s/client.hpp"
#include "proto_http/client.hpp"
#include "support/loop_fixture.hpp"
#include "tools/devcluster/api/api_server.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <deque>
#include <optional>

namespace test_support {

/// Faults in the order of the requests that have this text in their target; the others have none.
class scripted_faults final : public devcluster::fault_source {
public:
    struct entry {
        std::string path_part;
        devcluster::fault what;
    };
    std::deque<entry> script;
    std::vector<std::string> requests;

    devcluster::fault next(const proto_http::server_request& request) override {
        requests.push_back(request.method + ' ' + request.path + (request.query.empty() ? "" : "?" + request.query));
        if (script.empty() || requests.back().find(script.front().path_part) == std::string::npos)
            return {};
        auto found = std::move(script.front().what);
        script.pop_front();
        return found;
    }
};

struct api_answer {
    unsigned status = 0;
    proto_http::header_list headers;
    boost::json::value body;

    std::string text(std::string_view pointer) const {
        boost::system::error_code missing;
        const auto* found = body.find_pointer(pointer, missing);
        return found == nullptr     ? std::string("(none)")
               : found->is_string() ? std::string(found->get_string())
                                    : boost::json::serialize(*found);
    }
};

/// The embedded API server at "api:80" of the virtual network, and a plain HTTP client of it.
struct embedded_api_fixture : manual_fixture {
    scripted_faults faults;
    devcluster::api_server_options options;
    std::optional<devcluster::api_server> api;
    std::optional<proto_http::server> server;
    std::optional<started<bool>> serving;
    std::optional<started<bool>> controlling;
    std::optional<proto_http::client> client;
    std::vector<std::string> errors;

    ~embedded_api_fixture() { stop(); }

    void serve() {
        options.faults = &faults;
        api.emplace(rt, options);
        server.emplace(rt, api->routes(), devcluster::api_server::limits());
        server->on_error = [this](std::string_view text) { errors.emplace_back(text); };
        auto listening = rt.listen(proto_http::host_port{"", 80});
        serving.emplace(start(server->run(std::move(*listening))));
        controlling.emplace(start(api->run()));
        rt.poll();
        proto_http::client_settings settings;
        settings.origin = {"api", 80};
        client.emplace(rt, settings);
    }

    void stop() {
        if (!server)
            return;
        client->forget_connections();
        client.reset();
        controlling->cancel();
        server->drain(rt.now());
        finish(*serving);
        finish(*controlling);
        server.reset();
        api.reset();
    }

    api_answer call(std::string method, std::string target, std::string body = {}, std::string type = "application/json",
                    std::string accept = "application/json") {
        proto_http::request sent;
        sent.method = std::move(method);
        sent.target = std::move(target);
        sent.headers.add("Accept", std::move(accept));
        if (!body.empty())
            sent.headers.add("Content-Type", std::move(type));
        sent.body = std::move(body);
        auto got = run(client->exchange(std::move(sent), rt.now() + std::chrono::minutes(1)));
        api_answer made;
        if (!got)
            return made;
        made.status = got->status;
        made.headers = std::move(got->headers);
        boost::system::error_code failure;
        made.body = boost::json::parse(got->body, failure);
        if (failure)
            made.body = boost::json::value(got->body);
        return made;
    }

    /// An open watch, read line by line.
    struct open_watch {
        std::unique_ptr<proto_http::response_stream> stream;
        std::string rest;
    };

    open_watch watch(std::string target) {
        proto_http::request sent;
        sent.target = std::move(target);
        auto opened = run(client->open(std::move(sent), rt.now() + std::chrono::minutes(1)));
        BOOST_TEST_REQUIRE(opened.has_value());
        open_watch made;
        made.stream = std::move(*opened);
        return made;
    }

    /// The next event as "TYPE name", or how the stream ended.
    std::string next(open_watch& from, std::chrono::seconds within = std::chrono::seconds(1)) {
        auto end = from.rest.find('\n');
        while (end == std::string::npos) {
            auto piece = run(from.stream->read(rt.now() + within));
            if (!piece)
                return "(" + piece.error().message() + ")";
            if (piece->empty())
                return "(end)";
            from.rest.append(*piece);
            end = from.rest.find('\n');
        }
        auto event = boost::json::parse(from.rest.substr(0, end));
        from.rest.erase(0, end + 1);
        last_event = event;
        const auto& object = event.at("object").get_object();
        const auto* metadata = object.if_contains("metadata");
        const auto* name = metadata == nullptr ? nullptr : metadata->get_object().if_contains("name");
        auto type = std::string(event.at("type").get_string());
        return name == nullptr ? type : type + ' ' + std::string(name->get_string());
    }
    boost::json::value last_event;
};

} // namespace test_support
