#include "controller/operator.hpp"

#include "controller/check_object.hpp"
#include "controller/condition_support.hpp"
#include "controller/names.hpp"
#include "controller/pod_object.hpp"
#include "proto_http/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kh {

namespace asio = boost::asio;

namespace {

/// In the namespace of this replica.
constexpr std::string_view lease_name = "kuberhealthy";

/// The last results may be on their way; a slow server must not keep the process.
constexpr auto influx_farewell = std::chrono::seconds(2);

core::live_settings live_settings(const settings& from) {
    core::live_settings to;
    to.retention.age_max = from.check_pod_age_max;
    to.retention.succeeded_max = from.completed_pods_max;
    to.retention.failed_max = from.error_pods_max;
    to.max_job_age = from.job_age_max;
    to.overdue_starts_per_second = from.starts_per_second_max;
    to.reports_without_header = from.reports_without_header;
    to.run_start_events = from.run_start_events;
    return to;
}

core::decider_settings core_settings(proto_http::runtime& rt, const settings& from) {
    core::decider_settings to;
    static_cast<core::live_settings&>(to) = live_settings(from);
    to.newcomer_spread = from.newcomer_spread.count();
    to.leader_until = from.leader_election ? proto_http::time_point() : proto_http::never;
    const std::uint64_t words[2] = {rt.random(), rt.random()};
    static_assert(sizeof words == sizeof to.salt.data);
    std::memcpy(to.salt.data, words, sizeof words);
    return to;
}

log_level to_log_level(core::log_level level) {
    switch (level) {
    case core::log_level::debug:
        return log_level::debug;
    case core::log_level::info:
        return log_level::info;
    case core::log_level::warning:
        return log_level::warning;
    case core::log_level::error:
        break;
    }
    return log_level::error;
}

auto report_exceptions(logger& log) {
    return [&log](const std::string& name, std::exception_ptr error) {
        log.error("a task ended with an exception", {{"task", name}, {"error", proto_http::what_of(std::move(error))}});
    };
}

} // namespace

controller_operator::controller_operator(proto_http::runtime& rt, k8s::client& api, settings configuration, logger& log)
    : runtime_(rt), api_(api), settings_(std::move(configuration)), log_(log), health_(rt, log), watches_health_(log),
      board_(settings_.board), influx_(rt, log, settings_.influx),
      driver_(rt, core_settings(rt, settings_), [this](core::action what) { carry_out(std::move(what)); }),
      server_tasks_(rt, report_exceptions(log)), operations_(rt, report_exceptions(log)),
      watch_tasks_(rt, report_exceptions(log)), driver_tasks_(rt, report_exceptions(log)),
      election_tasks_(rt, report_exceptions(log)),
      executor_(
          api, operations_, executor_settings{settings_.reporting_url, settings_.pod_name},
          [this](const core::check_key& key, core::workload kind) { return templates_.find(key, kind); },
          [this](core::event what) { take_answer(std::move(what)); }),
      events_(api, operations_, log), reports_(rt, log, [this](core::event what) { driver_.post(std::move(what)); }),
      pages_(rt, api, settings_.pages) {
    if (settings_.leader_election)
        leadership_ =
            std::make_unique<leadership>(api_, log_, k8s::object_key{settings_.pod_namespace, std::string(lease_name)},
                                         settings_.pod_name, [this](core::leadership_changed what) { driver_.post(what); });
    api_.on_outcome = [this](bool answered, const k8s::api_error* error) { health_.outcome(answered, error); };
    // Every outcome is counted from the start, so that a rate over the first failure is not lost.
    for (int value = 0; value <= static_cast<int>(core::outcome::infrastructure); ++value)
        ended_runs_[static_cast<core::outcome>(value)] = 0;
    add_feeds<check_feed>(v1::khchecks, {}, core::watched::checks, core::workload::check);
    add_feeds<check_feed>(v1::khjobs, {}, core::watched::jobs, core::workload::job);
    add_feeds<state_feed>(v1::khstates, {}, core::watched::states);
    add_feeds<pod_feed>(pods, std::string(names::check_name_label), core::watched::pods);
}

