#include "controller/config_follower.hpp"

#include "controller/follow_files.hpp"
#include "proto_http/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace kh {

namespace {

/// A key of the file, and the setting that it stands for. One that is missing here is applied all the same, but not named.
struct key_of_setting {
    std::string_view key;
    bool (*is_same)(const settings& a, const settings& b);
    /// Puts the value of `from` into `to`: of those that the program cannot change while it runs.
    void (*keep)(settings& to, const settings& from) = nullptr;
};

constexpr std::array<key_of_setting, 21> keys{{
    {"listenAddress", [](const settings& a, const settings& b) { return a.listen == b.listen; },
     [](settings& to, const settings& from) { to.listen = from.listen; }},
    {"namespace", [](const settings& a, const settings& b) { return a.target_namespaces == b.target_namespaces; },
     [](settings& to, const settings& from) { to.target_namespaces = from.target_namespaces; }},
    {"leaderElection", [](const settings& a, const settings& b) { return a.leader_election == b.leader_election; },
     [](settings& to, const settings& from) { to.leader_election = from.leader_election; }},
    {"tlsCertFile, tlsKeyFile, tlsClientCAFile", [](const settings& a, const settings& b) { return a.tls == b.tls; },
     [](settings& to, const settings& from) { to.tls = from.tls; }},
    {"pagesTokenFile, pagesTokenReview", [](const settings& a, const settings& b) { return a.pages == b.pages; },
     [](settings& to, const settings& from) { to.pages = from.pages; }},
    {"logLevel", [](const settings& a, const settings& b) { return a.level == b.level; }},
    {"maxKHJobAge", [](const settings& a, const settings& b) { return a.job_age_max == b.job_age_max; }},
    {"maxCheckPodAge", [](const settings& a, const settings& b) { return a.check_pod_age_max == b.check_pod_age_max; }},
    {"maxCompletedPodCount", [](const settings& a, const settings& b) { return a.completed_pods_max == b.completed_pods_max; }},
    {"maxErrorPodCount", [](const settings& a, const settings& b) { return a.error_pods_max == b.error_pods_max; }},
    {"stateMetadata", [](const settings& a, const settings& b) { return a.board.metadata == b.board.metadata; }},
    {"promMetricsConfig",
     [](const settings& a, const settings& b) {
         return a.board.suppress_error_label == b.board.suppress_error_label &&
                a.board.error_label_size_max == b.board.error_label_size_max;
     }},
    {"enableInflux", [](const settings& a, const settings& b) { return a.influx.enabled == b.influx.enabled; }},
    {"influxURL", [](const settings& a, const settings& b) { return a.influx.url == b.influx.url; }},
    {"influxDB", [](const settings& a, const settings& b) { return a.influx.database == b.influx.database; }},
    {"influxUsername", [](const settings& a, const settings& b) { return a.influx.username == b.influx.username; }},
    {"influxPassword", [](const settings& a, const settings& b) { return a.influx.password == b.influx.password; }},
    {"reportsWithoutHeader",
     [](const settings& a, const settings& b) { return a.reports_without_header == b.reports_without_header; }},
    {"eventsForRunStarts", [](const settings& a, const settings& b) { return a.run_start_events == b.run_start_events; }},
    {"maxStartsPerSecond",
     [](const settings& a, const settings& b) { return a.starts_per_second_max == b.starts_per_second_max; }},
    {"shutdownDelay", [](const settings& a, const settings& b) { return a.shutdown_delay == b.shutdown_delay; }},
}};

} // namespace

config_follower::config_follower(proto_http::runtime& rt, logger& log, command_line arguments, settings_load running,
                                 apply_function apply)
    : runtime_(rt), log_(log), arguments_(std::move(arguments)), running_(std::move(running)), apply_(std::move(apply)),
      last_success_(rt.wall_now()) {}

boost::asio::awaitable<void> config_follower::run(std::unique_ptr<proto_http::file_changes> changes) {
    return follow_files(std::move(changes), log_, "the configuration file is not followed any more", [this] { reload(); });
}

void config_follower::reload() {
    settings_load load = load_settings(runtime_, arguments_);
    if (load.value && running_.has_file && !load.has_file)
        load.error = fmt::format("{}: it cannot be read any more", arguments_.config_path);
    if (load.error.empty())
        take(std::move(load));
    else
        refuse(std::move(load.error));
}

void config_follower::refuse(std::string why) {
    if (why == refusal_)
        return;
    refusal_ = std::move(why);
    log_.error("configuration refused; the running one stays", {{"error", refusal_}});
}

void config_follower::take(settings_load load) {
    std::vector<std::string_view> applied;
    std::vector<std::string> waiting;
    for (const key_of_setting& each : keys) {
        if (each.is_same(*load.value, *running_.value))
            continue;
        if (each.keep) {
            each.keep(*load.value, *running_.value);
            waiting.emplace_back(each.key);
        } else {
            applied.push_back(each.key);
        }
    }
    const bool is_changed = !(*load.value == *running_.value);
    const bool is_news = is_changed || waiting != waiting_for_restart_ || !refusal_.empty() ||
                         load.warnings != running_.warnings || load.has_file != running_.has_file;
    last_success_ = runtime_.wall_now();
    refusal_.clear();
    waiting_for_restart_ = std::move(waiting);
    running_ = std::move(load);
    if (is_changed)
        apply_(*running_.value);
    if (!is_news)
        return;
    for (const std::string& warning : running_.warnings)
        log_.warning("configuration", {{"warning", warning}});
    for (const std::string& key : waiting_for_restart_)
        log_.warning("configuration: this key needs a restart; until then the old value is used", {{"key", key}});
    log_.info("configuration read again", {{"changed", fmt::format("{}", fmt::join(applied, " "))}});
}

std::vector<std::string> config_follower::complaints() const {
    std::vector<std::string> all;
    if (!refusal_.empty())
        all.push_back(fmt::format("configuration refused: {}; the running configuration stays", refusal_));
    for (const std::string& key : waiting_for_restart_)
        all.push_back(fmt::format("{}: {}: needs a restart; until then the old value is used", arguments_.config_path, key));
    return all;
}

} // namespace kh
