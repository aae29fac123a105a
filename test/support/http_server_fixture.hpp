#pragma once

#include "proto_http/server.hpp"
#include "support/loop_fixture.hpp"
#include "support/scripted_peer.hpp"

#include <optional>

namespace test_support {

/// A server on the virtual network at "server:80", and raw connections to it.
struct http_server_fixture : manual_fixture {
    std::vector<proto_http::route> routes;
    proto_http::server_limits limits;
    std::vector<std::string> errors;
    std::optional<proto_http::server> server;
    std::optional<started<bool>> serving;

    ~http_server_fixture() { stop(); }

    void serve() {
        server.emplace(rt, routes, limits);
        server->on_error = [this](std::string_view text) { errors.emplace_back(text); };
        auto listening = rt.listen(proto_http::host_port{"", 80});
        serving.emplace(start(server->run(std::move(*listening))));
        rt.poll();
    }

    void stop() {
        if (!server)
            return;
        server->drain(rt.now());
        finish(*serving);
        BOOST_TEST(serving->is_done(), "the server did not end");
        server.reset();
    }

    std::unique_ptr<proto_http::stream> connect() {
        auto dialled = run(rt.dial(proto_http::host_port{"server", 80}));
        return dialled ? std::move(*dialled) : nullptr;
    }

    void add(std::vector<std::string> methods, std::string path, proto_http::request_handler handler) {
        proto_http::route added;
        added.methods = std::move(methods);
        added.path = std::move(path);
        added.handler = std::move(handler);
        routes.push_back(std::move(added));
    }

    /// Sends all bytes and returns all that comes back until the server closes.
    std::string talk(std::string bytes) {
        auto to = connect();
        run(write_all(*to, std::move(bytes)));
        return run(read_to_end(*to));
    }
};

/// The three digits of the first status line.
inline std::string status_of(const std::string& answer) {
    return answer.size() < 12 ? std::string() : answer.substr(9, 3);
}

/// How many answers are in it.
inline std::size_t count_answers(const std::string& text) {
    std::size_t count = 0;
    for (auto at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1))
        ++count;
    return count;
}

} // namespace test_support
