#include "tools/devcluster/api/verbs.hpp"

#include "asio_k8s/base64.hpp"
#include "asio_k8s/json_access.hpp"
#include "proto_http/ascii.hpp"
#include "tools/devcluster/api/body.hpp"
#include "tools/devcluster/api/patch.hpp"
#include "tools/devcluster/api/pod_rules.hpp"
#include "tools/devcluster/api/watch_stream.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;

using proto_http::server_request;
using proto_http::server_response;

namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view accepted_bodies = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
constexpr std::string_view no_such_method = "the server does not allow this method on the requested resource";

/// Watches that do not say how long: 30 to 60 minutes, as kube-apiserver; half an hour here.
constexpr auto watch_timeout_default = std::chrono::seconds(1800);

status_error generic_not_found() {
    status_error made;
    made.code = 404;
    made.reason = "NotFound";
    made.message = "the server could not find the requested resource";
    return made;
}

/// A client that has seen the future of another life of this server.
status_error too_large_version(std::uint64_t asked, std::uint64_t current) {
    status_error made;
    made.code = 504;
    made.reason = "Timeout";
    made.message = fmt::format("Too large resource version: {}, current: {}", asked, current);
    made.causes = {{"ResourceVersionTooLarge", "Too large resource version", {}}};
    made.retry_after_seconds = 1;
    return made;
}

std::string_view media_type(std::string_view content_type) {
    auto type = content_type.substr(0, content_type.find(';'));
    while (!type.empty() && type.back() == ' ')
        type.remove_suffix(1);
    return type;
}

outcome<std::uint64_t> parse_version(const std::string& text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return bad_request(fmt::format("invalid resource version \"{}\": strconv.ParseUint: parsing \"{}\": invalid syntax", text, text));
    return value;
}

struct page_start {
    std::uint64_t revision = 0;
    object_key after; ///< the last key of the page before
};

std::string continue_token(const page_start& at) {
    json::object made;
    made["v"] = "meta.k8s.io/v1";
    made["rv"] = at.revision;
    made["start"] = at.after.first + '/' + at.after.second;
    return k8s::base64_encode(json::serialize(made));
}

outcome<page_start> parse_continue(const std::string& token) {
    auto text = k8s::base64_decode(token);
    boost::system::error_code failure;
    auto value = text ? json::parse(*text, failure) : json::value();
    const auto* object = failure ? nullptr : value.if_object();
    auto revision = object == nullptr ? std::nullopt : k8s::integer_at(*object, "rv");
    auto start = object == nullptr ? std::string_view() : k8s::text_at(*object, "start");
    auto slash = start.find('/');
    if (!revision || *revision <= 0 || slash == std::string_view::npos)
        return bad_request("continue key is not valid");
    page_start made;
    made.revision = static_cast<std::uint64_t>(*revision);
    made.after = object_key(start.substr(0, slash), start.substr(slash + 1));
    return made;
}

object_key key_of(const json::object& object) {
    return object_key(metadata_text(object, "namespace"), metadata_text(object, "name"));
}

server_response json_answer(unsigned status, std::shared_ptr<const std::string> body) {
    server_response made;
    made.status = status;
    made.headers.add("Content-Type", std::string(json_type));
    made.headers.add("Cache-Control", "no-cache, private");
    made.body = std::move(body);
    return made;
}

server_response json_answer(unsigned status, std::string body) {
    return json_answer(status, std::make_shared<const std::string>(std::move(body)));
}

void add_warnings(server_response& to, const std::vector<std::string>& warnings) {
    for (const auto& warning : warnings) {
        std::string quoted;
        for (char c : warning)
            quoted.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
        to.headers.add("Warning", fmt::format("299 - \"{}\"", quoted));
    }
}

} // namespace

server_response status_answer(const status_error& error) {
    auto made = json_answer(error.code, json::serialize(to_json(error)));
    if (error.retry_after_seconds)
        made.headers.add("Retry-After", std::to_string(*error.retry_after_seconds));
    return made;
}

/// A request, taken apart once.
struct verbs::call {
    server_request request;
    request_path path;
    query_values query;
    type_ptr type;
    representation how;
    fault fate;
    object_key key;

    call(server_request of, request_path at) : request(std::move(of)), path(std::move(at)), query(request.query) {}

    bool has_name() const { return !path.name.empty(); }
    part written_part() const { return path.subresource == "status" ? part::status : part::whole; }

    outcome<json::value> body() const {
        auto type_of_body = media_type(request.headers.get("Content-Type"));
        if (type_of_body == "application/yaml")
            return parse_yaml(request.body);
        if (type_of_body.empty() || type_of_body.ends_with("json"))
            return parse_json(request.body);
        return unsupported_media_type(accepted_bodies);
    }

