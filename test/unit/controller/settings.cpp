#include "controller/settings.hpp"
#include "controller/config_file.hpp"

#include "support/fake_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

using namespace std::chrono_literals;

namespace {

using test_support::fake_runtime;

const std::string config_path(kh::default_config_path);

kh::settings_load load(const std::string& yaml, std::map<std::string, std::string, std::less<>> variables = {},
                       kh::command_line arguments = {}) {
    fake_runtime rt;
    rt.files[config_path] = yaml;
    rt.variables = std::move(variables);
    return kh::load_settings(rt, arguments);
}

kh::command_line_parse parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "kuberhealthy");
    return kh::parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

} // namespace

BOOST_AUTO_TEST_SUITE(settings)

BOOST_AUTO_TEST_CASE(without_a_file_the_defaults_hold_and_one_warning_says_so) {
    fake_runtime rt;
    const auto loaded = kh::load_settings(rt, {});
    BOOST_REQUIRE(loaded.value);
    BOOST_TEST(loaded.warnings.size() == 1u);
    BOOST_TEST(loaded.warnings[0].starts_with("/etc/config/kuberhealthy.yaml: "));
    kh::settings expected;
    expected.pod_name = "kuberhealthy";
    expected.pod_namespace = "kuberhealthy";
    expected.reporting_url = "http://kuberhealthy.kuberhealthy.svc.cluster.local/externalCheckStatus";
    expected.config_path = "/etc/config/kuberhealthy.yaml";
    BOOST_TEST((*loaded.value == expected));
    BOOST_TEST(expected.listen.port == 8080);
    BOOST_TEST((expected.check_pod_age_max == 72h));
    BOOST_TEST((expected.job_age_max == 15min));
    BOOST_TEST(expected.completed_pods_max == 4u);
    BOOST_TEST(expected.error_pods_max == 4u);
    BOOST_TEST(expected.reports_without_header);
}

BOOST_AUTO_TEST_CASE(a_named_file_must_exist) {
    fake_runtime rt;
    kh::command_line arguments;
    arguments.config_path = "/no.yaml";
    arguments.config_named = true;
    const auto loaded = kh::load_settings(rt, arguments);
    BOOST_TEST(!loaded.value.has_value());
    BOOST_TEST(loaded.error.starts_with("/no.yaml: "));
}

// deploy/kuberhealthy.yaml of v2.7.1, and rc2's additions.
BOOST_AUTO_TEST_CASE(the_file_of_v2_s_chart_is_read) {
    const auto loaded = load(R"(
listenAddress: ":8080" # The port for kuberhealthy to listen on for web requests
enableForceMaster: false # Set to true to enable local testing, forced master mode
logLevel: "debug" # Log level to be used
influxUsername: "" # Username for the InfluxDB instance
influxPassword: "" # Password for the InfluxDB instance
influxURL: "" # Address for the InfluxDB instance
influxDB: "http://localhost:8086" # Name of the InfluxDB database
enableInflux: false # Set to true to enable metric forwarding to Infux DB
maxKHJobAge: 20m
maxCheckPodAge: 24h
maxCompletedPodCount: 0
maxErrorPodCount: 7
stateMetadata:
  cluster: prod
  empty:
promMetricsConfig:
  suppressErrorLabel: true
  errorLabelMaxLength: 100
namespace: a, b
reportsWithoutHeader: false
maxStartsPerSecond: 2.5
shutdownDelay: 20s
)");
    BOOST_TEST(loaded.error == "");
    BOOST_REQUIRE(loaded.value);
    BOOST_TEST(loaded.warnings.empty());
    const auto& value = *loaded.value;
    BOOST_TEST((value.listen == proto_http::host_port{"", 8080}));
    BOOST_TEST((value.level == kh::log_level::debug));
    BOOST_TEST((value.job_age_max == 20min));
    BOOST_TEST((value.check_pod_age_max == 24h));
    BOOST_TEST(value.completed_pods_max == 0u);
    BOOST_TEST(value.error_pods_max == 7u);
    BOOST_TEST((value.board.metadata == std::map<std::string, std::string>{{"cluster", "prod"}, {"empty", ""}}));
    BOOST_TEST(value.board.suppress_error_label);
    BOOST_TEST(value.board.error_label_size_max == 100u);
    BOOST_TEST(value.target_namespaces == (std::vector<std::string>{"a", "b"}), boost::test_tools::per_element());
    BOOST_TEST(!value.reports_without_header);
    BOOST_TEST(value.starts_per_second_max == 2.5);
    BOOST_TEST((value.shutdown_delay == 20s));
    BOOST_TEST(value.influx.database == "http://localhost:8086");
}

