#include "tools/devcluster/check/program.hpp"

#include "proto_http/error.hpp"
#include "support/http_server_fixture.hpp"
#include "tools/devcluster/check/command_line.hpp"

using namespace devcluster;
using namespace proto_http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

using words = std::vector<std::string>;

/// The program with Kuberhealthy at server:80.
struct fixture : test_support::http_server_fixture {
    unsigned status = 200;
    std::vector<server_request> reports;
    std::string out;
    std::string error;

    fixture() {
        add({"POST"}, "/externalCheckStatus", [this](server_request got) { return take(std::move(got)); });
        rt.on_run = [](const command& what) {
            command_output output;
            output.exit_code = what.arguments.at(0) == "false" ? 1 : 0;
            return result<command_output>(output);
        };
    }

    asio::awaitable<server_response> take(server_request got) {
        reports.push_back(std::move(got));
        co_return make_response(status, "text/plain", "");
    }

    void page() {
        add({}, "/page", [](server_request) { return hello(); });
    }

    static asio::awaitable<server_response> hello() { co_return make_response(200, "text/plain", "Hello"); }

    void be_in_a_pod(std::chrono::seconds left = 60s) {
        auto deadline = std::chrono::ceil<std::chrono::seconds>(rt.wall_now() + left).time_since_epoch().count();
        rt.variables["KH_REPORTING_URL"] = "http://server/externalCheckStatus";
        rt.variables["KH_RUN_UUID"] = "secret";
        rt.variables["KH_CHECK_RUN_DEADLINE"] = std::to_string(deadline);
        serve();
    }

    int call(words arguments) {
        out.clear();
        error.clear();
        printer print;
        print.out = [this](std::string_view line) { out.append(line).append("\n"); };
        print.error = [this](std::string_view line) { error.append(line).append("\n"); };
        return run(run_program(rt, std::move(arguments), print));
    }