    outcome<json::object> object_body() const {
        auto value = body();
        if (value.has_error() && value.error().code == 400)
            return bad_request(fmt::format("the object provided is unrecognized (must be of type {}): couldn't get version/kind; {}",
                                           type->kind, value.error().message));
        if (value.has_error())
            return value.error();
        auto* object = value->if_object();
        if (object == nullptr)
            return bad_request(fmt::format("the object provided is unrecognized (must be of type {}): couldn't get version/kind; "
                                           "json parse error: the body is not an object",
                                           type->kind));
        return std::move(*object);
    }

    outcome<write_options> options() const {
        write_options made;
        if (query.has("dryRun")) {
            if (query.get("dryRun") != "All")
                return invalid(object_name{"meta.k8s.io", "", type->kind, ""},
                               {{"FieldValueNotSupported",
                                 fmt::format("Unsupported value: \"{}\": supported values: \"All\"", query.get("dryRun")), "dryRun"}});
            made.dry_run = true;
        }
        auto validation = query.get("fieldValidation");
        if (validation == "Strict")
            made.unknown_fields = field_validation::strict;
        else if (validation == "Ignore")
            made.unknown_fields = field_validation::ignore;
        if (!validation.empty() && validation != "Ignore" && media_type(request.headers.get("Content-Type")) != "application/yaml")
            made.duplicate_fields = duplicate_fields(request.body);
        return made;
    }

    /// A core kind may leave its kind and version out, a custom one may not; another one than the path's is refused.
    outcome<void> set_kind(json::object& object) const {
        auto version = k8s::text_at(object, "apiVersion"), kind = k8s::text_at(object, "kind");
        if (kind.empty() && type->is_custom)
            return bad_request(fmt::format("Object 'Kind' is missing in '{}'", request.body));
        if (!kind.empty() && kind != type->kind)
            return bad_request(fmt::format("{} in version \"{}\" cannot be handled as a {}: no kind \"{}\" is registered for version \"{}\"",
                                           kind, type->version, type->kind, kind, version.empty() ? type->api_version() : version));
        if (!version.empty() && version != type->api_version())
            return bad_request(fmt::format("the API version in the data ({}) does not match the expected API version ({})", version,
                                           type->api_version()));
        object["kind"] = type->kind;
        object["apiVersion"] = type->api_version();
        return {};
    }
};

asio::awaitable<server_response> verbs::answer(server_request request, request_path path, const fault& how) {
    call what(std::move(request), std::move(path));
    what.fate = how;
    what.type = all_.types().find(what.path.group, what.path.version, what.path.plural);
    if (!what.type)
        co_return status_answer(generic_not_found());
    if (what.type->namespaced && what.path.ns.empty() && what.has_name())
        co_return status_answer(generic_not_found());
    what.key = object_key(what.path.ns, what.path.name);
    if (what.path.subresource == "log" && what.type->kind == "Pod" && what.request.method == "GET") {
        auto answered = co_await log(what);
        if (answered)
            co_return std::move(*answered);
        co_return status_answer(answered.error());
    }
    auto negotiated = negotiate(what.request.headers.get("Accept"), what.query);
    if (negotiated.has_error())
        co_return status_answer(negotiated.error());
    what.how = *negotiated;
    auto answered = answer_now(what);
    if (answered)
        co_return std::move(*answered);
    co_return status_answer(answered.error());
}

outcome<server_response> verbs::answer_now(const call& what) {
    const auto& method = what.request.method;
    const auto& subresource = what.path.subresource;
    if (subresource == "binding" && what.type->kind == "Pod" && method == "POST")
        return bind(what);
    bool is_known = subresource.empty() || (subresource == "status" && what.type->has_status);
    if (!is_known)
        return generic_not_found();
    if (method == "GET" || method == "HEAD") {
        if (what.has_name() && !what.query.is_true("watch"))
            return get(what);
        return what.query.is_true("watch") ? watch(what) : list(what);
    }
    if (method == "POST" && !what.has_name())
        return create(what);
    if (method == "PUT" && what.has_name())
        return replace(what);
    if (method == "PATCH" && what.has_name())
        return patch(what);
    if (method == "DELETE" && subresource.empty())
        return what.has_name() ? remove(what) : remove_collection(what);
    return method_not_allowed(no_such_method);
}

server_response verbs::object_answer(const call& what, unsigned status, const object_ptr& object) const {
    return json_answer(status, render_object(*what.type, object, what.how, rt_.wall_now()));
}

