#include "tools/devcluster/api/status.hpp"

#include "proto_http/text.hpp"
#include "tools/devcluster/api/quote.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/throw_exception.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <unordered_set>
#include <utility>

namespace devcluster {
namespace {

status_error make(unsigned code, std::string_view reason, std::string message) {
    status_error made;
    made.code = code;
    made.reason = reason;
    made.message = std::move(message);
    return made;
}

/// details.kind names the resource, except in 422.
status_error make_about(const object_name& what, unsigned code, std::string_view reason, std::string message) {
    auto made = make(code, reason, std::move(message));
    made.name = what.name;
    made.group = what.group;
    made.kind = what.resource;
    return made;
}

std::string with_group(std::string_view word, std::string_view group) {
    return group.empty() ? std::string(word) : fmt::format("{}.{}", word, group);
}

/// k8s.io/apimachinery's aggregate: no brackets around a single error, and what is said twice is written once.
std::string joined(const std::vector<cause>& causes) {
    std::unordered_set<std::string> seen;
    std::string made;
    for (const auto& one : causes) {
        auto [at, is_new] = seen.insert(fmt::format("{}: {}", one.field, one.message));
        if (!is_new)
            continue;
        if (seen.size() > 1)
            made += ", ";
        made += *at;
    }
    return seen.size() > 1 ? fmt::format("[{}]", made) : made;
}

boost::json::array causes_json(const std::vector<cause>& causes) {
    boost::json::array made;
    for (const auto& one : causes) {
        boost::json::object entry;
        if (!one.reason.empty())
            entry["reason"] = one.reason;
        if (!one.message.empty())
            entry["message"] = proto_http::valid_utf8(one.message);
        if (!one.field.empty())
            entry["field"] = proto_http::valid_utf8(one.field);
        made.push_back(std::move(entry));
    }
    return made;
}

boost::json::object details_json(const status_error& error) {
    boost::json::object made;
    if (!error.name.empty())
        made["name"] = proto_http::valid_utf8(error.name);
    if (!error.group.empty())
        made["group"] = proto_http::valid_utf8(error.group);
    if (!error.kind.empty())
        made["kind"] = proto_http::valid_utf8(error.kind);
    if (!error.uid.empty())
        made["uid"] = error.uid;
    if (!error.causes.empty())
        made["causes"] = causes_json(error.causes);
    if (error.retry_after_seconds)
        made["retryAfterSeconds"] = *error.retry_after_seconds;
    return made;
}

} // namespace

void throw_exception_from_error(const status_error& error, const boost::source_location& location) {
    boost::throw_exception(std::logic_error("the value of a failure was taken: " + error.message), location);
}

boost::json::object to_json(const status_error& error) {
    boost::json::object made{{"kind", "Status"},
                             {"apiVersion", "v1"},
                             {"metadata", boost::json::object()},
                             {"status", "Failure"},
                             {"message", proto_http::valid_utf8(error.message)}};
    if (!error.reason.empty())
        made["reason"] = error.reason;
    if (auto details = details_json(error); !details.empty())
        made["details"] = std::move(details);
    made["code"] = error.code;
    return made;
}

status_error bad_request(std::string message) {
    return make(400, "BadRequest", std::move(message));
}

status_error not_found(const object_name& what) {
    return make_about(what, 404, "NotFound",
                      fmt::format("{} {} not found", with_group(what.resource, what.group), quoted(what.name)));
}

status_error already_exists(const object_name& what) {
    return make_about(what, 409, "AlreadyExists",
                      fmt::format("{} {} already exists", with_group(what.resource, what.group), quoted(what.name)));
}

status_error conflict(const object_name& what, std::string_view why) {
    return make_about(
        what, 409, "Conflict",
        fmt::format("Operation cannot be fulfilled on {} {}: {}", with_group(what.resource, what.group), quoted(what.name), why));
}

status_error invalid(const object_name& what, std::vector<cause> causes) {
    auto message = fmt::format("{} {} is invalid", with_group(what.kind, what.group), quoted(what.name));
    if (!causes.empty())
        message += ": " + joined(causes);
    auto made = make_about(what, 422, "Invalid", std::move(message));
    made.kind = what.kind;
    made.causes = std::move(causes);
    return made;
}

status_error forbidden(const object_name& what, std::string_view why) {
    auto subject = with_group(what.resource, what.group);
    auto message = subject.empty()     ? fmt::format("forbidden: {}", why)
                   : what.name.empty() ? fmt::format("{} is forbidden: {}", subject, why)
                                       : fmt::format("{} {} is forbidden: {}", subject, quoted(what.name), why);
    return make_about(what, 403, "Forbidden", std::move(message));
}

status_error expired(std::string message) {
    return make(410, "Expired", std::move(message));
}

status_error method_not_allowed(std::string_view verb_sentence) {
    return make(405, "MethodNotAllowed", std::string(verb_sentence));
}

status_error unsupported_media_type(std::string_view accepted) {
    return make(415, "UnsupportedMediaType",
                fmt::format("the body of the request was in an unknown format - accepted media types include: {}", accepted));
}

status_error unsupported_media_type() {
    return make(415, "UnsupportedMediaType", "415: Unsupported Media Type");
}

status_error not_acceptable() {
    return make(406, "NotAcceptable",
                "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
                "application/vnd.kubernetes.protobuf");
}

status_error internal_error(std::string message) {
    return make(500, {}, std::move(message));
}

status_error not_implemented(std::string message) {
    return make(501, "NotImplemented", std::move(message));
}

} // namespace devcluster
