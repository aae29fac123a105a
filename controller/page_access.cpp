#include "controller/page_access.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/request.hpp"
#include "controller/core/constant_time.hpp"
#include "proto_http/ascii.hpp"
#include "proto_http/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/uuid/name_generator_sha1.hpp>

#include <cstring>

namespace kh {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

const k8s::resource token_reviews{"authentication.k8s.io", "v1", "tokenreviews", false};

constexpr std::size_t token_size_max = 16 * 1024;
constexpr std::size_t reviews_max = 1024;
constexpr std::size_t asking_max = 8; ///< a flood of invented tokens must not become one of calls
constexpr auto admitted_for = std::chrono::seconds(60);
constexpr auto refused_for = std::chrono::seconds(10);

/// RFC 6750, 2.1; the scheme in any case.
std::string_view bearer_token(const proto_http::header_list& headers) {
    constexpr std::string_view scheme = "bearer ";
    const std::string_view value = headers.get("Authorization");
    if (value.size() <= scheme.size() || !proto_http::ascii::equal(value.substr(0, scheme.size()), scheme))
        return {};
    return proto_http::trim(value.substr(scheme.size()));
}

} // namespace

page_access::page_access(proto_http::runtime& rt, k8s::client& api, page_access_settings rules)
    : runtime_(rt), api_(api), rules_(std::move(rules)) {
    const std::uint64_t words[2] = {rt.random(), rt.random()};
    static_assert(sizeof words == sizeof salt_.data);
    std::memcpy(salt_.data, words, sizeof words);
}

/// Read anew for each request, so that a new token holds at once.
bool page_access::is_the_token(std::string_view token) const {
    if (rules_.token_file.empty())
        return false;
    const auto text = runtime_.read_file(rules_.token_file, token_size_max);
    return text && !proto_http::trim(*text).empty() && core::equal_in_constant_time(token, proto_http::trim(*text));
}

asio::awaitable<page_access::verdict> page_access::ask(std::string token) {
    json::object spec;
    spec["token"] = token;
    json::object body;
    body["apiVersion"] = token_reviews.api_version();
    body["kind"] = "TokenReview";
    body["spec"] = std::move(spec);
    proto_http::request request = k8s::create_request(token_reviews, {}, json::serialize(body));
    const k8s::api_result<k8s::json_document> answer = co_await api_.call(std::move(request));
    const json::object* object = answer ? answer->value().if_object() : nullptr;
    const json::object* status = object == nullptr ? nullptr : k8s::object_at(*object, "status");
    if (status == nullptr)
        co_return verdict::unknown;
    const json::value* is_authentic = status->if_contains("authenticated");
    if (is_authentic != nullptr && is_authentic->is_bool() && is_authentic->get_bool())
        co_return verdict::admitted;
    co_return verdict::refused;
}

asio::awaitable<page_access::verdict> page_access::reviewed(std::string token) {
    const boost::uuids::uuid key = boost::uuids::name_generator_sha1(salt_)(token.data(), token.size());
    const auto known = reviews_.find(key);
    if (known != reviews_.end() && runtime_.now() < known->second.until)
        co_return known->second.how;
    if (asking_ >= asking_max)
        co_return verdict::unknown;
    struct counted { // a cancelled request ends in an exception
        std::size_t& count;
        ~counted() { --count; }
    } one_more{++asking_};
    const verdict how = co_await ask(std::move(token));
    if (how == verdict::unknown)
        co_return how;
    if (reviews_.size() >= reviews_max)
        reviews_.clear();
    const proto_http::duration holds = how == verdict::admitted ? proto_http::duration(admitted_for) : refused_for;
    reviews_[key] = review{how, runtime_.now() + holds};
    co_return how;
}

asio::awaitable<std::optional<proto_http::server_response>> page_access::refusal(const proto_http::server_request& request) {
    if (rules_.is_open() || (rules_.client_certificate && request.is_client_trusted))
        co_return std::nullopt;
    std::string token(bearer_token(request.headers));
    if (!token.empty() && is_the_token(token))
        co_return std::nullopt;
    verdict how = verdict::refused;
    if (!token.empty() && token.size() <= token_size_max && rules_.token_review)
        how = co_await reviewed(std::move(token));
    if (how == verdict::admitted)
        co_return std::nullopt;
    if (how == verdict::unknown)
        co_return proto_http::make_response(503, "application/json",
                                            "{\"error\":\"the API server cannot be asked for this token\"}\n");
    proto_http::server_response answer = proto_http::make_response(
        401, "application/json", "{\"error\":\"this page wants a client certificate or a bearer token\"}\n");
    answer.headers.set("WWW-Authenticate", "Bearer");
    co_return answer;
}

namespace {

asio::awaitable<proto_http::server_response> serve_behind(page_access& guard, const proto_http::request_handler& behind,
                                                          proto_http::server_request request) {
    std::optional<proto_http::server_response> refused = co_await guard.refusal(request);
    if (refused)
        co_return std::move(*refused);
    co_return co_await behind(std::move(request));
}

} // namespace

proto_http::request_handler page_access::guard(proto_http::request_handler behind) {
    if (rules_.is_open())
        return behind;
    return [this, behind = std::move(behind)](proto_http::server_request request) {
        return serve_behind(*this, behind, std::move(request));
    };
}

} // namespace kh
