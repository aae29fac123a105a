#include "asio_k8s/status.hpp"

#include "asio_k8s/client.hpp"
#include "asio_k8s/json_access.hpp"

#include <boost/json/parse.hpp>

#include <charconv>

namespace k8s {
namespace {

constexpr std::size_t other_body_size_max = 512;
constexpr std::size_t status_size_max = 1024 * 1024;
/// Nobody means more than this by Retry-After; it also keeps the arithmetic in range.
constexpr std::int64_t retry_after_seconds_max = 24 * 60 * 60;

errc code_of(unsigned http_status, std::string_view reason) {
    switch (http_status) {
    case 400:
        return errc::bad_request;
    case 401:
        return errc::unauthorized;
    case 403:
        return errc::forbidden;
    case 404:
        return errc::not_found;
    case 405:
    case 406:
    case 415:
        return errc::unsupported;
    case 409:
        return reason == "AlreadyExists" ? errc::already_exists : errc::conflict;
    case 410:
        return errc::gone;
    case 413:
        return errc::too_large;
    case 422:
        return errc::invalid;
    case 429:
        return errc::throttled;
    default:
        return http_status >= 500 && http_status <= 599 ? errc::server_error : errc::unexpected_status;
    }
}

std::optional<proto_http::duration> retry_after_of(std::int64_t seconds) {
    if (seconds < 0 || seconds > retry_after_seconds_max)
        return {};
    return std::chrono::seconds(seconds);
}

/// The header also has a form with a date; the API server never uses it, so it counts as absent.
std::optional<proto_http::duration> retry_after_of(std::string_view header) {
    std::int64_t seconds = 0;
    auto [end, failure] = std::from_chars(header.data(), header.data() + header.size(), seconds);
    if (failure != std::errc() || end != header.data() + header.size())
        return {};
    return retry_after_of(seconds);
}

/// The beginning of a body that is not a Status, cut on a UTF-8 boundary.
std::string beginning_of(std::string_view body) {
    while (!body.empty() && (body.back() == '\n' || body.back() == '\r' || body.back() == ' '))
        body.remove_suffix(1);
    if (body.size() > other_body_size_max) {
        std::size_t end = other_body_size_max;
        while (end > 0 && (static_cast<unsigned char>(body[end]) & 0xC0U) == 0x80U)
            --end;
        body = body.substr(0, end);
    }
    return std::string(body);
}

} // namespace

api_error make_api_error(proto_http::error_code code, std::string message) {
    api_error made;
    made.code = code;
    made.message = std::move(message);
    return made;
}

api_error error_from_status(const boost::json::object& status, unsigned http_status) {
    api_error made;
    std::int64_t code = integer_at(status, "code").value_or(500);
    made.http_status = http_status != 0 ? http_status : code > 0 && code < 1000 ? static_cast<unsigned>(code) : 500;
    made.reason = text_at(status, "reason");
    made.message = text_at(status, "message");
    made.code = code_of(made.http_status, made.reason);
    if (const auto* details = object_at(status, "details"))
        if (auto seconds = integer_at(*details, "retryAfterSeconds"); seconds && *seconds > 0)
            made.retry_after = retry_after_of(*seconds);
    return made;
}

api_error error_from_response(const proto_http::response& answer) {
    api_error made;
    bool is_status = false;
    if (answer.body.size() <= status_size_max && answer.body.starts_with('{')) {
        proto_http::error_code failure;
        auto value = boost::json::parse(answer.body, failure);
        const auto* object = failure ? nullptr : value.if_object();
        is_status = object != nullptr && text_at(*object, "kind") == "Status";
        if (is_status)
            made = error_from_status(*object, answer.status);
    }
    if (!is_status) {
        made.http_status = answer.status;
        made.code = code_of(answer.status, {});
        made.message = beginning_of(answer.body);
    }
    if (auto told = retry_after_of(answer.headers.get("Retry-After")))
        made.retry_after = told;
    return made;
}

} // namespace k8s