controller_operator::~controller_operator() {
    api_.on_outcome = nullptr;
}

bool controller_operator::synced(core::watched kind) const {
    return std::all_of(watches_.begin(), watches_.end(),
                       [kind](const watch_of_feed& w) { return w.kind != kind || w.handler->is_synced(); });
}

template <class Feed, class... Args>
void controller_operator::add_feeds(const k8s::resource& what, const std::string& selector, core::watched kind, Args&&... args) {
    std::vector<std::string> namespaces = settings_.target_namespaces;
    if (namespaces.empty())
        namespaces.emplace_back();
    for (const std::string& ns : namespaces) {
        watch_of_feed w;
        w.kind = kind;
        w.settings.what = what;
        w.settings.ns = ns;
        w.settings.label_selector = selector;
        std::string name = ns.empty() ? what.plural : what.plural + " in " + ns;
        const auto tell = [this](core::event e) { driver_.post(std::move(e)); };
        const auto all = [this, kind] { return synced(kind); };
        if constexpr (sizeof...(Args) == 1)
            w.handler = std::make_unique<Feed>(std::move(name), args..., templates_, tell, watches_health_, all);
        else
            w.handler = std::make_unique<Feed>(std::move(name), kind, tell, watches_health_, all);
        watches_.push_back(std::move(w));
    }
}

void controller_operator::carry_out(core::action what) {
    std::visit(
        [this](auto& each) {
            using type = std::decay_t<decltype(each)>;
            if constexpr (std::is_same_v<type, core::answer_report>) {
                reports_.answer(std::move(each));
            } else if constexpr (std::is_same_v<type, core::show_check>) {
                show(std::move(each));
            } else if constexpr (std::is_same_v<type, core::hide_check>) {
                hide(each.key);
            } else if constexpr (std::is_same_v<type, core::write_log>) {
                write_log(each);
            } else if constexpr (std::is_same_v<type, core::cancel_operation>) {
                executor_.cancel(each);
            } else if constexpr (std::is_same_v<type, core::record_event>) {
                events_.record(std::move(each));
            } else {
                if constexpr (std::is_same_v<type, core::create_pod>)
                    ++started_runs_;
                if constexpr (std::is_same_v<type, core::write_result>)
                    ++ended_runs_[each.result.how];
                executor_.start(std::move(each));
            }
        },
        what);
}

void controller_operator::take_answer(core::event what) {
    if (const auto* written = std::get_if<core::write_done>(&what); written && written->state)
        if (written->answer == core::write_answer::written)
            influx_.forward(*written->state);
    driver_.post(std::move(what));
}

void controller_operator::show(core::show_check what) {
    if (what.conflict_text.empty())
        conflicts_.erase(what.key);
    else
        conflicts_[what.key] = what.conflict_text;
    board_entry entry;
    entry.key = what.key;
    entry.kind = what.kind;
    entry.fresh = what.fresh;
    entry.stale_text = std::move(what.stale_text);
    entry.waiting_reason = std::move(what.waiting_reason);
    if (what.state)
        entry.how = what.state->how;
    entry.state = std::move(what.state);
    board_.update(std::move(entry));
}

void controller_operator::hide(const core::check_key& key) {
    conflicts_.erase(key);
    board_.erase(key);
}

void controller_operator::write_log(const core::write_log& line) {
    std::vector<log_field> fields;
    fields.reserve(line.fields.size());
    for (const auto& [key, value] : line.fields)
        fields.emplace_back(key, value);
    log_.log(to_log_level(line.level), line.message, fields);
}

void controller_operator::follow_configuration(command_line arguments, settings_load loaded,
                                               std::unique_ptr<proto_http::file_changes> changes) {
    configuration_ = std::make_unique<config_follower>(runtime_, log_, std::move(arguments), std::move(loaded),
                                                       [this](const settings& wanted) { apply(wanted); });
    config_changes_ = std::move(changes);
}

