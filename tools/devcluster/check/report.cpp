#include "tools/devcluster/check/report.hpp"

#include "asio_k8s/backoff.hpp"
#include "proto_http/client.hpp"
#include "proto_http/text.hpp"
#include "proto_http/tls.hpp"
#include "proto_http/url.hpp"
#include "tools/devcluster/check/findings.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace proto_http;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t error_size_max = 4 * 1024; // Kuberhealthy stores no more of one
constexpr std::size_t answer_shown_max = 300;

constexpr duration attempt_time_max = 30s; // Kuberhealthy answers within 20 s
constexpr duration attempt_time_min = 5s;  // of the first, however late it is
constexpr duration time_left_min = 100ms;  // with less, another attempt is of no use
constexpr duration retry_after_max = 60s;

request make_request(const url_parts& url, const run_contract& to, const std::vector<std::string>& errors) {
    request made;
    made.method = "POST";
    made.target = url.target;
    made.headers.set("kh-run-uuid", to.run_uuid);
    made.headers.set("Content-Type", "application/json");
    made.headers.set("User-Agent", "kuberhealthy-check");
    made.body = report_body(errors);
    made.replayable = true; // an equal report is stored once
    return made;
}

std::string text_of(const result<response>& answer) {
    if (!answer)
        return answer.error().message();
    auto body = one_line(legible(answer->body, 4 * answer_shown_max), answer_shown_max);
    return fmt::format("status {}{}{}", answer->status, body.empty() ? "" : ": ", body);
}

duration asked_pause(const result<response>& answer) {
    auto text = answer ? answer->headers.get("Retry-After") : std::string_view();
    unsigned seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    return error == std::errc{} ? std::min<duration>(std::chrono::seconds(seconds), retry_after_max) : duration::zero();
}

} // namespace

std::string report_body(const std::vector<std::string>& errors) {
    json::array list;
    for (const auto& error : errors) {
        auto text = legible(error, error_size_max);
        list.emplace_back(trim(text).empty() ? "the check failed and did not say why" : text);
    }
    json::object report;
    report["OK"] = errors.empty();
    report["Errors"] = std::move(list);
    return json::serialize(report);
}

asio::awaitable<std::string> send_report(runtime& rt, run_contract to, std::vector<std::string> errors) {
    auto url = parse_url(to.reporting_url);
    if (!url)
        co_return fmt::format("KH_REPORTING_URL is not an http or https URL: \"{}\"",
                              legible(to.reporting_url, answer_shown_max));
    if (to.run_uuid.empty())
        co_return "KH_RUN_UUID is not set: without it a report is nobody's";
    client_settings settings;
    settings.origin = url->origin;
    settings.limits.first_byte = attempt_time_max;
    if (url->tls) {
        auto tls = tls_context::client(tls_material());
        if (!tls)
            co_return tls.error().message();
        settings.tls = std::move(*tls);
    }
    client by(rt, std::move(settings));
    auto what = make_request(*url, to, errors);
    k8s::backoff::limits pauses;
    pauses.first = 500ms;
    pauses.delay_max = 10s;
    k8s::backoff delays(pauses);

    auto end = std::max(to.deadline, rt.now() + attempt_time_min);
    for (unsigned attempt = 1;; ++attempt) {
        auto answer = co_await by.exchange(what, std::min(end, rt.now() + attempt_time_max));
        if (answer && answer->status == 200)
            co_return std::string();
        if (answer && answer->status == 400)
            co_return fmt::format("{} refused the report for good: {}", to.reporting_url, text_of(answer));
        auto left = to.deadline - rt.now();
        if (left < time_left_min)
            co_return fmt::format("{} did not take the report until the deadline; attempt {} ended with: {}", to.reporting_url,
                                  attempt, text_of(answer));
        auto pause = std::max(delays.next(rt.now(), rt.random()), asked_pause(answer));
        // Near the deadline the pauses get shorter: the last moment is not slept away.
        co_await wait_until(rt, rt.now() + std::min(pause, left / 2));
    }
}

} // namespace devcluster
