#include "proto_http/client.hpp"
#include "proto_http/error.hpp"
#include "simulation/world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>

// What is asked of the controllers over HTTP: the checkers' reports, and the pages at the end.

namespace simulation {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

/// One checker's report on its way, until it is answered for good or given up.
struct world::sender {
    sender(world& of, report_order what)
        : order(std::move(what)), runtime(of.checkers_context_, of.dice_.next(), of.time_, of.network_) {
        if (!order.address.empty())
            runtime.own_address = order.address;
    }

    report_order order;
    test_support::manual_runtime runtime;
    std::string replica; ///< that the client dials
    std::unique_ptr<proto_http::client> client;
};

void world::report(report_order order) {
    auto one = std::make_shared<sender>(*this, std::move(order));
    ++senders_;
    asio::co_spawn(checkers_context_, send(std::move(one)), [this](std::exception_ptr) { --senders_; });
}

/// The Service in front of the controllers.
std::string world::pick_controller() {
    if (controllers_.empty())
        return "nobody";
    return reports_to && *reports_to < controllers_.size() ? controllers_[*reports_to]->name() : dice_.pick(controllers_)->name();
}

asio::awaitable<void> world::send(std::shared_ptr<sender> one) {
    const auto& order = one->order;
    json::array errors;
    for (const auto& error : order.content.errors)
        errors.emplace_back(error);
    json::object body;
    body["OK"] = order.content.ok;
    body["Errors"] = std::move(errors);
    proto_http::request post;
    post.method = "POST";
    post.target = "/externalCheckStatus";
    post.headers.add("Content-Type", "application/json");
    if (!order.secret.empty())
        post.headers.add("kh-run-uuid", order.secret);
    post.body = json::serialize(body);

    const auto gives_up = now() + order.patience;
    duration pause = 500ms;
    for (bool is_resend = false;; is_resend = true) {
        if (!one->client) {
            proto_http::client_settings settings;
            one->replica = pick_controller();
            settings.origin = {one->replica, 8080};
            one->client = std::make_unique<proto_http::client>(one->runtime, settings);
        }
        const auto id = ledger_.report_sent(order, is_resend, one->replica);
        trace_.line("checker of {} reports {}{}", order.pod.name, order.content.ok ? "OK" : order.content.errors.front(),
                    is_resend ? " again" : "");
        auto copy = post;
        auto answer = co_await one->client->exchange(std::move(copy), one->runtime.now() + 40s);
        const unsigned status = answer ? answer->status : 0;
        trace_.line("checker of {} is answered {}{}", order.pod.name, status,
                    status == 400 ? " " + answer->body.substr(0, 80) : "");
        answers_.push_back(status);
        mark_time();
        ledger_.report_answered(id, status, answer ? answer->body : std::string());
        if (status == 200 || status == 400)
            break;
        if (!answer) {
            one->client.reset();
            if (!order.is_patient)
                break;
        }
        if (now() + pause > gives_up)
            break;
        co_await proto_http::wait_until(one->runtime, one->runtime.now() + pause);
        pause = std::min<duration>(pause * 3 / 2, 10s);
    }
}

asio::awaitable<void> world::read_page(std::string path, std::shared_ptr<std::optional<std::string>> into) {
    proto_http::client_settings settings;
    settings.origin = {pick_controller(), 8080};
    proto_http::client client(checkers_runtime_, settings);
    proto_http::request get;
    get.target = std::move(path);
    auto answer = co_await client.exchange(std::move(get), checkers_runtime_.now() + 10s);
    *into = answer && answer->status == 200 ? answer->body : std::string();
}

std::optional<std::string> world::page(std::string path) {
    auto text = std::make_shared<std::optional<std::string>>();
    asio::co_spawn(checkers_context_, read_page(std::move(path), text), [](std::exception_ptr) {});
    run_until([&] { return text->has_value(); }, 11s);
    return *text && !(*text)->empty() ? *text : std::nullopt;
}

void world::look_at_pages() {
    std::string wrong;
    for (int tries = 0; tries < 60; ++tries) {
        wrong = compare_pages();
        if (wrong.empty() || !ledger_.violation().empty())
            return;
        run_for(700ms);
    }
    ledger_.fail(wrong);
}

/// /status and /metrics against what is stored; a text where they differ.
std::string world::compare_pages() {
    const auto status = page("/status");
    const auto metrics = page("/metrics");
    if (!status || !metrics)
        return "the pages cannot be read";
    boost::system::error_code failure;
    const auto parsed = json::parse(*status, failure);
    if (failure)
        return "the status page is not JSON";
    for (const auto* member : {"CheckDetails", "JobDetails"})
        for (const auto& [name, entry] : parsed.at(member).get_object()) {
            const auto slash = name.find('/');
            const check_key key{std::string(name.substr(0, slash)), std::string(name.substr(slash + 1))};
            if (!ledger_.state_of(key) && !ledger_.was_lost_by_hand(key))
                return fmt::format("the status page shows a result of {}, none is stored", key.text());
        }
    for (const auto& [key, state] : ledger_.states()) {
        const json::value* entry = nullptr;
        bool is_job = false;
        for (const auto* member : {"CheckDetails", "JobDetails"})
            if (const auto* found = parsed.at(member).get_object().if_contains(key.text())) {
                entry = found;
                is_job = std::string_view(member) == "JobDetails";
            }
        if (entry == nullptr)
            return fmt::format("the status page lacks {}", key.text());
        std::vector<std::string> errors;
        for (const auto& one : entry->at("Errors").get_array())
            errors.emplace_back(one.get_string());
        if (entry->at("OK").get_bool() != state.ok || errors != state.errors || entry->at("uuid").get_string() != state.run_id)
            return fmt::format("the status page shows another result of {} than the stored one", key.text());
        const auto series = fmt::format("\n{}{{check=\"{}\",namespace=\"{}\",status=\"{}\"",
                                        is_job ? "kuberhealthy_job" : "kuberhealthy_check", key.text(), key.ns, state.ok ? 1 : 0);
        if (metrics->find(series) == std::string::npos)
            return fmt::format("the metrics do not have the stored result of {}", key.text());
    }
    if (senders_ == 0 && metrics->find("\nkuberhealthy_reports_held 0\n") == std::string::npos)
        return "a report is held of which nobody knows";
    return {};
}

} // namespace simulation
