#include "tools/devcluster/api/api_call.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/body.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/patch.hpp"
#include "tools/devcluster/api/protobuf.hpp"
#include "tools/devcluster/api/quote.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace devcluster {

namespace json = boost::json;

using proto_http::server_response;

namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view accepted_bodies = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// What stands twice in a body, as complaints.
std::vector<std::string> duplicates_of(const api_call& what, bool is_strict) {
    const auto& body = what.request.body;
    if (what.media_type() == "application/yaml") {
        auto lines = duplicate_yaml_keys(body);
        if (lines.empty() || !is_strict)
            return lines;
        return {fmt::format("yaml: unmarshal errors:\n  {}", fmt::join(lines, "\n  "))};
    }
    if (!what.media_type().empty() && !what.media_type().ends_with("json"))
        return {};
    auto made = duplicate_fields(body);
    for (auto& path : made)
        path = "duplicate field " + quoted(path);
    return made;
}

/// The beginning of a body, as a refusal shows it.
std::string summary_of(std::string_view body) {
    constexpr std::size_t shown_max = 30;
    if (body.empty())
        return "<empty>";
    auto shown = body.substr(0, shown_max);
    auto text = body.front() == '{' ? std::string(shown) : std::string();
    if (text.empty())
        for (auto byte : shown)
            text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return body.size() > shown_max ? text + " ..." : text;
}

status_error unrecognized(const api_call& what, std::string_view why) {
    return bad_request(fmt::format("the object provided is unrecognized (must be of type {}): {} ({})", what.type->kind, why,
                                   summary_of(what.request.body)));
}

/// A core kind may leave its kind and version out, a custom one may not; another one than the path's is refused.
outcome<void> set_kind(const api_call& what, json::object& object) {
    const auto& type = *what.type;
    auto version = k8s::text_at(object, "apiVersion"), kind = k8s::text_at(object, "kind");
    if (kind.empty() && type.is_custom)
        return unrecognized(what, fmt::format("Object 'Kind' is missing in '{}'", what.request.body));
    bool is_version = version == type.api_version() || (version.empty() && !type.is_custom);
    bool is_kind = kind == type.kind || kind.empty();
    if (type.is_custom && !is_version)
        return bad_request(fmt::format("the API version in the data ({}) does not match the expected API version ({})", version,
                                       type.api_version()));
    if (type.is_custom && !is_kind)
        return invalid(object_name{type.group, type.plural, std::string(kind), std::string(metadata_text(object, "name"))},
                       {invalid_value("kind", json::value(kind), "must be " + type.kind)});
    if (!is_version || !is_kind)
        return bad_request(
            fmt::format("{} in version \"{}\" cannot be handled as a {}: no kind \"{}\" is registered for version \"{}\"",
                        is_kind ? type.kind : kind, version.empty() ? type.version : version.substr(version.rfind('/') + 1),
                        type.kind, is_kind ? type.kind : kind, version.empty() ? type.api_version() : version));
    object["kind"] = type.kind;
    object["apiVersion"] = type.api_version();
    return {};
}

} // namespace

std::string_view api_call::media_type() const {
    auto given = request.headers.get("Content-Type");
    given = given.substr(0, given.find(';'));
    while (!given.empty() && given.back() == ' ')
        given.remove_suffix(1);
    return given;
}

outcome<json::value> api_call::body() const {
    auto format = media_type();
    if (format == "application/yaml")
        return parse_yaml(request.body);
    if (format == protobuf_type) {
        auto object = parse_protobuf(request.body);
        return object ? outcome<json::value>(json::value(std::move(*object))) : outcome<json::value>(object.error());
    }
    if (format.empty() || format.ends_with("json"))
        return parse_json(request.body);
    return unsupported_media_type(accepted_bodies);
}

outcome<json::object> api_call::object_body() const {
    auto value = body();
    if (value.has_error() && value.error().code != 400)
        return value.error();
    auto* object = value ? value->if_object() : nullptr;
    if (object == nullptr) {
        auto why = value
                       ? not_unmarshalled("json parse error: ", *value, "value of type struct { APIVersion string; Kind string }")
                       : value.error();
        return unrecognized(*this, (why.message.starts_with("json") ? "couldn't get version/kind; " : "") + why.message);
    }
    auto is_of_kind = set_kind(*this, *object);
    if (is_of_kind.has_error())
        return is_of_kind.error();
    return std::move(*object);
}

outcome<write_options> api_call::options() const {
    write_options made;
    constexpr std::size_t manager_size_max = 128;
    std::vector<cause> causes;
    if (query.get("fieldManager").size() > manager_size_max)
        causes.push_back(too_long("fieldManager", manager_size_max));
    made.dry_run = query.has("dryRun");
    if (made.dry_run && query.get("dryRun") != "All")
        causes.push_back(unsupported_value("dryRun", json::array{query.get("dryRun")}, {"All"}));
    auto validation = query.get("fieldValidation");
    if (validation == "Strict")
        made.unknown_fields = field_validation::strict;
    else if (validation == "Ignore")
        made.unknown_fields = field_validation::ignore;
    else if (!validation.empty() && validation != "Warn")
        causes.push_back(unsupported_value("fieldValidation", json::value(validation), {"", "Ignore", "Strict", "Warn"}));
    made.is_patch = request.method == "PATCH";
    if (!causes.empty())
        return invalid_options(made.is_patch              ? "PatchOptions"
                               : request.method == "POST" ? "CreateOptions"
                                                          : "UpdateOptions",
                               std::move(causes));
    if (made.unknown_fields != field_validation::ignore)
        made.duplicate_fields = duplicates_of(*this, made.unknown_fields == field_validation::strict);
    return made;
}

bool selection::selects(const json::object& object) const {
    const auto* metadata = k8s::object_at(object, "metadata");
    return labels.matches(metadata == nullptr ? nullptr : k8s::object_at(*metadata, "labels")) && fields.matches(object);
}

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

server_response object_answer(const api_call& what, unsigned status, const object_ptr& object, proto_http::wall_time now) {
    return json_answer(status, render_object(*what.type, object, what.how, now));
}

server_response status_answer(const status_error& error) {
    auto made = json_answer(error.code, json::serialize(to_json(error)));
    if (error.retry_after_seconds)
        made.headers.add("Retry-After", std::to_string(*error.retry_after_seconds));
    return made;
}

status_error invalid_options(std::string kind, std::vector<cause> causes) {
    return invalid(object_name{"meta.k8s.io", "", std::move(kind), ""}, std::move(causes));
}

status_error no_such_resource() {
    status_error made;
    made.code = 404;
    made.reason = "NotFound";
    made.message = "the server could not find the requested resource";
    return made;
}

status_error no_such_method() {
    return method_not_allowed("the server does not allow this method on the requested resource");
}

} // namespace devcluster