    /// What is wrong with a command line.
    std::string problem_of(words arguments) { return parse_command_line(rt, std::move(arguments)).problem; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(program, fixture)

BOOST_AUTO_TEST_CASE(by_hand_it_prints_and_its_exit_code_is_the_result) {
    BOOST_TEST(call({"command", "--", "true"}) == 0);
    BOOST_TEST(out == "ok      true: exit code 0 after 0ms\n");
    BOOST_TEST(call({"command", "--", "false"}) == 1);
    BOOST_TEST(out == "failed  false: exit code 1 after 0ms\n");
    BOOST_TEST(error == "");
}

BOOST_AUTO_TEST_CASE(in_a_pod_the_exit_code_is_whether_the_report_was_taken) {
    be_in_a_pod();
    BOOST_TEST(call({"command", "--", "true"}) == 0);
    BOOST_TEST(call({"command", "--", "false"}) == 0);
    BOOST_TEST_REQUIRE(reports.size() == 2u);
    BOOST_TEST(reports[0].body == R"({"OK":true,"Errors":[]})");
    BOOST_TEST(reports[1].body == R"({"OK":false,"Errors":["false: exit code 1 after 0ms"]})");
    BOOST_TEST(out == "failed  false: exit code 1 after 0ms\nreported to http://server/externalCheckStatus\n");
    status = 400;
    BOOST_TEST(call({"command", "--", "true"}) == 1);
    BOOST_TEST(error == "kuberhealthy-check: not reported: http://server/externalCheckStatus refused the report for good: status "
                        "400\n");
    BOOST_TEST((out + error).find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_wrong_command_line_is_reported_too) {
    BOOST_TEST(call({"http"}) == 2);
    BOOST_TEST(error == "kuberhealthy-check: --url is missing (--help tells more)\n");
    be_in_a_pod();
    BOOST_TEST(call({"http"}) == 0);
    BOOST_TEST(reports.at(0).body == "{\"OK\":false,\"Errors\":[\"kuberhealthy-check: --url is missing (--help tells more)\"]}");
    status = 400;
    BOOST_TEST(call({"http"}) == 2);
}

BOOST_AUTO_TEST_CASE(a_test_ends_in_time_for_its_report) {
    be_in_a_pod(20s);
    auto silent = *rt.listen({"silent", 80});
    auto began = rt.now();
    BOOST_TEST(call({"http", "--url", "http://silent/", "--timeout", "1h"}) == 0);
    BOOST_TEST((rt.now() - began >= 15s && rt.now() - began < 17s));
    BOOST_TEST(reports.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_run_that_comes_too_late_says_so) {
    be_in_a_pod(-10s);
    BOOST_TEST(call({"command", "--", "true"}) == 0);
    BOOST_TEST(reports.at(0).body.find("the deadline of this run was over before the check began") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_test_check_may_be_late_on_purpose) {
    be_in_a_pod(10s);
    auto began = rt.now();
    BOOST_TEST(call({"test", "--delay", "30s"}) == 0);
    BOOST_TEST((rt.now() - began == 30s));
}

BOOST_AUTO_TEST_CASE(help_is_told_and_nothing_is_run) {
    be_in_a_pod();
    for (const auto& arguments : {words{"--help"}, words{"-h"}, words{"http", "--help"}, words{"tls-expiry", "-h"}}) {
        BOOST_TEST(call(arguments) == 0);
        BOOST_TEST(out.find("Examples:") != std::string::npos);
    }
    BOOST_TEST(reports.empty());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_command_line_is_said) {
    struct row {
        words arguments;
        std::string_view problem;
    };
    const row table[] = {
        {{}, "nothing is not a check; these are: http, dns, tcp, tls-expiry, command, test"},
        {{"pop3"}, "\"pop3\" is not a check; these are: http, dns, tcp, tls-expiry, command, test"},
        {{"dns"}, "--name is missing"},
        {{"tcp"}, "--address is missing"},
        {{"tls-expiry"}, "--address is missing"},
        {{"command"}, "the program is missing; it stands behind --, for instance: -- test -e /data"},
        {{"command", "--", ""}, "the program is missing; it stands behind --, for instance: -- test -e /data"},
        {{"http", "--url", "http://a", "--", "b"}, "nothing is expected behind --, but there is b"},
        {{"http", "--url", " "}, "--url: it is blank"},
        {{"http", "--url", "http://a", "--expect-status", "2xx"},
         "--expect-status: \"2xx\" is not a list of statuses like 200,301-308"},
        {{"http", "--url", "http://a", "--header", "x"}, "--header: \"x\" is not a header like 'Accept: text/html'"},
        {{"http", "--url", "http://a", "--timeout", "-1s"}, "--timeout: \"-1s\" is not a duration, like 10s, 1m30s or 500ms"},
        {{"http", "--url", "http://a", "--max-redirects", "51"}, "--max-redirects: \"51\" is not a number from 0 to 50"},
        {{"dns", "--name", "a", "--expect", "b"}, "--expect: \"b\" is not an IP address"},
        {{"dns", "--name", "a", "--server", "kube-dns"}, "--server: \"kube-dns\" is not an IP address, with or without a port"},
        {{"tcp", "--address", "a"}, "--address: \"a\" is not an address like db:5432, [::1]:443 or tcp://db:5432"},
        {{"tcp", "--address", "udp://a:53"}, "--address: udp://a:53: connecting to a UDP port says nothing about it"},
        {{"tcp", "--address", "a:1", "--send", "\\q"},
         "--send: \"\\q\" has an escape that is none of \\r \\n \\t \\0 \\\\ \\xHH"},
        {{"tls-expiry", "--address", "a", "--days", "x"}, "--days: \"x\" is not a number from 0 to 36500"},
    };
    for (const auto& [arguments, problem] : table)
        BOOST_TEST(problem_of(arguments) == problem);
    BOOST_TEST(problem_of({"http", "--urls", "http://a"}).find("--urls") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(good_command_lines_are_taken) {
    for (const auto& arguments : {
             words{"http", "--url", "http://a", "https://b", "--url", "/c", "--header", "A: b", "--header", "C:d", "--insecure"},
             words{"dns", "--name", "a", "b", "--expect", "::1", "--server", "10.0.0.1", "--timeout", "3"},
             words{"dns", "--name", "a", "--server", "[::1]:5353"},
             words{"dns", "--name", "a", "--server", "fd00::a"},
             words{"tcp", "--address", "tcp://a:1", "[::1]:2", "--send", "", "--expect", "x", "--unreachable"},
             words{"tls-expiry", "--address", "a", "--days", "0", "--server-name", "b", "--ca-file", "c"},
             words{"command", "--timeout", "1m30s", "--", "sh", "-c", "exit 0", "--", "--help"},
             words{"test", "--delay", "0", "--fail", "--message", "m"},
         })
        BOOST_TEST(problem_of(arguments) == "");
}

// The variables of v2's http-check, http-content-check, dns-resolution-check, network-connection-check, ssl-expiry-check and
// test-check.
BOOST_AUTO_TEST_CASE(variables_of_v2_stand_in_for_flags) {
    struct row {
        words arguments;
        std::map<std::string, std::string, std::less<>> variables;
        std::string_view told; ///< part of what is printed
    };
    rt.names["a.example"] = {asio::ip::make_address("192.0.2.1")};
    auto db = *rt.listen({"db", 5432});
    page();
    serve();
    const row table[] = {
        {{"http"},
         {{"CHECK_URL", "http://server/page"}, {"EXPECTED_STATUS_CODE", "200"}},
         "ok      GET http://server/page: status 200"},
        {{"http"}, {{"CHECK_URL", "http://server/page"}, {"EXPECTED_STATUS_CODE", "404"}}, "status 200 instead of 404"},
        {{"http"}, {{"CHECK_URL", "http://server/page"}, {"REQUEST_TYPE", "PUT"}, {"REQUEST_BODY", "{}"}}, "ok      PUT "},
        {{"http"},
         {{"TARGET_URL", "http://server/page"}, {"TARGET_STRING", "Hello"}, {"TIMEOUT_DURATION", "5s"}},
         "ok      GET "},
        {{"http"}, {{"TARGET_URL", "http://server/page"}, {"TARGET_STRING", "Bye"}}, "\"Bye\" is not in"},
        {{"http", "--url", "http://server/page"}, {{"CHECK_URL", "ftp://x"}}, "ok      GET http://server/page"},
        {{"dns"}, {{"HOSTNAME", "a.example"}}, "ok      dns a.example: 192.0.2.1"},
        {{"tcp"}, {{"CONNECTION_TARGET", "tcp://db:5432"}}, "ok      tcp db:5432"},
        {{"tcp"}, {{"CONNECTION_TARGET", "db:5432"}, {"CONNECTION_TARGET_UNREACHABLE", "true"}}, "should not be reachable"},
        {{"tcp"}, {{"CONNECTION_TARGET", "db:5432"}, {"CONNECTION_TARGET_UNREACHABLE", "False"}}, "ok      tcp db:5432"},
        {{"tls-expiry"},
         {{"DOMAIN_NAME", "nobody"}, {"PORT", "8443"}, {"DAYS", "60"}, {"INSECURE", "true"}},
         "failed  tls nobody:8443"},
        {{"tls-expiry"}, {{"DOMAIN_NAME", "nobody"}}, "failed  tls nobody:443"},
        {{"test"}, {{"REPORT_DELAY", "2s"}, {"REPORT_FAILURE", "false"}}, "ok      passes, as it was told, after 2s"},
        {{"test"}, {{"REPORT_FAILURE", "true"}}, "failed  Test has failed!"},
    };
    for (const auto& [arguments, variables, told] : table) {
        BOOST_TEST_CONTEXT(told) {
            rt.variables = variables;
            call(arguments);
            BOOST_TEST(out.find(told) != std::string::npos, out << error);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_variable_that_is_wrong_is_named) {
    rt.variables["CHECK_URL"] = "http://a";
    rt.variables["EXPECTED_STATUS_CODE"] = "ok";
    BOOST_TEST(problem_of({"http"}) == "EXPECTED_STATUS_CODE: \"ok\" is not a list of statuses like 200,301-308");
    BOOST_TEST(problem_of({"http", "--expect-status", "200"}) == "");
    rt.variables = {{"REPORT_FAILURE", "maybe"}};
    BOOST_TEST(problem_of({"test"}) == "REPORT_FAILURE: \"maybe\" is neither true nor false");
    rt.variables = {{"DOMAIN_NAME", "a"}, {"PORT", "x"}};
    BOOST_TEST(problem_of({"tls-expiry"}).starts_with("DOMAIN_NAME, PORT: \"a:x\" is not an address"));
}

BOOST_AUTO_TEST_CASE(a_variable_of_one_check_is_nothing_to_another) {
    rt.variables = {{"INSECURE", "maybe"}, {"PORT", "x"}};
    BOOST_TEST(problem_of({"http", "--url", "https://a"}) == "");
    BOOST_TEST(problem_of({"tls-expiry", "--address", "a"}) == "INSECURE: \"maybe\" is neither true nor false");
}

BOOST_AUTO_TEST_CASE(the_hostname_that_every_pod_has_is_no_name_to_look_up) {
    rt.files["/etc/hostname"] = "pod-1\n";
    rt.variables["HOSTNAME"] = "pod-1";
    BOOST_TEST(problem_of({"dns"}) == "--name is missing");
    rt.variables["HOSTNAME"] = "kubernetes.default";
    BOOST_TEST(problem_of({"dns"}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
