#include "controller/status_api.hpp"

#include <boost/asio/awaitable.hpp>

namespace kh {

namespace asio = boost::asio;
using proto_http::server_request;
using proto_http::server_response;

namespace {

server_response page(unsigned status, std::string content_type, std::shared_ptr<const std::string> body) {
    server_response answer;
    answer.status = status;
    answer.headers.set("Content-Type", std::move(content_type));
    answer.headers.set("Cache-Control", "no-store");
    answer.body = std::move(body);
    return answer;
}

proto_http::route get_route(std::string path, std::function<server_response(const server_request&)> answer) {
    proto_http::route r;
    r.methods = {"GET", "HEAD"};
    r.path = std::move(path);
    r.handler = [answer = std::move(answer)](server_request request) -> asio::awaitable<server_response> {
        co_return answer(request);
    };
    return r;
}

} // namespace

std::vector<proto_http::route> status_routes(status_board& board, status_sources sources) {
    const auto status = [&board, globals = sources.globals](const server_request& request) {
        // v2 refuses a status request with a body.
        if (!request.body.empty())
            return proto_http::make_response(400, "application/json", "{\"error\":\"a status request has no body\"}\n");
        const proto_http::query_value namespaces = proto_http::first_query_value(request.query, "namespace");
        return page(200, "application/json", board.status_json(globals(), namespaces.value));
    };
    const auto metrics = [&board, globals = sources.globals, process = sources.process_metrics](const server_request&) {
        return page(200, "text/plain; version=0.0.4; charset=utf-8", board.metrics(globals(), process()));
    };
    const auto healthy = [](const server_request&) {
        return proto_http::make_response(200, "text/plain; charset=utf-8", "ok\n");
    };
    const auto alive = [source = sources.alive, healthy](const server_request& request) {
        if (source())
            return healthy(request);
        return proto_http::make_response(503, "text/plain; charset=utf-8", "neither leader nor candidate\n");
    };
    const auto ready = [source = sources.ready](const server_request&) {
        readiness state = source();
        return proto_http::make_response(state.ready ? 200 : 503, "application/json", std::move(state.body));
    };
    std::vector<proto_http::route> routes;
    routes.push_back(get_route("/", status));
    routes.push_back(get_route("/status", status));
    routes.push_back(get_route("/metrics", metrics));
    for (proto_http::route& page : routes)
        page.handler = sources.guard(std::move(page.handler));
    routes.push_back(get_route("/healthz", healthy));
    routes.push_back(get_route("/livez", alive));
    routes.push_back(get_route("/readyz", ready));
    return routes;
}

} // namespace kh
