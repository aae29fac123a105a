#include "tools/devcluster/api/api_call.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/body.hpp"
#include "tools/devcluster/api/protobuf.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace devcluster {

namespace json = boost::json;

using proto_http::server_response;

namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view accepted_bodies = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// A core kind may leave its kind and version out, a custom one may not; another one than the path's is refused.
outcome<void> set_kind(const api_call& what, json::object& object) {
    const auto& type = *what.type;
    auto version = k8s::text_at(object, "apiVersion"), kind = k8s::text_at(object, "kind");
    if (kind.empty() && type.is_custom)
        return bad_request(fmt::format("Object 'Kind' is missing in '{}'", what.request.body));
    if (!kind.empty() && kind != type.kind)
        return bad_request(
            fmt::format("{} in version \"{}\" cannot be handled as a {}: no kind \"{}\" is registered for version \"{}\"", kind,
                        type.version, type.kind, kind, version.empty() ? type.api_version() : version));
    if (!version.empty() && version != type.api_version())
        return bad_request(fmt::format("the API version in the data ({}) does not match the expected API version ({})", version,
                                       type.api_version()));
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
    if (object == nullptr)
        return bad_request(fmt::format("the object provided is unrecognized (must be of type {}): couldn't get version/kind; {}",
                                       type->kind,
                                       value ? "json parse error: the body is not an object" : value.error().message));
    auto is_of_kind = set_kind(*this, *object);
    if (is_of_kind.has_error())
        return is_of_kind.error();
    return std::move(*object);
}

outcome<write_options> api_call::options() const {
    write_options made;
    if (query.has("dryRun")) {
        if (query.get("dryRun") != "All")
            return invalid(
                object_name{"meta.k8s.io", "", type->kind, ""},
                {{"FieldValueNotSupported",
                  fmt::format("Unsupported value: \"{}\": supported values: \"All\"", query.get("dryRun")), "dryRun"}});
        made.dry_run = true;
    }
    auto validation = query.get("fieldValidation");
    if (validation == "Strict")
        made.unknown_fields = field_validation::strict;
    else if (validation == "Ignore")
        made.unknown_fields = field_validation::ignore;
    if (!validation.empty() && validation != "Ignore" && media_type() != "application/yaml")
        made.duplicate_fields = duplicate_fields(request.body);
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
