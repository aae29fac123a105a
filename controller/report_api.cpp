#include "controller/report_api.hpp"

#include "controller/report_body.hpp"
#include "proto_http/mutation.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace kh {

namespace asio = boost::asio;

namespace {

constexpr std::size_t report_body_size_max = 1024 * 1024;
constexpr std::string_view run_uuid_header = "kh-run-uuid";

proto_http::server_response refusal_response(std::string_view reason) {
    boost::json::object body;
    body["error"] = reason;
    return proto_http::make_response(400, "application/json", boost::json::serialize(body) + "\n");
}

asio::awaitable<proto_http::server_response> answer_at_once(proto_http::server_response answer) {
    co_return answer;
}

} // namespace

report_api::report_api(proto_http::runtime& rt, logger& log, event_sink tell)
    : runtime_(rt), log_(log), limiter_(std::chrono::seconds(10)), tell_(std::move(tell)) {}

proto_http::route report_api::route() {
    proto_http::route r;
    r.methods = {"POST"};
    r.path = "/externalCheckStatus";
    r.body_size_max = report_body_size_max;
    r.handler = [this](proto_http::server_request request) { return take(std::move(request)); };
    r.refuse = [this](const proto_http::refusal& why) { return refuse({}, why.reason); };
    return r;
}

proto_http::server_response report_api::refuse(const std::string& from, std::string_view reason) {
    ++counts_.refused;
    // One line per reason and period: whoever sends garbage must not fill the disk.
    if (auto suppressed = limiter_.allow(reason, runtime_.now()))
        log_.warning("report refused", {{"reason", reason}, {"from", from}, {"suppressed_before", *suppressed}});
    return refusal_response(reason);
}

// Not a coroutine: what came may be a megabyte and a thousand of them may wait, so it ends here.
asio::awaitable<proto_http::server_response> report_api::take(proto_http::server_request request) {
    report_parse parsed = parse_report(request.body);
    if (!parsed.content)
        return answer_at_once(refuse(request.remote_address, parsed.reason));

    core::report_received report;
    report.id = ++last_id_;
    if (const std::string_view secret = request.headers.get(run_uuid_header); !secret.empty())
        report.secret = std::string(secret);
    report.source_address = request.remote_address;
    report.content = bound_report(std::move(*parsed.content));
    return hold(std::move(report));
}

asio::awaitable<proto_http::server_response> report_api::hold(core::report_received report) {
    const std::string from = report.source_address;
    const core::report_id id = report.id;
    const auto entry = std::make_shared<waiting>(runtime_);
    held_.emplace(id, entry);
    tell_(std::move(report));
    const proto_http::error_code error = co_await entry->answered.wait();
    if (!KH_MUTATION(leak_held_reports))
        held_.erase(id);

    if (!error && entry->answer.answer == core::report_answer::stored) {
        ++counts_.stored;
        co_return proto_http::server_response{};
    }
    if (!error && entry->answer.answer == core::report_answer::refused)
        co_return refuse(from, entry->answer.reason);
    ++counts_.later;
    proto_http::server_response later;
    later.status = 503;
    later.headers.set("Retry-After", "1");
    co_return later;
}

void report_api::answer(core::answer_report what) {
    auto found = held_.find(what.id);
    if (found == held_.end())
        return;
    found->second->answer = std::move(what);
    found->second->answered.set();
}

} // namespace kh