outcome<server_response> verbs::get(const call& what) {
    auto found = all_.get(*what.type, what.key);
    if (found.has_error())
        return found.error();
    return object_answer(what, 200, *found);
}

namespace {

struct selection {
    label_selector labels;
    field_selector fields;

    bool selects_everything() const { return labels.selects_everything() && fields.selects_everything(); }
    bool selects(const json::object& object) const {
        const auto* metadata = k8s::object_at(object, "metadata");
        return labels.matches(metadata == nullptr ? nullptr : k8s::object_at(*metadata, "labels")) && fields.matches(object);
    }
};

outcome<selection> parse_selection(const resource_type& type, const query_values& query) {
    auto labels = label_selector::parse(query.get("labelSelector"));
    if (labels.has_error())
        return labels.error();
    bool has_own_fields = type.is_custom || !type.selectable_fields.empty();
    auto fields = has_own_fields ? field_selector::parse(query.get("fieldSelector"), type.selectable_fields)
                                 : field_selector::parse_metadata_only(query.get("fieldSelector"));
    if (fields.has_error())
        return fields.error();
    return selection{std::move(*labels), std::move(*fields)};
}

/// As of which revision a list is; nothing: as of now.
outcome<std::optional<std::uint64_t>> exact_revision(const query_values& query, std::uint64_t current) {
    auto version = query.get("resourceVersion"), match = query.get("resourceVersionMatch");
    if (!match.empty() && version.empty())
        return invalid(object_name{"meta.k8s.io", "", "ListOptions", ""},
                       {{"FieldValueForbidden", "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
                         "resourceVersionMatch"}});
    if (version.empty() || version == "0")
        return std::optional<std::uint64_t>();
    auto parsed = parse_version(version);
    if (parsed.has_error())
        return parsed.error();
    if (*parsed > current)
        return too_large_version(*parsed, current);
    return match == "Exact" ? std::optional(*parsed) : std::nullopt;
}

} // namespace

outcome<server_response> verbs::list(const call& what) {
    auto selected = parse_selection(*what.type, what.query);
    if (selected.has_error())
        return selected.error();
    auto& collection = all_.stored().in(what.type->collection_name());
    list_position position;
    position.revision = all_.stored().revision();
    std::optional<object_key> after;
    std::optional<std::uint64_t> as_of;
    if (auto token = what.query.get("continue"); !token.empty()) {
        auto start = parse_continue(token);
        if (start.has_error())
            return start.error();
        as_of = start->revision;
        after = std::move(start->after);
    } else {
        auto exact = exact_revision(what.query, position.revision);
        if (exact.has_error())
            return exact.error();
        as_of = *exact;
    }
    if (what.fate.stale_by != 0 && !as_of)
        as_of = std::max(collection.forgotten(), position.revision - std::min(position.revision - 1, what.fate.stale_by));
    auto items = as_of ? collection.list_at(what.path.ns, *as_of) : collection.list(what.path.ns);
    if (!items)
        return expired(after ? "The provided continue parameter is too old to display a consistent list result. You can start a new "
                               "list without the continue parameter."
                             : "The resourceVersion for the provided list is too old.");
    if (as_of)
        position.revision = *as_of;
    if (after)
        items->erase(items->begin(), std::find_if(items->begin(), items->end(),
                                                  [&](const object_ptr& one) { return key_of(one->value) > *after; }));
    if (!selected->selects_everything())
        std::erase_if(*items, [&](const object_ptr& one) { return !selected->selects(one->value); });
    auto limit = what.query.integer("limit").value_or(0);
    if (limit > 0 && items->size() > static_cast<std::size_t>(limit)) {
        auto size = static_cast<std::size_t>(limit);
        position.continue_token = continue_token({position.revision, key_of((*items)[size - 1]->value)});
        // What a selector leaves is not counted ahead, as by etcd.
        if (selected->selects_everything())
            position.remaining = items->size() - size;
        items->resize(size);
    }
    return json_answer(200, render_list(*what.type, *items, position, what.how, rt_.wall_now()));
}

