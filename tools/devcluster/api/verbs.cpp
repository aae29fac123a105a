#include "tools/devcluster/api/verbs.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/api_call.hpp"
#include "tools/devcluster/api/body.hpp"
#include "tools/devcluster/api/bounded_seconds.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;

using proto_http::server_request;
using proto_http::server_response;

namespace {

server_response to_answer(outcome<server_response> made) {
    return made ? std::move(*made) : status_answer(made.error());
}

server_response in_yaml(server_response answer) {
    if (auto value = parse_json(*answer.body); value) {
        answer.body = std::make_shared<const std::string>(to_yaml(*value));
        answer.headers.set("Content-Type", "application/yaml");
    }
    return answer;
}

/// Parameters that are numbers, whatever the verb makes of them.
outcome<void> check_numbers(const query_values& query) {
    for (auto name : {"limit", "timeoutSeconds", "gracePeriodSeconds"})
        if (query.has(name) && !query.integer(name))
            return bad_request(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", query.get(name)));
    return {};
}

/// The container of a log request: the one that is named, or the only one.
outcome<std::string> chosen_container(const json::object& pod, const std::string& asked) {
    std::vector<std::string> names, init_names;
    auto collect = [&](std::string_view list, std::vector<std::string>& into) {
        if (const auto* containers = k8s::array_at(pod.at("spec").get_object(), list))
            for (const auto& one : *containers)
                into.emplace_back(k8s::text_at(one.get_object(), "name"));
    };
    collect("containers", names);
    collect("initContainers", init_names);
    auto pod_name = metadata_text(pod, "name");
    auto has = [&](const std::vector<std::string>& in) { return std::find(in.begin(), in.end(), asked) != in.end(); };
    if (!asked.empty() && (has(names) || has(init_names)))
        return asked;
    if (!asked.empty())
        return bad_request(fmt::format("container {} is not valid for pod {}", asked, pod_name));
    if (names.size() == 1)
        return names.front();
    auto choices = fmt::format("[{}]", fmt::join(names, " "));
    if (!init_names.empty())
        choices += fmt::format(" or one of the init containers: [{}]", fmt::join(init_names, " "));
    return bad_request(fmt::format("a container name must be specified for pod {}, choose one of: {}", pod_name, choices));
}
} // namespace

asio::awaitable<server_response> verbs::answer(server_request request, request_path path, const fault& how) {
    api_call what(std::move(request), std::move(path));
    what.fate = how;
    what.type = all_.types().find(what.path.group, what.path.version, what.path.plural);
    if (!what.type)
        co_return status_answer(no_such_resource());
    if (what.type->namespaced && what.path.ns.empty() && what.has_name())
        co_return status_answer(no_such_resource());
    what.key = object_key(what.path.ns, what.path.name);
    if (what.path.subresource == "log" && what.type->kind == "Pod" && what.request.method == "GET") {
        auto answered = co_await log(what);
        co_return to_answer(std::move(answered));
    }
    if (auto numbers = check_numbers(what.query); numbers.has_error())
        co_return status_answer(numbers.error());
    auto negotiated = negotiate(what.request.headers.get("Accept"), what.query);
    if (negotiated.has_error())
        co_return status_answer(negotiated.error());
    what.how = *negotiated;
    auto answer = to_answer(answer_now(what));
    if (what.request.headers.get("Accept").starts_with("application/yaml") && answer.body)
        answer = in_yaml(std::move(answer));
    co_return answer;
}

outcome<server_response> verbs::answer_now(const api_call& what) {
    const auto& method = what.request.method;
    const auto& subresource = what.path.subresource;
    if (subresource == "binding" && what.type->kind == "Pod" && method == "POST")
        return answer_bind(all_, what);
    bool is_known = subresource.empty() || (subresource == "status" && what.type->has_status);
    if (!is_known)
        return what.type->is_custom ? not_found(what.type->named(what.path.name)) : no_such_resource();
    if (method == "GET" || method == "HEAD") {
        if (what.has_name() && !what.query.is_true("watch"))
            return answer_get(all_, what);
        return what.query.is_true("watch") ? answer_watch(rt_, all_, what) : answer_list(all_, what);
    }
    if (method == "POST" && !what.has_name())
        return answer_create(all_, what);
    if (method == "PUT" && what.has_name())
        return answer_replace(all_, what);
    if (method == "PATCH" && what.has_name())
        return answer_patch(all_, what);
    if (method == "DELETE" && subresource.empty())
        return what.has_name() ? answer_delete(all_, what) : answer_delete_collection(all_, what);
    return no_such_method();
}
asio::awaitable<outcome<server_response>> verbs::log(const api_call& what) {
    auto pod = all_.get(*what.type, what.key);
    if (pod.has_error())
        co_return pod.error();
    auto container = chosen_container((*pod)->value, what.query.get("container"));
    if (container.has_error())
        co_return container.error();
    if (logs_ == nullptr)
        co_return not_implemented("there is no node: no pod runs and none has a log");
    log_request asked;
    asked.ns = what.key.first;
    asked.pod = what.key.second;
    asked.uid = metadata_text((*pod)->value, "uid");
    asked.container = std::move(*container);
    asked.follow = what.query.is_true("follow");
    asked.previous = what.query.is_true("previous");
    asked.timestamps = what.query.is_true("timestamps");
    asked.tail_lines = what.query.integer("tailLines");
    if (auto since = what.query.integer("sinceSeconds"))
        asked.since = bounded_seconds(*since);
    asked.limit_bytes = what.query.integer("limitBytes");
    auto opened = co_await logs_->open_log(std::move(asked));
    if (opened.has_error())
        co_return opened.error();
    server_response made;
    made.headers.add("Content-Type", "text/plain");
    made.stream = std::move(*opened);
    co_return made;
}

} // namespace devcluster
