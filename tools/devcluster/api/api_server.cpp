#include "tools/devcluster/api/api_server.hpp"

#include "tools/devcluster/api/api_call.hpp"
#include "tools/devcluster/api/core_types.hpp"
#include "tools/devcluster/api/discovery.hpp"
#include "tools/devcluster/api/openapi.hpp"

#include <boost/json/serialize.hpp>

#include <stdexcept>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;

using proto_http::server_request;
using proto_http::server_response;

namespace {

constexpr std::size_t body_size_max = 3 * 1024 * 1024; // kube-apiserver's

/// Breaks a body off after so many bytes, as a connection that is cut.
class cutting_writer final : public proto_http::body_writer {
public:
    cutting_writer(proto_http::body_writer& to, std::size_t left) : to_(to), left_(left) {}

    asio::awaitable<proto_http::result<void>> write(std::string_view piece) override {
        auto taken = piece.substr(0, left_);
        left_ -= taken.size();
        auto written = co_await to_.write(taken);
        if (written && left_ == 0)
            throw std::runtime_error("cut off by a fault");
        co_return written;
    }

private:
    proto_http::body_writer& to_;
    std::size_t left_;
};

asio::awaitable<void> write_cut(proto_http::body_stream whole, std::size_t size, proto_http::body_writer& to) {
    cutting_writer cutting(to, size);
    co_await whole(cutting);
}

asio::awaitable<void> write_text(std::shared_ptr<const std::string> text, proto_http::body_writer& to) {
    co_await to.write(*text);
}

server_response cut_off(server_response answer, std::size_t size) {
    auto whole = answer.stream;
    if (!whole)
        whole = [text = answer.body ? answer.body : std::make_shared<const std::string>()](proto_http::body_writer& to) {
            return write_text(text, to);
        };
    answer.stream = [whole, size](proto_http::body_writer& to) { return write_cut(whole, size, to); };
    return answer;
}

server_response broken_connection() {
    server_response made;
    made.aborts = true;
    return made;
}

server_response refuse(const proto_http::refusal& why) {
    status_error made;
    made.code = why.status;
    made.reason = why.status == 413 ? "RequestEntityTooLarge" : why.status == 408 ? "Timeout" : "BadRequest";
    made.message = why.status == 413 ? "Request entity too large: limit is 3145728" : std::string(why.reason);
    return status_answer(made);
}

server_response document(const json::object& value) {
    return proto_http::make_response(200, "application/json", json::serialize(value));
}

/// A document that a client asks for again by what it has of it.
server_response cached_document(const server_request& request, const json::object& value) {
    auto tag = '"' + content_hash(value) + '"';
    auto made = request.headers.get("If-None-Match") == tag ? proto_http::make_response(304, "", "") : document(value);
    made.headers.set("ETag", tag);
    return made;
}

server_response no_page() {
    return proto_http::make_response(404, "text/plain; charset=utf-8", "404 page not found\n");
}

status_error unauthorized() {
    status_error made;
    made.code = 401;
    made.reason = "Unauthorized";
    made.message = "Unauthorized";
    return made;
}

/// The version of aggregated discovery that the client prefers, or empty.
std::string_view aggregated_version(std::string_view accept) {
    if (accept.find("as=APIGroupDiscoveryList") == std::string_view::npos)
        return {};
    return accept.find("v=v2;") != std::string_view::npos || accept.find("v=v2,") != std::string_view::npos ||
                   accept.ends_with("v=v2")
               ? "v2"
               : "v2beta1";
}

bool is_health(std::string_view path) {
    for (auto known : {"/healthz", "/livez", "/readyz"})
        if (path == known || path.starts_with(std::string(known) + "/"))
            return true;
    return false;
}

/// "/openapi/v3/api/v1" and "/openapi/v3/apis/GROUP/VERSION".
std::optional<std::pair<std::string, std::string>> group_version_of(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix))
        return std::nullopt;
    // A collection of any name has the group and version in the same places.
    auto parsed = parse_request_path("/" + std::string(path.substr(prefix.size())) + "/any");
    if (!parsed)
        return std::nullopt;
    return std::pair(parsed->group, parsed->version);
}

std::vector<served_resource> served_resources(const registry& types) {
    std::vector<served_resource> made;
    for (const auto& type : types.all()) {
        auto& one = made.emplace_back();
        one.group = type->group;
        one.version = type->version;
        one.kind = type->kind;
        one.plural = type->plural;
        one.namespaced = type->namespaced;
        one.has_status = type->has_status;
        one.schema = type->openapi.get();
    }
    return made;
}

void add_namespace(objects& all, const std::string& name) {
    if (all.stored().in("namespaces").find({"", name}))
        return; // it was restored
    json::object space;
    space["kind"] = "Namespace";
    space["apiVersion"] = "v1";
    space["metadata"] = json::object{{"name", name}};
    all.create(*all.types().find("", "v1", "namespaces"), {}, std::move(space));
}

} // namespace

api_server::api_server(proto_http::runtime& rt, api_server_options options)
    : rt_(rt), options_(std::move(options)), store_(options_.history_max), objects_(rt, store_, types_), custom_(objects_),
      verbs_(rt, objects_, options_.logs) {
    add_core_types(types_, options_.with_core_schemas);
}