void controller_operator::secure(std::unique_ptr<server_certificate> certificate,
                                 std::unique_ptr<proto_http::file_changes> changes) {
    certificate_ = std::move(certificate);
    certificate_changes_ = std::move(changes);
}

void controller_operator::apply(const settings& wanted) {
    if (wanted.level != settings_.level)
        log_.set_level(wanted.level);
    settings_ = wanted;
    board_.set_options(wanted.board);
    influx_.use(wanted.influx);
    driver_.post(core::settings_changed{live_settings(wanted)});
}

bool controller_operator::ready() const {
    return watches_health_.all_synced() && !stopping_;
}

bool controller_operator::alive() const {
    return stopping_ || !leadership_ || leadership_->takes_part();
}

void controller_operator::start_watches() {
    for (const watch_of_feed& w : watches_)
        watch_tasks_.spawn("watch " + w.handler->name(), k8s::watch(api_, w.settings, *w.handler));
    const auto tell = [this](bool served) { driver_.post(core::conditions_served{served}); };
    watch_tasks_.spawn("discovery", learn_condition_support(api_, tell));
}

asio::awaitable<void> controller_operator::run(std::unique_ptr<proto_http::acceptor> listener) {
    status_sources sources;
    sources.globals = [this] { return globals(); };
    sources.process_metrics = [this] { return process_metrics(); };
    sources.ready = [this] { return describe_readiness(); };
    sources.alive = [this] { return alive(); };
    sources.guard = [this](proto_http::request_handler page) { return pages_.guard(std::move(page)); };
    std::vector<proto_http::route> routes = status_routes(board_, std::move(sources));
    routes.push_back(reports_.route());
    proto_http::server_limits limits;
    limits.connections_max = settings_.connections_max;
    server_ = std::make_unique<proto_http::server>(runtime_, std::move(routes), limits,
                                                   certificate_ ? certificate_->context() : nullptr);
    server_->on_error = [this](std::string_view text) { log_.error("HTTP server", {{"error", text}}); };

    server_tasks_.spawn("HTTP server", server_->run(std::move(listener)));
    start_watches();
    if (configuration_)
        watch_tasks_.spawn("configuration", configuration_->run(std::move(config_changes_)));
    watch_tasks_.spawn("InfluxDB", influx_.run());
    if (certificate_ && certificate_changes_) {
        certificate_->on_change = [this](std::shared_ptr<proto_http::tls_context> made) { server_->use_tls(std::move(made)); };
        watch_tasks_.spawn("certificate", certificate_->follow(std::move(certificate_changes_)));
    }
    if (leadership_)
        election_tasks_.spawn("election", leadership_->run());
    driver_tasks_.spawn("driver", driver_.run());

    // The server ends when it has drained; everything that a held report needs lives until then.
    co_await server_tasks_.join();
    // So does a report whose client was told 503 meanwhile.
    co_await driver_.reports_settled(stop_by_);
    driver_tasks_.cancel();
    co_await driver_tasks_.join();
    operations_.cancel();
    co_await operations_.join();
    // The lease was given up when the drain began; the write may still be on its way.
    co_await election_tasks_.join();
    co_await influx_.flushed(std::min(stop_by_, runtime_.now() + influx_farewell));
    watch_tasks_.cancel();
    co_await watch_tasks_.join();
}

void controller_operator::drain(proto_http::duration grace, proto_http::duration listens_for) {
    stopping_ = true;
    stop_by_ = std::min(stop_by_, runtime_.now() + grace);
    // First: the next leader takes over while this replica answers the reports that it holds.
    if (leadership_)
        leadership_->resign();
    driver_.post(core::draining{});
    if (stop_by_ <= runtime_.now()) // a drain may be waiting already, with more patience
        driver_.give_up_reports();
    if (server_)
        server_->drain(stop_by_, runtime_.now() + listens_for);
}

} // namespace kh
