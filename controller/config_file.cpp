#include "controller/config_file.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/go_duration.hpp"
#include "proto_http/text.hpp"
#include "proto_http/url.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace kh {

namespace {

constexpr std::chrono::nanoseconds check_pod_age_min = std::chrono::seconds(30);
constexpr std::chrono::nanoseconds job_age_min = std::chrono::minutes(5);
constexpr std::chrono::nanoseconds shutdown_delay_max = std::chrono::seconds(20);
constexpr unsigned pods_max = 1'000'000;
constexpr double starts_per_second_max = 10'000;

struct context {
    settings& into;
    std::vector<std::string>& warnings;
};

// What a reader of one key returns: what the value should have been, or nothing if it is good.
using complaint = std::string;

template <class T>
bool decode(const YAML::Node& node, T& out) {
    return node.IsScalar() && YAML::convert<T>::decode(node, out);
}

complaint read_bool(const YAML::Node& node, bool& out) {
    return decode(node, out) ? "" : "want true or false";
}

complaint read_text(const YAML::Node& node, std::string& out) {
    return decode(node, out) ? "" : "want a string";
}

complaint read_count(const YAML::Node& node, unsigned& out) {
    long long value = 0;
    if (!decode(node, value) || value < 0 || value > pods_max)
        return fmt::format("want a whole number from 0 to {}", pods_max);
    out = static_cast<unsigned>(value);
    return {};
}

// "15m", or nanoseconds as a whole number: what yaml.v2 takes for a time.Duration.
complaint read_duration(const YAML::Node& node, std::chrono::nanoseconds& out) {
    std::string text;
    long long nanoseconds = 0;
    if (!decode(node, text))
        return "want a duration, e.g. 90s, 15m, 72h";
    auto value = proto_http::parse_go_duration(text);
    if (!value && decode(node, nanoseconds))
        value = std::chrono::nanoseconds(nanoseconds);
    if (!value)
        return "want a duration, e.g. 90s, 15m, 72h";
    if (value->count() < 0)
        return "must not be negative";
    out = *value;
    return {};
}

complaint read_age(const context& in, std::string_view key, const YAML::Node& node, std::chrono::nanoseconds least,
                   std::chrono::nanoseconds& out) {
    auto why = read_duration(node, out);
    if (why.empty() && out < least) {
        in.warnings.push_back(
            fmt::format("{}: {} is used, the least there is, as in Kuberhealthy v2", key, proto_http::format_go_duration(least)));
        out = least;
    }
    return why;
}

complaint read_listen(const YAML::Node& node, proto_http::host_port& out) {
    std::string text;
    if (auto why = read_text(node, text); !why.empty() || proto_http::trim(text).empty())
        return why;
    const auto value = parse_listen_address(proto_http::trim(text));
    if (!value)
        return "want e.g. \":8080\", \"127.0.0.1:8080\" or \"[::1]:8080\"";
    out = *value;
    return {};
}

complaint read_level(const YAML::Node& node, log_level& out) {
    std::string text;
    if (auto why = read_text(node, text); !why.empty() || proto_http::trim(text).empty())
        return why;
    const auto value = log_level_from_text(proto_http::trim(text));
    if (!value)
        return "want panic, fatal, error, warning, info, debug or trace";
    out = *value;
    return {};
}

complaint read_namespace(const YAML::Node& node, std::vector<std::string>& out) {
    std::string text;
    if (auto why = read_text(node, text); !why.empty())
        return why;
    out = split_names(text);
    return {};
}

complaint read_metadata(const YAML::Node& node, std::optional<std::map<std::string, std::string>>& out) {
    if (!node.IsMap())
        return "want a map of strings";
    std::map<std::string, std::string> values;
    for (const auto& item : node) {
        std::string key;
        std::string value;
        if (!decode(item.first, key) || !(item.second.IsNull() || decode(item.second, value)))
            return "want a map of strings";
        values[key] = value;
    }
    out = std::move(values);
    return {};
}

complaint read_prometheus(const context& in, const YAML::Node& node) {
    if (!node.IsMap())
        return "want a map";
    for (const auto& item : node) {
        std::string key;
        if (!decode(item.first, key))
            return "want a map with names as keys";
        complaint why;
        unsigned size = 0;
        if (item.second.IsNull())
            continue;
        if (key == "suppressErrorLabel") {
            why = read_bool(item.second, in.into.board.suppress_error_label);
        } else if (key == "errorLabelMaxLength") {
            why = read_count(item.second, size);
            if (why.empty())
                in.into.board.error_label_size_max = size;
        } else {
            in.warnings.push_back(fmt::format("promMetricsConfig.{}: unknown key, ignored", proto_http::one_line(key, 80)));
        }
        if (!why.empty())
            return fmt::format("{}: {}", key, why);
    }
    return {};
}

complaint read_rate(const YAML::Node& node, double& out) {
    double value = 0;
    if (!decode(node, value) || !std::isfinite(value) || value <= 0 || value > starts_per_second_max)
        return fmt::format("want a number above 0, at most {}", starts_per_second_max);
    out = value;
    return {};
}

complaint read_shutdown_delay(const YAML::Node& node, std::chrono::nanoseconds& out) {
    auto why = read_duration(node, out);
    return why.empty() && out > shutdown_delay_max ? "want at most 20s: the drain ends 25 s after SIGTERM" : why;
}

using reader = complaint (*)(const context&, const YAML::Node&);

constexpr std::array<std::pair<std::string_view, reader>, 26> readers{{
    {"listenAddress", [](const context& in, const YAML::Node& node) { return read_listen(node, in.into.listen); }},
    {"logLevel", [](const context& in, const YAML::Node& node) { return read_level(node, in.into.level); }},
    {"maxKHJobAge", [](const context& in,
                       const YAML::Node& node) { return read_age(in, "maxKHJobAge", node, job_age_min, in.into.job_age_max); }},
    {"maxCheckPodAge",
     [](const context& in, const YAML::Node& node) {
         return read_age(in, "maxCheckPodAge", node, check_pod_age_min, in.into.check_pod_age_max);
     }},
    {"maxCompletedPodCount",
     [](const context& in, const YAML::Node& node) { return read_count(node, in.into.completed_pods_max); }},
    {"maxErrorPodCount", [](const context& in, const YAML::Node& node) { return read_count(node, in.into.error_pods_max); }},
    {"namespace", [](const context& in, const YAML::Node& node) { return read_namespace(node, in.into.target_namespaces); }},
    {"stateMetadata", [](const context& in, const YAML::Node& node) { return read_metadata(node, in.into.board.metadata); }},
    {"promMetricsConfig", [](const context& in, const YAML::Node& node) { return read_prometheus(in, node); }},
    {"enableInflux", [](const context& in, const YAML::Node& node) { return read_bool(node, in.into.influx.enabled); }},
    {"influxURL", [](const context& in, const YAML::Node& node) { return read_text(node, in.into.influx.url); }},
    {"influxDB", [](const context& in, const YAML::Node& node) { return read_text(node, in.into.influx.database); }},
    {"influxUsername", [](const context& in, const YAML::Node& node) { return read_text(node, in.into.influx.username); }},
    {"influxPassword", [](const context& in, const YAML::Node& node) { return read_text(node, in.into.influx.password); }},
    {"reportsWithoutHeader",
     [](const context& in, const YAML::Node& node) { return read_bool(node, in.into.reports_without_header); }},
    {"tlsCertFile", [](const context& in, const YAML::Node& node) { return read_text(node, in.into.tls.certificate); }},
    {"tlsKeyFile", [](const context& in, const YAML::Node& node) { return read_text(node, in.into.tls.key); }},
    {"tlsClientCAFile", [](const context& in, const YAML::Node& node) { return read_text(node, in.into.tls.client_ca); }},
    {"pagesTokenFile", [](const context& in, const YAML::Node& node) { return read_text(node, in.into.pages.token_file); }},
    {"pagesTokenReview", [](const context& in, const YAML::Node& node) { return read_bool(node, in.into.pages.token_review); }},
    {"leaderElection", [](const context& in, const YAML::Node& node) { return read_bool(node, in.into.leader_election); }},
    {"eventsForRunStarts", [](const context& in, const YAML::Node& node) { return read_bool(node, in.into.run_start_events); }},
    {"maxStartsPerSecond",
     [](const context& in, const YAML::Node& node) { return read_rate(node, in.into.starts_per_second_max); }},
    {"shutdownDelay",
     [](const context& in, const YAML::Node& node) { return read_shutdown_delay(node, in.into.shutdown_delay); }},
    // v2's, without effect here.
    {"enableForceMaster",
     [](const context& in, const YAML::Node& node) {
         bool forced = false;
         auto why = read_bool(node, forced);
         if (forced)
             in.warnings.push_back("enableForceMaster: without effect");
         return why;
     }},
    {"externalCheckReportingURL",
     [](const context& in, const YAML::Node& node) {
         std::string url;
         auto why = read_text(node, url);
         if (!proto_http::trim(url).empty())
             in.warnings.push_back(
                 "externalCheckReportingURL: without effect, as in Kuberhealthy v2; set KH_EXTERNAL_REPORTING_URL");
         return why;
     }},
}};

complaint read_key(const context& in, const std::string& key, const YAML::Node& value) {
    std::string_view meant; // keys are case-sensitive, as in v2
    for (const auto& [known, read] : readers) {
        if (known == key)
            return value.IsNull() ? complaint() : read(in, value);
        if (proto_http::ascii::equal(known, key))
            meant = known;
    }
    in.warnings.push_back(fmt::format("{}: unknown key, ignored{}", proto_http::one_line(key, 80),
                                      meant.empty() ? "" : fmt::format("; the key is {}", meant)));
    return {};
}

/// What no single key can say.
complaint check_together(const settings& all) {
    if (!all.influx.enabled)
        return {};
    if (!proto_http::parse_url(all.influx.url))
        return "influxURL: want a URL such as http://influxdb:8086 (enableInflux is true)";
    if (all.influx.database.empty())
        return "influxDB: want the name of a database (enableInflux is true)";
    return {};
}

std::string read_document(const YAML::Node& document, const context& in) {
    if (document.IsNull() || !document.IsDefined())
        return {};
    if (!document.IsMap())
        return "not a map of keys and values";
    std::set<std::string> seen;
    for (const auto& item : document) {
        std::string key;
        if (!decode(item.first, key))
            return "not a map with names as keys";
        if (!seen.insert(key).second)
            in.warnings.push_back(fmt::format("{}: more than once; the last one counts", proto_http::one_line(key, 80)));
        if (const auto why = read_key(in, key, item.second); !why.empty())
            return fmt::format("{}: {}", key, why);
    }
    return check_together(in.into);
}

} // namespace

std::string read_config(const std::string& yaml, settings& into, std::vector<std::string>& warnings) {
    try {
        const context in{into, warnings};
        return read_document(YAML::Load(yaml), in);
    } catch (const YAML::Exception& error) { // how yaml-cpp says that it is no YAML
        return proto_http::one_line(error.what(), 512);
    }
}

} // namespace kh
