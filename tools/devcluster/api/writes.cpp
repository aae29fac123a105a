#include "tools/devcluster/api/api_call.hpp"

#include "tools/devcluster/api/body.hpp"
#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/patch.hpp"
#include "tools/devcluster/api/pod_rules.hpp"
#include "tools/devcluster/api/quote.hpp"

#include <fmt/format.h>

// create, update and patch.

namespace devcluster {

namespace json = boost::json;

using proto_http::server_response;

namespace {

/// A warning that a header cannot hold is not given, as with kube-apiserver.
void add_warnings(server_response& to, const std::vector<std::string>& warnings) {
    for (const auto& warning : warnings) {
        if (!is_printable(warning))
            continue;
        std::string quoted;
        for (char c : warning)
            quoted.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
        to.headers.add("Warning", fmt::format("299 - \"{}\"", quoted));
    }
}

/// A write as the query asks for it, and its answer with what there is to warn of.
template <class Write>
outcome<server_response> answer_write(const objects& all, const api_call& what, unsigned status, Write write) {
    auto options = what.options();
    if (options.has_error())
        return options.error();
    std::vector<std::string> warnings;
    options->warnings = &warnings;
    outcome<object_ptr> made = write(*options);
    if (made.has_error())
        return made.error();
    auto answer = object_answer(what, status, *made, all.wall_now());
    add_warnings(answer, warnings);
    return answer;
}

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
        return not_implemented(
            "server-side apply is not served by the embedded API server: apply on the client side (kubectl apply "
            "without --server-side)");
    if (type_of_patch == "application/json-patch+json")
        return change([body = std::move(body)](json::object current) {
            return as_object(apply_json_patch(json::value(std::move(current)), body));
        });
    bool is_strategic = type_of_patch == "application/strategic-merge-patch+json" && !type.is_custom;
    bool is_routed = type.is_custom || is_strategic || type_of_patch == "application/merge-patch+json";
    if (!is_routed)
        return unsupported_media_type();
    if (type_of_patch != "application/merge-patch+json" && !is_strategic)
        return unsupported_media_type("application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
    if (!is_strategic)
        return change([body = std::move(body)](json::object current) { return apply_merge_patch(std::move(current), body); });
    if (!body.is_object())
        return not_unmarshalled({}, body, "map[string]interface {}");
    return change([body = std::move(body), structure = type.structure](json::object current) {
        return apply_strategic_merge_patch(std::move(current), body.get_object(), structure.get());
    });
}

} // namespace

outcome<server_response> answer_create(objects& all, const api_call& what) {
    if (what.type->namespaced && what.path.ns.empty())
        return no_such_method();
    return answer_write(all, what, 201, [&](const write_options& options) -> outcome<object_ptr> {
        auto object = what.object_body();
        if (object.has_error())
            return object.error();
        return all.create(*what.type, what.path.ns, std::move(*object), options);
    });
}

outcome<server_response> answer_bind(objects& all, const api_call& what) {
    auto binding = parse_json(what.request.body);
    if (binding.has_error())
        return binding.error();
    const auto* object = binding->if_object();
    auto bound = bind_pod(all, *what.type, what.key, object == nullptr ? json::object() : *object);
    if (bound.has_error())
        return bound.error();
    return json_answer(201, R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})");
}

outcome<server_response> answer_replace(objects& all, const api_call& what) {
    return answer_write(all, what, 200, [&](const write_options& options) -> outcome<object_ptr> {
        auto object = what.object_body();
        if (object.has_error())
            return object.error();
        return all.replace(*what.type, what.key, std::move(*object), what.written_part(), options);
    });
}

outcome<server_response> answer_patch(objects& all, const api_call& what) {
    auto type_of_patch = what.media_type();
    auto body = type_of_patch.ends_with("json") ? parse_json(what.request.body) : outcome<json::value>(json::value());
    bool is_strategic = type_of_patch.starts_with("application/strategic");
    if (body.has_error())
        return bad_request((is_strategic ? "" : "error decoding patch: ") + body.error().message);
    auto strategic_text = is_strategic ? go_text(*body) : std::string();
    auto change = change_by(type_of_patch, std::move(*body), *what.type);
    if (change.has_error())
        return change.error();
    return answer_write(all, what, 200, [&](write_options& options) {
        options.strategic_patch = strategic_text;
        return all.modify(*what.type, what.key, *change, what.written_part(), options);
    });
}

} // namespace devcluster