outcome<server_response> verbs::watch(const call& what) {
    auto selected = parse_selection(*what.type, what.query);
    if (selected.has_error())
        return selected.error();
    watch_request made;
    made.type = what.type;
    made.ns = what.path.ns;
    made.labels = std::move(selected->labels);
    made.fields = std::move(selected->fields);
    made.how = what.how;
    made.bookmarks = what.query.is_true("allowWatchBookmarks");
    if (what.fate.floods_bookmarks)
        made.bookmark_interval = std::chrono::milliseconds(10);
    auto timeout = what.query.integer("timeoutSeconds").value_or(0);
    made.timeout = timeout > 0 ? std::chrono::seconds(timeout) : watch_timeout_default;
    auto version = what.query.get("resourceVersion");
    bool is_initial_asked = what.query.is_true("sendInitialEvents");
    if (is_initial_asked && what.query.get("resourceVersionMatch") != "NotOlderThan")
        return invalid(object_name{"meta.k8s.io", "", "ListOptions", ""},
                       {{"FieldValueForbidden",
                         "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan", "resourceVersionMatch"}});
    made.marks_initial_end = is_initial_asked && made.bookmarks;
    if (!version.empty() && version != "0") {
        auto parsed = parse_version(version);
        if (parsed.has_error())
            return parsed.error();
        if (*parsed > all_.stored().revision())
            return too_large_version(*parsed, all_.stored().revision());
        if (!is_initial_asked)
            made.from = *parsed;
    }
    auto answer = json_answer(200, std::shared_ptr<const std::string>());
    answer.stream = [rt = &rt_, all = &all_, made = std::move(made)](proto_http::body_writer& to) {
        return stream_watch(*rt, *all, made, to);
    };
    return answer;
}

outcome<server_response> verbs::create(const call& what) {
    auto object = what.object_body();
    if (object.has_error())
        return object.error();
    auto kind = what.set_kind(*object);
    if (kind.has_error())
        return kind.error();
    auto options = what.options();
    if (options.has_error())
        return options.error();
    std::vector<std::string> warnings;
    options->warnings = &warnings;
    if (what.type->namespaced && what.path.ns.empty())
        return method_not_allowed(no_such_method);
    auto made = all_.create(*what.type, what.path.ns, std::move(*object), *options);
    if (made.has_error())
        return made.error();
    auto answer = object_answer(what, 201, *made);
    add_warnings(answer, warnings);
    return answer;
}

outcome<server_response> verbs::bind(const call& what) {
    auto binding = what.object_body();
    if (binding.has_error())
        return binding.error();
    auto bound = bind_pod(all_, *what.type, what.key, *binding);
    if (bound.has_error())
        return bound.error();
    return json_answer(201, R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})");
}

outcome<server_response> verbs::replace(const call& what) {
    auto object = what.object_body();
    if (object.has_error())
        return object.error();
    auto kind = what.set_kind(*object);
    if (kind.has_error())
        return kind.error();
    auto options = what.options();
    if (options.has_error())
        return options.error();
    std::vector<std::string> warnings;
    options->warnings = &warnings;
    auto made = all_.replace(*what.type, what.key, std::move(*object), what.written_part(), *options);
    if (made.has_error())
        return made.error();
    auto answer = object_answer(what, 200, *made);
    add_warnings(answer, warnings);
    return answer;
}

namespace {

outcome<json::object> as_object(outcome<json::value> value) {
    if (value.has_error())
        return value.error();
    if (auto* object = value->if_object())
        return std::move(*object);
    return bad_request("the result of the patch is not an object");
}

/// The next state of an object by a patch of that type. Errors: 415 for a type that is not known.
outcome<objects::change_function> change_by(std::string_view type_of_patch, json::value body, const resource_type& type) {
    using change = objects::change_function;
    if (type_of_patch == "application/apply-patch+yaml" || type_of_patch == "application/apply-patch+cbor")
        return not_implemented("server-side apply is not served by the embedded API server: apply on the client side (kubectl apply "
                               "without --server-side)");
    if (type_of_patch == "application/json-patch+json")
        return change([body = std::move(body)](json::object current) {
            return as_object(apply_json_patch(json::value(std::move(current)), body));
        });
    bool is_strategic = type_of_patch == "application/strategic-merge-patch+json" && !type.is_custom;
    if (type_of_patch != "application/merge-patch+json" && !is_strategic)
        return unsupported_media_type(type.is_custom
                                          ? "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                                          : "application/json-patch+json, application/merge-patch+json, "
                                            "application/strategic-merge-patch+json, application/apply-patch+yaml");
    if (!is_strategic)
        return change([body = std::move(body)](json::object current) { return apply_merge_patch(std::move(current), body); });
    if (!body.is_object())
        return not_unmarshalled({}, body, "map[string]interface {}");
    return change([body = std::move(body), structure = type.structure](json::object current) {
        return apply_strategic_merge_patch(std::move(current), body.get_object(), structure.get());
    });
}

} // namespace

