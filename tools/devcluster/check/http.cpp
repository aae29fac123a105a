#include "tools/devcluster/check/http.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/client.hpp"
#include "proto_http/text.hpp"
#include "proto_http/url.hpp"
#include "tools/devcluster/check/location.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

constexpr std::size_t shown_body_max = 200;
constexpr std::size_t shown_url_max = 300;

/// One request on its way through its redirects. The first of `error` and `note` that is not empty is what came of it.
struct attempt {
    std::string url;
    request what;
    std::string asked; ///< as a person reads it
    std::string error;
    std::string note;
};

/// Without the password that may stand in it.
std::string shown(std::string_view url) {
    auto start = url.find("://");
    auto end = url.find_first_of("/?#", start + 3);
    auto at = url.substr(0, end).rfind('@');
    if (start == std::string_view::npos || at == std::string_view::npos || at < start)
        return legible(url, shown_url_max);
    return legible(std::string(url.substr(0, start + 3)).append(url.substr(at + 1)), shown_url_max);
}

std::string excerpt(std::string_view body) {
    auto text = one_line(legible(body.substr(0, 4 * shown_body_max), 4 * shown_body_max), shown_body_max);
    return text.empty() ? "" : fmt::format(": {}", text);
}

bool is_redirect(const response& answer) {
    constexpr unsigned codes[] = {301, 302, 303, 307, 308};
    return std::find(std::begin(codes), std::end(codes), answer.status) != std::end(codes) && answer.headers.has("Location");
}

header_list without_credentials(const header_list& headers) {
    header_list kept;
    for (const auto& [name, value] : headers)
        if (!ascii::equal(name, "Authorization") && !ascii::equal(name, "Cookie") && !ascii::equal(name, "Host"))
            kept.add(name, value);
    return kept;
}

/// As browsers and Go do: what was sent to one host is not sent to another, and only 307 and 308 repeat a method with a body.
void follow(attempt& one, const response& answer, const host_port& from) {
    one.url = follow_location(one.url, answer.headers.get("Location"));
    auto next = parse_url(one.url);
    if (!next || next->origin != from)
        one.what.headers = without_credentials(one.what.headers);
    if (answer.status < 307 && one.what.method != "HEAD") {
        one.what.method = "GET";
        one.what.body.clear();
    }
}

class http_test {
public:
    http_test(runtime& rt, const http_options& options, std::shared_ptr<tls_context> tls, time_point limit)
        : rt_(rt), options_(options), tls_(std::move(tls)), limit_(limit) {}

    asio::awaitable<findings> run(std::string url) {
        findings found;
        attempt one;
        one.url = std::move(url);
        one.asked = fmt::format("{} {}", options_.method, shown(one.url));
        one.what.method = options_.method;
        one.what.headers = options_.headers;
        one.what.body = options_.body;
        if (!one.what.headers.has("User-Agent"))
            one.what.headers.set("User-Agent", "kuberhealthy-check");
        auto began = rt_.now();
        auto end = began + std::min(options_.timeout, limit_ - began);
        for (unsigned redirects = 0; one.error.empty() && one.note.empty(); ++redirects) {
            auto parts = parse_url(one.url);
            if (!parts) {
                one.error = fmt::format("{}: {} is not an http or https URL", one.asked, shown(one.url));
                continue;
            }
            auto answer = co_await ask(&one, *parts, end);
            if (!answer)
                one.error = fmt::format("{}: {} (after {})", one.asked, answer.error().message(), time_since(rt_, began));
            else if (options_.redirects_max == 0 || !is_redirect(*answer))
                judge(one, *answer, began);
            else if (redirects == options_.redirects_max)
                one.error = fmt::format("{}: more than {} redirects, the last one to {}", one.asked, redirects,
                                        shown(answer->headers.get("Location")));
            else
                follow(one, *answer, parts->origin);
        }
        if (one.error.empty())
            found.notes.push_back(std::move(one.note));
        else
            found.errors.push_back(std::move(one.error));
        co_return found;
    }

private:
    asio::awaitable<result<response>> ask(const attempt* one, url_parts where, time_point end) {
        auto what = one->what;
        what.target = where.target;
        if (!where.user_info.empty() && !what.headers.has("Authorization")) {
            auto authorization = basic_authorization(where.user_info);
            if (!authorization)
                co_return authorization.error();
            what.headers.set("Authorization", *authorization);
        }
        auto via = proxy_from_environment(rt_, where.tls, where.origin);
        if (!via)
            co_return via.error();
        client_settings settings;
        settings.origin = where.origin;
        settings.tls = where.tls ? tls_ : nullptr;
        settings.via = std::move(*via);
        auto& limits = settings.limits;
        limits.connect = limits.tls_handshake = limits.write = limits.first_byte = limits.body_idle = options_.timeout;
        client by(rt_, std::move(settings));
        co_return co_await by.exchange(std::move(what), end);
    }

    void judge(attempt& one, const response& answer, time_point began) const {
        auto asked = one.asked;
        if (auto last = shown(one.url); !asked.ends_with(last))
            asked.append(", redirected to ").append(last);
        auto after = time_since(rt_, began);
        if (!options_.expected_status.contains(answer.status))
            one.error = fmt::format("{}: status {} instead of {} (after {}){}", asked, answer.status,
                                    options_.expected_status.text(), after, excerpt(answer.body));
        else if (answer.body.find(options_.expected_body) == std::string::npos)
            one.error =
                fmt::format("{}: status {}, but \"{}\" is not in the {} bytes of the body (after {}){}", asked, answer.status,
                            legible(options_.expected_body, shown_body_max), answer.body.size(), after, excerpt(answer.body));
        else
            one.note = fmt::format("{}: status {} after {}", asked, answer.status, after);
    }

    runtime& rt_;
    const http_options& options_;
    std::shared_ptr<tls_context> tls_;
    time_point limit_;
};

/// A path alone is of Kuberhealthy itself. Empty where nobody says where that is.
std::string whole_url(runtime& rt, const std::string& url) {
    if (!url.starts_with('/'))
        return url;
    auto reporting_url = rt.environment("KH_REPORTING_URL");
    return parse_url(reporting_url) ? follow_location(reporting_url, url) : std::string();
}

} // namespace

asio::awaitable<findings> check_http(runtime& rt, http_options options, time_point limit) {
    findings found;
    auto trusted = make_trust(rt, options.trusted);
    if (!trusted.tls) {
        found.errors.push_back(std::move(trusted.problem));
        co_return found;
    }
    http_test test(rt, options, std::move(trusted.tls), limit);
    std::vector<asio::awaitable<findings>> tests;
    for (const auto& url : options.urls) {
        auto whole = whole_url(rt, url);
        if (whole.empty())
            found.errors.push_back(
                fmt::format("{}: a URL without a host is of the host in KH_REPORTING_URL, which is not set", url));
        else
            tests.push_back(test.run(std::move(whole)));
    }
    auto others = co_await run_all(rt, std::move(tests));
    others.errors.insert(others.errors.end(), found.errors.begin(), found.errors.end());
    co_return others;
}

} // namespace devcluster
