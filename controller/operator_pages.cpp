#include "controller/operator.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>
#include <utility>

// What the pages show of the process itself.

namespace kh {

namespace json = boost::json;

namespace {

metric_family family(std::string name, std::string help, std::string type) {
    metric_family f;
    f.name = std::move(name);
    f.help = std::move(help);
    f.type = std::move(type);
    return f;
}

metric_family single(std::string name, std::string help, std::string type, double value) {
    metric_family f = family(std::move(name), std::move(help), std::move(type));
    f.samples.emplace_back().value = value;
    return f;
}

void add_sample(metric_family& f, std::string label, std::string text, std::uint64_t value) {
    metric_sample& sample = f.samples.emplace_back();
    sample.labels.emplace_back(std::move(label), std::move(text));
    sample.value = static_cast<double>(value);
}

/// As Prometheus names them of itself.
void add_configuration_metrics(const config_follower& from, std::vector<metric_family>& to) {
    to.push_back(single("kuberhealthy_config_last_reload_successful", "Whether the configuration file as it is now was taken",
                        "gauge", from.is_successful() ? 1 : 0));
    const auto at = std::chrono::duration<double>(from.last_success().time_since_epoch());
    to.push_back(single("kuberhealthy_config_last_reload_success_timestamp_seconds", "When the configuration file was last taken",
                        "gauge", std::floor(at.count())));
}

void add_influx_metrics(const influx_forwarder& from, std::vector<metric_family>& to) {
    metric_family results =
        family("kuberhealthy_influx_results_total", "Results for InfluxDB, by what became of them", "counter");
    add_sample(results, "answer", "written", from.results().written);
    add_sample(results, "answer", "refused", from.results().refused);
    add_sample(results, "answer", "dropped", from.results().dropped);
    to.push_back(std::move(results));
    to.push_back(single("kuberhealthy_influx_results_waiting", "Results that InfluxDB has not taken yet", "gauge",
                        static_cast<double>(from.waiting())));
}

} // namespace

board_globals controller_operator::globals() const {
    board_globals g;
    g.current_master = leadership_ ? leadership_->leader() : settings_.pod_name;
    g.working = watches_health_.all_synced() && watches_health_.troubles().empty() && !g.current_master.empty();
    if (!watches_health_.all_synced())
        g.errors.push_back({{}, "kuberhealthy has not read the cluster's checks, jobs, states and pods yet"});
    for (const auto& [key, text] : conflicts_)
        g.errors.push_back({key.ns, text});
    if (certificate_ && !certificate_->complaint().empty())
        g.errors.push_back({{}, "new certificate files are not usable, the old certificate stays: " + certificate_->complaint()});
    if (configuration_)
        for (std::string& text : configuration_->complaints())
            g.errors.push_back({{}, std::move(text)});
    return g;
}

std::vector<metric_family> controller_operator::process_metrics() const {
    std::vector<metric_family> families;
    families.push_back(single("kuberhealthy_api_server_reachable", "Shows if the last call to the API server was answered",
                              "gauge", health_.reachable() ? 1 : 0));
    families.push_back(
        single("kuberhealthy_api_calls_total", "Calls to the API server", "counter", static_cast<double>(health_.calls())));
    families.push_back(single("kuberhealthy_api_calls_unanswered_total", "Calls to the API server that were not answered",
                              "counter", static_cast<double>(health_.failures())));
    families.push_back(single("kuberhealthy_runs_started_total", "Checker pods that were ordered", "counter",
                              static_cast<double>(started_runs_)));
    metric_family ended = family("kuberhealthy_runs_ended_total", "Results that were written, by outcome", "counter");
    for (const auto& [how, count] : ended_runs_)
        add_sample(ended, "reason", std::string(core::to_text(how)), count);
    families.push_back(std::move(ended));
    metric_family reports = family("kuberhealthy_reports_total", "Reports of checker pods, by answer", "counter");
    add_sample(reports, "answer", "stored", reports_.counts().stored);
    add_sample(reports, "answer", "refused", reports_.counts().refused);
    add_sample(reports, "answer", "later", reports_.counts().later);
    families.push_back(std::move(reports));
    families.push_back(
        single("kuberhealthy_reports_held", "Reports that wait for their answer", "gauge", static_cast<double>(reports_.held())));
    families.push_back(
        single("kuberhealthy_leading", "Shows if this replica leads: it starts the runs", "gauge", leads() ? 1 : 0));
    if (certificate_)
        families.push_back(single("kuberhealthy_certificate_expiry_timestamp_seconds", "When the HTTP server's certificate ends",
                                  "gauge", static_cast<double>(certificate_->in_use().not_after.time_since_epoch().count())));
    if (configuration_)
        add_configuration_metrics(*configuration_, families);
    if (influx_.is_enabled())
        add_influx_metrics(influx_, families);
    return families;
}

readiness controller_operator::describe_readiness() const {
    readiness r;
    r.ready = ready();
    json::object body;
    body["ready"] = r.ready;
    if (stopping_)
        body["reason"] = "draining";
    json::object api;
    api["reachable"] = health_.reachable();
    if (!health_.last_error().empty())
        api["lastError"] = health_.last_error();
    body["apiServer"] = std::move(api);
    json::object election;
    election["leader"] = leadership_ ? leadership_->leader() : settings_.pod_name;
    election["leading"] = leads();
    body["election"] = std::move(election);
    json::object watches;
    watches["expected"] = watches_health_.expected();
    watches["synced"] = watches_health_.synced_count();
    json::object troubles;
    for (const auto& [name, text] : watches_health_.troubles())
        troubles[name] = text;
    watches["troubles"] = std::move(troubles);
    body["watches"] = std::move(watches);
    body["heldReports"] = reports_.held();
    r.body = json::serialize(body) + "\n";
    return r;
}

} // namespace kh
