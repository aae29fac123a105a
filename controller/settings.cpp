#include "controller/settings.hpp"

#include "controller/config_file.hpp"
#include "proto_http/go_duration.hpp"
#include "proto_http/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kh {

namespace {

constexpr std::size_t config_size_max = 1 << 20;
constexpr const char* namespace_file = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
constexpr std::string_view default_name = "kuberhealthy";

std::string variable(proto_http::runtime& rt, std::string_view name) {
    return std::string(proto_http::trim(rt.environment(name)));
}

std::string own_namespace(proto_http::runtime& rt) {
    if (auto named = variable(rt, "POD_NAMESPACE"); !named.empty())
        return named;
    if (const auto file = rt.read_file(namespace_file, 4096); file && !proto_http::trim(*file).empty())
        return std::string(proto_http::trim(*file));
    return std::string(default_name);
}

// Checker pods get it as it is; what is certainly no URL would fail every check at its deadline.
bool is_usable_url(std::string_view text) {
    const auto scheme = text.starts_with("http://") ? 7u : text.starts_with("https://") ? 8u : 0u;
    return scheme != 0 && text.size() > scheme && text[scheme] != '/' &&
           std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; });
}

// v2's, without effect here: nothing waits for the next look of a reaper. A value that v2 would not have taken is a mistake all
// the same.
void judge_reaper_interval(proto_http::runtime& rt, std::vector<std::string>& warnings) {
    const auto text = variable(rt, "CHECK_REAPER_RUN_INTERVAL");
    const auto value = proto_http::parse_go_duration(text);
    if (!text.empty() && (!value || value->count() < 0))
        warnings.push_back("CHECK_REAPER_RUN_INTERVAL: want a duration, e.g. 30s; it is without effect");
}

std::string read_environment(proto_http::runtime& rt, settings& into, std::vector<std::string>& warnings) {
    into.pod_name = variable(rt, "POD_NAME");
    if (into.pod_name.empty())
        into.pod_name = default_name;
    into.pod_namespace = own_namespace(rt);
    into.reporting_url = variable(rt, "KH_EXTERNAL_REPORTING_URL");
    if (into.reporting_url.empty())
        into.reporting_url = fmt::format("http://kuberhealthy.{}.svc.cluster.local/externalCheckStatus", into.pod_namespace);
    if (!is_usable_url(into.reporting_url))
        return "KH_EXTERNAL_REPORTING_URL: want a URL that begins with http:// or https://";
    if (auto named = split_names(variable(rt, "TARGET_NAMESPACE")); !named.empty())
        into.target_namespaces = std::move(named);
    judge_reaper_interval(rt, warnings);
    return {};
}

std::string read_file(proto_http::runtime& rt, const command_line& arguments, settings& into, bool& has_file,
                      std::vector<std::string>& warnings) {
    const auto yaml = rt.read_file(arguments.config_path, config_size_max);
    if (!yaml && arguments.config_named)
        return fmt::format("{}: {}; --config names it, so it must be there", arguments.config_path, yaml.error().message());
    if (!yaml) {
        warnings.push_back(fmt::format("{}: {}; the defaults are used", arguments.config_path, yaml.error().message()));
        return {};
    }
    has_file = true;
    const auto first_warning = warnings.size();
    const auto wrong = read_config(*yaml, into, warnings);
    for (auto at = first_warning; at < warnings.size(); ++at)
        warnings[at] = fmt::format("{}: {}", arguments.config_path, warnings[at]);
    return wrong.empty() ? wrong : fmt::format("{}: {}", arguments.config_path, wrong);
}

std::string apply_arguments(const command_line& arguments, settings& into) {
    into.kubeconfig = arguments.kubeconfig;
    into.context = arguments.context;
    into.format = arguments.format;
    into.config_path = arguments.config_path;
    if (arguments.debug)
        into.level = std::max(into.level, log_level::debug);
    if (arguments.reports_without_header)
        into.reports_without_header = *arguments.reports_without_header;
    if (arguments.leader_election)
        into.leader_election = *arguments.leader_election;
    if (!arguments.listen)
        return {};
    const auto listen = parse_listen_address(*arguments.listen);
    if (!listen)
        return "--listen: want e.g. \":8080\", \"127.0.0.1:8080\" or \"[::1]:8080\"";
    into.listen = *listen;
    return {};
}

std::string check_tls(const certificate_files& files) {
    if (files.certificate.empty() != files.key.empty())
        return "tlsCertFile and tlsKeyFile: one needs the other";
    if (!files.is_set() && !files.client_ca.empty())
        return "tlsClientCAFile: has no meaning without tlsCertFile";
    return {};
}

} // namespace

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto size = std::min(text.find(','), text.size());
        const auto name = proto_http::trim(text.substr(0, size));
        if (!name.empty() && std::find(out.begin(), out.end(), name) == out.end())
            out.emplace_back(name);
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return out;
}

std::optional<proto_http::host_port> parse_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    auto host = text.substr(0, colon);
    const auto port_text = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    const auto bad = [bracketed](char c) { return c <= ' ' || c == '/' || c == '[' || c == ']' || (c == ':' && !bracketed); };
    if (std::any_of(host.begin(), host.end(), bad) || (bracketed && host.find(':') == std::string_view::npos))
        return std::nullopt;
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (error != std::errc() || port_text.empty() || end != port_text.data() + port_text.size() || port == 0)
        return std::nullopt;
    return proto_http::host_port{std::string(host), port};
}

std::vector<std::string> certificate_files::paths() const {
    std::vector<std::string> all;
    for (const std::string* each : {&certificate, &key, &client_ca})
        if (!each->empty())
            all.push_back(*each);
    return all;
}

settings_load load_settings(proto_http::runtime& rt, const command_line& arguments) {
    settings_load out;
    settings value;
    // The file first: the environment and the command line outrank it.
    out.error = read_file(rt, arguments, value, out.has_file, out.warnings);
    if (out.error.empty())
        out.error = read_environment(rt, value, out.warnings);
    if (out.error.empty())
        out.error = apply_arguments(arguments, value);
    if (out.error.empty())
        out.error = check_tls(value.tls);
    if (!out.error.empty())
        return out;
    value.pages.client_certificate = !value.tls.client_ca.empty();
    out.value = std::move(value);
    return out;
}

} // namespace kh