void api_server::load() {
    custom_.load();
    controllers_ = std::make_unique<controllers>(rt_, objects_);
    for (auto name : {"default", "kube-system"})
        add_namespace(objects_, name);
}

asio::awaitable<void> api_server::run() {
    if (!controllers_)
        load();
    co_await controllers_->run();
}

proto_http::server_limits api_server::limits() {
    proto_http::server_limits made;
    made.header_size_max = 64 * 1024;
    made.body_size_max = body_size_max;
    made.body_time_max = std::chrono::seconds(60);
    made.compress_size_min = std::size_t(-1); // it is on this machine
    return made;
}

std::vector<proto_http::route> api_server::routes() {
    proto_http::route all;
    all.path = "*";
    all.drains_with_grace = false;
    all.refuse = refuse;
    all.handler = [this](server_request request) { return serve(std::move(request)); };
    std::vector<proto_http::route> made;
    made.push_back(std::move(all));
    return made;
}

bool api_server::is_authorized(const server_request& request) const {
    if (options_.token.empty() || is_health(request.path) || request.path == "/version")
        return true;
    auto given = request.headers.get("Authorization");
    if (!given.starts_with("Bearer "))
        return false;
    given.remove_prefix(7);
    // No early end: how long the comparison takes says nothing of the token.
    unsigned difference = given.size() == options_.token.size() ? 0 : 1;
    for (std::size_t at = 0; at < given.size(); ++at)
        difference |= static_cast<unsigned>(given[at] ^ options_.token[at % options_.token.size()]);
    return difference == 0;
}

asio::awaitable<server_response> api_server::serve(server_request request) {
    if (!is_authorized(request))
        co_return status_answer(unauthorized());
    fault how;
    if (options_.faults != nullptr)
        how = options_.faults->next(request);
    if (how.latency_before.count() > 0)
        co_await proto_http::wait_until(rt_, rt_.now() + how.latency_before);
    if (how.resets_before)
        co_return broken_connection();
    if (how.answer)
        co_return status_answer(*how.answer);
    auto answer = co_await serve_without_faults(std::move(request), how);
    if (how.latency_after.count() > 0)
        co_await proto_http::wait_until(rt_, rt_.now() + how.latency_after);
    if (how.resets_after)
        co_return broken_connection();
    if (how.answer_after)
        co_return status_answer(*how.answer_after);
    if (how.cuts_after)
        co_return cut_off(std::move(answer), *how.cuts_after);
    co_return answer;
}

asio::awaitable<server_response> api_server::serve_without_faults(server_request request, fault how) {
    auto path = parse_request_path(request.path);
    // What is no resource of a group of custom kinds is no page either.
    bool is_served = path && types_.has_version(path->group, path->version) &&
                     (types_.find(path->group, path->version, path->plural) || !types_.is_custom(path->group));
    if (is_served) {
        auto at = std::move(*path);
        co_return co_await verbs_.answer(std::move(request), std::move(at), how);
    }
    co_return serve_document(request);
}

server_response api_server::serve_document(const server_request& request) {
    auto made = find_document(request);
    bool is_read = request.method == "GET" || request.method == "HEAD";
    return is_read || made.status == 404 ? made : status_answer(no_such_method());
}

server_response api_server::find_document(const server_request& request) {
    const auto& path = request.path;
    if (is_health(path))
        return proto_http::make_response(200, "text/plain; charset=utf-8", "ok");
    if (path == "/version")
        return document(version_document());
    // An empty document in protobuf is a valid one. It is only asked for where the third version does not have a kind.
    if (path == "/openapi/v2")
        return proto_http::make_response(200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", {});
    if (path == "/openapi/v3")
        return document(openapi_index(served_resources(types_)));
    if (auto named = group_version_of(path, "/openapi/v3/"); named && types_.has_version(named->first, named->second))
        return cached_document(request, openapi_document(served_resources(types_), named->first, named->second));
    auto accept = request.headers.get("Accept");
    bool is_core = path == "/api" || path == "/api/";
    if (is_core || path == "/apis" || path == "/apis/") {
        auto version = aggregated_version(accept);
        if (version.empty())
            return document(is_core ? core_versions() : group_list(types_));
        auto made = cached_document(request, aggregated(types_, is_core, version));
        made.headers.set("Content-Type",
                         "application/json;g=apidiscovery.k8s.io;v=" + std::string(version) + ";as=APIGroupDiscoveryList");
        made.headers.add("Vary", "Accept");
        return made;
    }
    if (path == "/api/v1")
        return document(*resource_list(types_, {}, "v1"));
    if (path.starts_with("/apis/")) {
        auto rest = std::string_view(path).substr(6);
        if (rest.ends_with('/'))
            rest.remove_suffix(1);
        auto slash = rest.find('/');
        auto found = slash == std::string_view::npos ? group_document(types_, rest)
                                                     : resource_list(types_, rest.substr(0, slash), rest.substr(slash + 1));
        if (found)
            return document(*found);
    }
    return no_page();
}

} // namespace devcluster