BOOST_AUTO_TEST_CASE(absent_and_null_keys_change_nothing) {
    for (const char* yaml : {"", "# nothing\n", "---\n", "{}",
                             "maxCheckPodAge:\nlistenAddress: ~\nlogLevel: ''\npromMetricsConfig:\nstateMetadata:\n"}) {
        const auto loaded = load(yaml);
        BOOST_REQUIRE(loaded.value);
        kh::settings expected;
        BOOST_TEST((loaded.value->check_pod_age_max == expected.check_pod_age_max));
        BOOST_TEST((loaded.value->listen == expected.listen));
        BOOST_TEST((loaded.value->board == expected.board));
        BOOST_TEST(loaded.warnings.empty());
    }
}

BOOST_AUTO_TEST_CASE(wrong_values_name_file_and_key) {
    const struct {
        const char* yaml;
        const char* error;
    } table[] = {
        {"maxCheckPodAge: soon", "maxCheckPodAge: want a duration, e.g. 90s, 15m, 72h"},
        {"maxCheckPodAge: -5m", "maxCheckPodAge: must not be negative"},
        {"maxKHJobAge: [1]", "maxKHJobAge: want a duration, e.g. 90s, 15m, 72h"},
        {"maxCompletedPodCount: -1", "maxCompletedPodCount: want a whole number from 0 to 1000000"},
        {"maxErrorPodCount: many", "maxErrorPodCount: want a whole number from 0 to 1000000"},
        {"maxErrorPodCount: 1.5", "maxErrorPodCount: want a whole number from 0 to 1000000"},
        {"listenAddress: here", "listenAddress: want e.g. \":8080\", \"127.0.0.1:8080\" or \"[::1]:8080\""},
        {"listenAddress: {}", "listenAddress: want a string"},
        {"logLevel: loud", "logLevel: want panic, fatal, error, warning, info, debug or trace"},
        {"enableInflux: perhaps", "enableInflux: want true or false"},
        {"reportsWithoutHeader: 7", "reportsWithoutHeader: want true or false"},
        {"maxStartsPerSecond: 0", "maxStartsPerSecond: want a number above 0, at most 10000"},
        {"maxStartsPerSecond: .nan", "maxStartsPerSecond: want a number above 0, at most 10000"},
        {"shutdownDelay: 21s", "shutdownDelay: want at most 20s: the drain ends 25 s after SIGTERM"},
        {"shutdownDelay: -1s", "shutdownDelay: must not be negative"},
        {"stateMetadata: text", "stateMetadata: want a map of strings"},
        {"stateMetadata: {a: [1]}", "stateMetadata: want a map of strings"},
        {"promMetricsConfig: true", "promMetricsConfig: want a map"},
        {"promMetricsConfig: {errorLabelMaxLength: -1}",
         "promMetricsConfig: errorLabelMaxLength: want a whole number from 0 to 1000000"},
        {"enableInflux: true", "influxURL: want a URL such as http://influxdb:8086 (enableInflux is true)"},
        {"{enableInflux: true, influxURL: 'influxdb:8086', influxDB: kh}",
         "influxURL: want a URL such as http://influxdb:8086 (enableInflux is true)"},
        {"{enableInflux: true, influxURL: 'http://influxdb:8086'}",
         "influxDB: want the name of a database (enableInflux is true)"},
        {"- a", "not a map of keys and values"},
        {"text", "not a map of keys and values"},
        {"[a]: b", "not a map with names as keys"},
    };
    for (const auto& row : table) {
        const auto loaded = load(row.yaml);
        BOOST_TEST(!loaded.value.has_value());
        BOOST_TEST(loaded.error == "/etc/config/kuberhealthy.yaml: " + std::string(row.error));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_yaml_is_an_error_and_not_a_crash) {
    for (const char* yaml : {"a: [", "\t- x: y: z", "a: 'b", "*nobody", "a: &x *x", "%YAML", "\xff\xfe", "{a: b", "? - : [}"}) {
        const auto loaded = load(yaml);
        BOOST_TEST((loaded.value.has_value() || !loaded.error.empty()), yaml);
        BOOST_TEST(loaded.error.find('\n') == std::string::npos);
    }
    BOOST_TEST(!load("a: [").value.has_value());
}

BOOST_AUTO_TEST_CASE(each_unknown_or_idle_key_is_one_warning) {
    const auto loaded =
        load("listenNamespace: x\njobCleanupDuration: 1m\nenableForceMaster: true\nexternalCheckReportingURL: http://x\n"
             "promMetricsConfig: {other: 1}\nloglevel: debug\nmaxErrorPodCount: 1\nmaxErrorPodCount: 2\n");
    BOOST_REQUIRE(loaded.value);
    BOOST_TEST(loaded.warnings.size() == 7u);
    BOOST_TEST(loaded.warnings[5] == "/etc/config/kuberhealthy.yaml: loglevel: unknown key, ignored; the key is logLevel");
    BOOST_TEST(loaded.warnings[6] == "/etc/config/kuberhealthy.yaml: maxErrorPodCount: more than once; the last one counts");
    BOOST_TEST(loaded.value->error_pods_max == 2u);
    BOOST_TEST(loaded.warnings[0] == "/etc/config/kuberhealthy.yaml: listenNamespace: unknown key, ignored");
    BOOST_TEST(loaded.value->reporting_url.starts_with("http://kuberhealthy."));
}

BOOST_AUTO_TEST_CASE(ages_have_v2_s_floors) {
    const auto loaded = load("maxCheckPodAge: 1s\nmaxKHJobAge: 299000000000\n");
    BOOST_REQUIRE(loaded.value);
    BOOST_TEST((loaded.value->check_pod_age_max == 30s));
    BOOST_TEST((loaded.value->job_age_max == 5min));
    BOOST_TEST(loaded.warnings.size() == 2u);
    BOOST_TEST((load("maxKHJobAge: 600000000000").value->job_age_max == 10min));
}

BOOST_AUTO_TEST_CASE(the_environment_names_this_replica) {
    const auto loaded = load("namespace: file", {{"POD_NAME", "kuberhealthy-0"},
                                                 {"POD_NAMESPACE", "monitoring"},
                                                 {"TARGET_NAMESPACE", " a,,b , a"},
                                                 {"CHECK_REAPER_RUN_INTERVAL", "30s"}});
    BOOST_REQUIRE(loaded.value);
    BOOST_TEST(loaded.value->pod_name == "kuberhealthy-0");
    BOOST_TEST(loaded.value->pod_namespace == "monitoring");
    BOOST_TEST(loaded.value->reporting_url == "http://kuberhealthy.monitoring.svc.cluster.local/externalCheckStatus");
    BOOST_TEST(loaded.value->target_namespaces == (std::vector<std::string>{"a", "b"}), boost::test_tools::per_element());
    BOOST_TEST(loaded.warnings.empty());
    BOOST_TEST(load("namespace: file", {{"TARGET_NAMESPACE", ""}}).value->target_namespaces.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_reaper_interval_that_v2_would_not_take_is_warned_of) {
    const struct {
        const char* text;
        std::size_t warnings;
    } table[] = {{"", 0}, {"45s", 0}, {" 1m ", 0}, {"0", 0}, {"often", 1}, {"-1s", 1}, {"30", 1}};
    for (const auto& row : table) {
        const auto loaded = load("", {{"CHECK_REAPER_RUN_INTERVAL", row.text}});
        BOOST_REQUIRE(loaded.value);
        BOOST_TEST(loaded.warnings.size() == row.warnings, row.text);
    }
    BOOST_TEST(load("", {{"CHECK_REAPER_RUN_INTERVAL", "-1s"}}).warnings[0] ==
               "CHECK_REAPER_RUN_INTERVAL: want a duration, e.g. 30s; it is without effect");
}

BOOST_AUTO_TEST_CASE(the_namespace_of_the_service_account_is_known) {
    fake_runtime rt;
    rt.files["/var/run/secrets/kubernetes.io/serviceaccount/namespace"] = "from-file\n";
    BOOST_TEST(kh::load_settings(rt, {}).value->pod_namespace == "from-file");
    rt.variables["POD_NAMESPACE"] = "from-env";
    BOOST_TEST(kh::load_settings(rt, {}).value->pod_namespace == "from-env");
}

BOOST_AUTO_TEST_CASE(a_reporting_url_that_is_none_is_an_error) {
    for (const char* good : {"http://10.0.0.1:8080/externalCheckStatus", "https://kh.example/x"})
        BOOST_TEST(load("", {{"KH_EXTERNAL_REPORTING_URL", good}}).value->reporting_url == good);
    for (const char* bad : {"kuberhealthy", "ftp://x", "http://", "http:///x", "http://a b"})
        BOOST_TEST(load("", {{"KH_EXTERNAL_REPORTING_URL", bad}}).error ==
                   "KH_EXTERNAL_REPORTING_URL: want a URL that begins with http:// or https://");
}

BOOST_AUTO_TEST_CASE(the_command_line_outranks_the_file) {
    kh::command_line arguments;
    arguments.debug = true;
    arguments.listen = "127.0.0.1:9000";
    arguments.reports_without_header = true;
    const auto loaded = load("logLevel: error\nlistenAddress: ':80'\nreportsWithoutHeader: false", {}, arguments);
    BOOST_REQUIRE(loaded.value);
    BOOST_TEST((loaded.value->level == kh::log_level::debug));
    BOOST_TEST((loaded.value->listen == proto_http::host_port{"127.0.0.1", 9000}));
    BOOST_TEST(loaded.value->reports_without_header);
    BOOST_TEST((load("logLevel: trace", {}, arguments).value->level == kh::log_level::trace));
    arguments.listen = "nowhere";
    BOOST_TEST(load("", {}, arguments).error.starts_with("--listen: "));
}

BOOST_AUTO_TEST_CASE(listen_addresses_are_go_s) {
    const struct {
        const char* text;
        proto_http::host_port value;
    } good[] = {{":8080", {"", 8080}},
                {"127.0.0.1:8080", {"127.0.0.1", 8080}},
                {"[::1]:8080", {"::1", 8080}},
                {"localhost:1", {"localhost", 1}},
                {"0.0.0.0:65535", {"0.0.0.0", 65535}}};
    for (const auto& row : good)
        BOOST_TEST((kh::parse_listen_address(row.text) == row.value), row.text);
    for (const char* bad : {"", "8080", ":", ":0", ":65536", ":-1", ":80 ", "::1:8080", "[::1]", "[]:80", "[a]:80", "http://x:80",
                            ":http", "a b:80", "[::1:80"})
        BOOST_TEST(!kh::parse_listen_address(bad), bad);
}

BOOST_AUTO_TEST_CASE(flags_of_v2_and_ours_are_read) {
    const auto parsed = parse({"-c", "/x.yaml", "-d", "--forceMaster", "--kubeconfig", "/kc", "--context=dev", "--listen", ":9",
                               "--reports-without-header=false", "--log-format", "json"});
    BOOST_TEST(parsed.output == "");
    BOOST_REQUIRE(parsed.value);
    BOOST_TEST(parsed.value->config_path == "/x.yaml");
    BOOST_TEST(parsed.value->config_named);
    BOOST_TEST(parsed.value->debug);
    BOOST_TEST(parsed.value->kubeconfig == "/kc");
    BOOST_TEST(parsed.value->context == "dev");
    BOOST_TEST((parsed.value->listen == ":9"));
    BOOST_TEST((parsed.value->reports_without_header == false));
    BOOST_TEST((parsed.value->format == kh::log_format::json));
    const auto none = parse({});
    BOOST_REQUIRE(none.value);
    BOOST_TEST(none.value->config_path == kh::default_config_path);
    BOOST_TEST(!none.value->config_named);
    BOOST_TEST(!none.value->listen.has_value());
    BOOST_TEST(!none.value->reports_without_header.has_value());
}

BOOST_AUTO_TEST_CASE(flags_of_v2_may_be_spelled_as_v2_s_parser_took_them) {
    for (const std::vector<const char*>& arguments : {std::vector<const char*>{"-c=/x.yaml", "-debug", "-forceMaster"},
                                                      {"--c=/x.yaml", "--d", "--forceMaster=true"},
                                                      {"-config=/x.yaml", "-d=true"},
                                                      {"-config", "/x.yaml", "--debug=true"},
                                                      {"--c", "/x.yaml", "-d"},
                                                      {"--config=/x.yaml", "-d", "-forceMaster=false"}}) {
        const auto parsed = parse(arguments);
        BOOST_REQUIRE_MESSAGE(parsed.value, parsed.output);
        BOOST_TEST(parsed.value->config_path == "/x.yaml");
        BOOST_TEST(parsed.value->config_named);
        BOOST_TEST(parsed.value->debug);
    }
    BOOST_TEST(!parse({"--debug=false"}).value->debug);
    BOOST_TEST(parse({"-c=/a=b.yaml"}).value->config_path == "/a=b.yaml");
    BOOST_TEST(parse({"-v"}).output.starts_with("kuberhealthy "));
    BOOST_TEST(parse({"-h"}).exit_code == 0);
    BOOST_TEST(parse({"---config", "/x"}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(help_teaches_and_version_tells) {
    const auto help = parse({"--help"});
    BOOST_TEST(!help.value.has_value());
    BOOST_TEST(help.exit_code == 0);
    for (const char* word : {"--config",
                             "--forceMaster",
                             "--kubeconfig",
                             "--listen",
                             "--reports-without-header",
                             "--log-format",
                             "--version",
                             "Examples:",
                             "POD_NAME",
                             "POD_NAMESPACE",
                             "KH_EXTERNAL_REPORTING_URL",
                             "TARGET_NAMESPACE",
                             "CHECK_REAPER_RUN_INTERVAL",
                             "SSL_CERT_FILE",
                             "listenAddress",
                             "namespace",
                             "logLevel",
                             "maxCheckPodAge",
                             "maxCompletedPodCount",
                             "maxErrorPodCount",
                             "maxKHJobAge",
                             "enableInflux",
                             "influxURL",
                             "influxDB",
                             "influxUsername",
                             "influxPassword",
                             "stateMetadata",
                             "suppressErrorLabel",
                             "errorLabelMaxLength",
                             "reportsWithoutHeader",
                             "maxStartsPerSecond",
                             "shutdownDelay",
                             "enableForceMaster",
                             "externalCheckReportingURL"})
        BOOST_TEST(help.output.find(word) != std::string::npos, word);
    const auto version = parse({"--version"});
    BOOST_TEST(version.exit_code == 0);
    BOOST_TEST(version.output.starts_with("kuberhealthy "));
}

BOOST_AUTO_TEST_CASE(a_wrong_flag_ends_with_2_and_says_which) {
    for (const auto& arguments : {std::vector<const char*>{"--nonsense"},
                                  {"--config"},
                                  {"--log-format", "xml"},
                                  {"--reports-without-header", "perhaps"},
                                  {"word"}}) {
        const auto parsed = parse(arguments);
        BOOST_TEST(!parsed.value.has_value());
        BOOST_TEST(parsed.exit_code == 2);
        BOOST_TEST(parsed.output.find(arguments.front()) != std::string::npos, parsed.output);
    }
}

BOOST_AUTO_TEST_SUITE_END()
