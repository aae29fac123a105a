#pragma once

#include "controller/log.hpp"
#include "controller/status_board.hpp"
#include "proto_http/runtime.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Command line, environment and v2's configuration file, made into one validated value. Reads the outside through `runtime` only.
// Format source: Kuberhealthy v2.7.1 cmd/kuberhealthy/config.go, and 2.8.0-rc2 for stateMetadata, promMetricsConfig and
// namespace.

namespace kh {

inline constexpr std::string_view default_config_path = "/etc/config/kuberhealthy.yaml";

/// What the command line says; what it does not say stays empty and comes from the file or the default.
struct command_line {
    std::string config_path{default_config_path};
    bool config_named = false; ///< by --config: then the file must exist
    bool debug = false;
    std::string kubeconfig;
    std::string context;
    std::optional<std::string> listen;
    std::optional<bool> reports_without_header;
    std::optional<bool> leader_election;
    log_format format = log_format::text;
};

struct command_line_parse {
    std::optional<command_line> value;
    // Without a value: the program is to print `output` and end with `exit_code` (0 after --help and --version).
    int exit_code = 0;
    std::string output;
};

/// Never throws.
command_line_parse parse_command_line(int argc, const char* const* argv);

struct influx_settings {
    bool enabled = false;
    std::string url;
    std::string database;
    std::string username;
    std::string password; ///< never logged

    bool operator==(const influx_settings&) const = default;
};

struct certificate_files {
    std::string certificate; ///< PEM, the server's own first; empty: plain HTTP
    std::string key;         ///< PEM
    std::string client_ca;   ///< PEM; empty: clients are not asked for certificates

    bool is_set() const { return !certificate.empty(); }
    std::vector<std::string> paths() const;
    bool operator==(const certificate_files&) const = default;
};

struct page_access_settings {
    bool client_certificate = false; ///< one that is trusted admits
    std::string token_file;          ///< its content, without white space around, admits as a bearer token
    bool token_review = false;       ///< a bearer token admits that the API server says is authentic

    bool is_open() const { return !client_certificate && token_file.empty() && !token_review; }
    bool operator==(const page_access_settings&) const = default;
};

struct settings {
    // From the environment.
    std::string pod_name;
    std::string pod_namespace;
    std::string reporting_url;
    std::vector<std::string> target_namespaces; ///< empty: all

    // From the command line and the file. v2's built-in zeros are what nobody runs: an absent key has the value of v2's chart.
    proto_http::host_port listen{"", 8080}; ///< an empty host: every address
    log_level level = log_level::info;
    std::chrono::nanoseconds check_pod_age_max = std::chrono::hours(72); ///< at least 30 s, as v2
    unsigned completed_pods_max = 4;
    unsigned error_pods_max = 4;
    std::chrono::nanoseconds job_age_max = std::chrono::minutes(15); ///< at least 5 min, as v2
    bool reports_without_header = true;
    bool run_start_events = false;     ///< a Kubernetes Event at the start of each run as well
    double starts_per_second_max = 20; ///< of overdue checks
    bool leader_election = true; ///< by the Lease "kuberhealthy" in pod_namespace; false: this replica leads, and must be alone
    std::chrono::nanoseconds shutdown_delay = std::chrono::seconds(5); ///< at SIGTERM requests are still taken for so long
    /// Checks that are created together start within this. Not in the file: 0 is for a cluster of one developer.
    std::chrono::seconds newcomer_spread{10};
    board_options board;
    influx_settings influx;
    certificate_files tls;
    page_access_settings pages; ///< who may read /status and /metrics

    /// Of the HTTP server: what the process may have of descriptors, less what it needs itself. Not in the file.
    std::size_t connections_max = 12'000;

    // From the command line only.
    std::string kubeconfig;
    std::string context;
    log_format format = log_format::text;
    std::string config_path; ///< to watch for changes

    bool operator==(const settings&) const = default;
};

struct settings_load {
    std::optional<settings> value;
    bool has_file = false;
    std::string error;                 ///< without a value: what to repair, naming file and key, or the variable
    std::vector<std::string> warnings; ///< one line each
};

/// Reads environment and file. Called again after the file changed. Never throws.
settings_load load_settings(proto_http::runtime& rt, const command_line& arguments);

/// Go's form: ":8080", "127.0.0.1:8080", "[::1]:8080", "localhost:8080". A port is a number from 1 to 65535.
std::optional<proto_http::host_port> parse_listen_address(std::string_view text);

/// "a, b,,a" -> {"a", "b"}.
std::vector<std::string> split_names(std::string_view text);

} // namespace kh
