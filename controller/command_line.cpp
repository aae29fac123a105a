#include "controller/settings.hpp"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <CLI/CLI.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace kh {

namespace {

constexpr const char* about =
    "Kuberhealthy: runs synthetic checks in a Kubernetes cluster and shows their results.\n"
    "It starts a checker pod for every KuberhealthyCheck (kubectl get khc) when it is due, takes the pod's\n"
    "report, stores it (kubectl get khs) and shows all results at /status and /metrics.";

constexpr const char* footer = R"(Examples:
  kuberhealthy                                    in a cluster, or with the cluster that kubectl uses
  kuberhealthy --context dev --listen 127.0.0.1:8080 --debug
  kuberhealthy --config ./kuberhealthy.yaml --log-format json
  curl -s localhost:8080/status?namespace=default

Environment:
  POD_NAME                    name of this replica, different for each: AuthoritativePod, and CurrentMaster if it leads   [kuberhealthy]
  POD_NAMESPACE               namespace of this replica     [the service account's, else kuberhealthy]
  KH_EXTERNAL_REPORTING_URL   where checker pods report     [http://kuberhealthy.<POD_NAMESPACE>.svc.cluster.local/externalCheckStatus]
  TARGET_NAMESPACE            namespaces to work in, separated by commas                          [all]
  CHECK_REAPER_RUN_INTERVAL   of Kuberhealthy v2; read and checked, but what is due to go goes at once
  KUBECONFIG                  as for kubectl
  SSL_CERT_FILE               certificates to trust for https:// in influxURL                                [the system's]

Configuration file (YAML; the keys of Kuberhealthy v2). It is read again when it changes: a file with an error changes nothing, is
logged and stands among the Errors of /status. At the start an error ends the program.
  listenAddress ":8080"                     needs a restart
  namespace                                 needs a restart; namespaces to work in                                   [all]
  logLevel info                             panic, fatal, error, warning, info, debug, trace
  maxCheckPodAge 72h                        finished pods older than that are deleted; at least 30s
  maxCompletedPodCount 4, maxErrorPodCount 4  succeeded and failed pods that are kept per check
  maxKHJobAge 15m                           jobs that are over are deleted after that; at least 5m
  enableInflux false, influxURL, influxDB, influxUsername, influxPassword
                                            results are forwarded to InfluxDB 1.x, e.g. http://influxdb:8086
  stateMetadata {}                          shown as Metadata at /status
  promMetricsConfig {suppressErrorLabel false, errorLabelMaxLength 0}
                                            the error label at /metrics
  reportsWithoutHeader true                 as the flag
  maxStartsPerSecond 20                     of checks that are overdue
  shutdownDelay 5s                          requests are still taken for so long after SIGTERM; at most 20s
  leaderElection true                       needs a restart; as the flag
  eventsForRunStarts false                  a Kubernetes Event at the start of each run as well
  tlsCertFile, tlsKeyFile                   needs a restart; PEM: HTTPS in place of HTTP. The files are read again when they change
  tlsClientCAFile                           needs a restart; PEM: /status and /metrics only with a certificate of these authorities
  pagesTokenFile, pagesTokenReview false    needs a restart; or with the bearer token in that file, or one that the API server knows
  enableForceMaster, externalCheckReportingURL  accepted, without effect
The environment outranks the file, a flag outranks both.)";

// v2's flags as v2's parser (flaggy) takes them: each name after one or two dashes, a value after a space or `=`.
std::string without_v2_spelling(std::string argument) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> names{{{"c", "config"},
                                                                                  {"config", "config"},
                                                                                  {"d", "debug"},
                                                                                  {"debug", "debug"},
                                                                                  {"forceMaster", "forceMaster"},
                                                                                  {"v", "version"},
                                                                                  {"version", "version"},
                                                                                  {"h", "help"},
                                                                                  {"help", "help"}}};
    const std::size_t dashes = std::min(argument.find_first_not_of('-'), argument.size());
    if (dashes != 1 && dashes != 2)
        return argument;
    const std::size_t end = std::min(argument.find('='), argument.size());
    const std::string_view name = std::string_view(argument).substr(dashes, end - dashes);
    for (const auto& [written, flag] : names)
        if (written == name)
            return "--" + std::string(flag) + argument.substr(end);
    return argument;
}

} // namespace

command_line_parse parse_command_line(int argc, const char* const* argv) {
    command_line_parse out;
    command_line value;
    bool force_master = false;
    std::string format = "text";
    CLI::App app(about, "kuberhealthy");
    app.footer(footer);
    app.set_version_flag("--version", "kuberhealthy " KUBERHEALTHY_VERSION);
    auto* config = app.add_option("-c,--config", value.config_path, "Configuration file; it must exist if it is named here")
                       ->type_name("FILE")
                       ->capture_default_str();
    app.add_flag("-d,--debug", value.debug, "Log at level debug, whatever the configuration file says");
    app.add_flag("--forceMaster", force_master, "Accepted for Kuberhealthy v2's sake and without effect");
    app.add_option("--kubeconfig", value.kubeconfig, "Kubeconfig file; else $KUBECONFIG, then in-cluster, then ~/.kube/config")
        ->type_name("FILE");
    app.add_option("--context", value.context, "Context of the kubeconfig; else its current one")->type_name("NAME");
    app.add_option("--listen", value.listen,
                   "Where to serve reports, status and metrics: \":8080\", \"127.0.0.1:8080\", \"[::1]:8080\"")
        ->type_name("ADDRESS");
    app.add_option(
           "--reports-without-header", value.reports_without_header,
           "Take reports without the kh-run-uuid header from the pod that has the sender's address, as the JavaScript and "
           "Python clients send them [true]")
        ->type_name("BOOL");
    app.add_option(
           "--leader-election", value.leader_election,
           "Take part in the election of a leader by the Lease kuberhealthy in POD_NAMESPACE; without it this replica leads "
           "and must be the only one [true]")
        ->type_name("BOOL");
    app.add_option("--log-format", format, "Format of log lines")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("text|json")
        ->capture_default_str();
    try {
        std::vector<std::string> arguments; // CLI11 takes them from the end
        for (int i = argc - 1; i > 0; --i)
            arguments.push_back(without_v2_spelling(argv[i]));
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) { // how CLI11 says both "wrong" and "help was asked for"
        std::ostringstream text;
        out.exit_code = app.exit(error, text, text) == 0 ? 0 : 2;
        out.output = text.str();
        return out;
    }
    value.config_named = config->count() > 0;
    value.format = format == "json" ? log_format::json : log_format::text;
    out.value = std::move(value);
    return out;
}

} // namespace kh