outcome<server_response> verbs::patch(const call& what) {
    auto type_of_patch = media_type(what.request.headers.get("Content-Type"));
    bool is_json = type_of_patch.ends_with("json");
    auto body = is_json ? parse_json(what.request.body) : outcome<json::value>(json::value());
    if (body.has_error())
        return body.error();
    auto change = change_by(type_of_patch, std::move(*body), *what.type);
    if (change.has_error())
        return change.error();
    auto options = what.options();
    if (options.has_error())
        return options.error();
    std::vector<std::string> warnings;
    options->warnings = &warnings;
    auto made = all_.modify(*what.type, what.key, *change, what.written_part(), *options);
    if (made.has_error())
        return made.error();
    auto answer = object_answer(what, 200, *made);
    add_warnings(answer, warnings);
    return answer;
}

namespace {

/// DeleteOptions, from the body or the query.
outcome<delete_options> parse_delete_options(const std::string& body, std::string_view content_type, const query_values& query) {
    json::object given;
    if (!body.empty()) {
        auto value = content_type == "application/yaml" ? parse_yaml(body) : parse_json(body);
        if (value.has_error())
            return value.error();
        if (!value->is_object())
            return bad_request("the DeleteOptions are not an object");
        given = std::move(value->get_object());
    }
    delete_options made;
    made.grace_seconds = k8s::integer_at(given, "gracePeriodSeconds");
    if (auto asked = query.integer("gracePeriodSeconds"))
        made.grace_seconds = *asked;
    made.propagation = k8s::text_at(given, "propagationPolicy");
    if (made.propagation.empty())
        made.propagation = query.get("propagationPolicy");
    const auto* orphans = given.if_contains("orphanDependents");
    if (made.propagation.empty() && ((orphans != nullptr && *orphans == json::value(true)) || query.is_true("orphanDependents")))
        made.propagation = "Orphan";
    if (const auto* preconditions = k8s::object_at(given, "preconditions")) {
        made.uid = k8s::text_at(*preconditions, "uid");
        made.resource_version = k8s::text_at(*preconditions, "resourceVersion");
    }
    const auto* dry_run = k8s::array_at(given, "dryRun");
    made.dry_run = (dry_run != nullptr && !dry_run->empty()) || query.get("dryRun") == "All";
    if (!made.propagation.empty() && made.propagation != "Background" && made.propagation != "Foreground" && made.propagation != "Orphan")
        return invalid(object_name{"meta.k8s.io", "", "DeleteOptions", ""},
                       {{"FieldValueNotSupported",
                         fmt::format("Unsupported value: \"{}\": supported values: \"Background\", \"Foreground\", \"Orphan\"",
                                     made.propagation),
                         "propagationPolicy"}});
    return made;
}

std::string success_status(const resource_type& type, const json::object& gone) {
    json::object details;
    details["name"] = metadata_text(gone, "name");
    if (!type.group.empty())
        details["group"] = type.group;
    details["kind"] = type.plural;
    details["uid"] = metadata_text(gone, "uid");
    json::object made;
    made["kind"] = "Status";
    made["apiVersion"] = "v1";
    made["metadata"] = json::object();
    made["status"] = "Success";
    made["details"] = std::move(details);
    return json::serialize(made);
}

} // namespace

outcome<server_response> verbs::remove(const call& what) {
    auto options = parse_delete_options(what.request.body, media_type(what.request.headers.get("Content-Type")), what.query);
    if (options.has_error())
        return options.error();
    auto removed = all_.remove(*what.type, what.key, *options);
    if (removed.has_error())
        return removed.error();
    if (removed->is_gone && what.type->kind != "Pod")
        return json_answer(200, success_status(*what.type, removed->object->value));
    return object_answer(what, 200, removed->object);
}

outcome<server_response> verbs::remove_collection(const call& what) {
    if (what.type->namespaced && what.path.ns.empty())
        return method_not_allowed(no_such_method);
    auto options = parse_delete_options(what.request.body, media_type(what.request.headers.get("Content-Type")), what.query);
    if (options.has_error())
        return options.error();
    auto selected = parse_selection(*what.type, what.query);
    if (selected.has_error())
        return selected.error();
    auto items = all_.stored().in(what.type->collection_name()).list(what.path.ns);
    std::erase_if(items, [&](const object_ptr& one) { return !selected->selects(one->value); });
    for (const auto& item : items) {
        auto removed = all_.remove(*what.type, key_of(item->value), *options);
        if (removed.has_error() && removed.error().code != 404)
            return removed.error();
    }
    list_position position;
    position.revision = all_.stored().revision();
    return json_answer(200, render_list(*what.type, items, position, what.how, rt_.wall_now()));
}

namespace {

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

asio::awaitable<outcome<server_response>> verbs::log(const call& what) {
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
        asked.since = std::chrono::seconds(*since);
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
