#include "tools/devcluster/check/command_line.hpp"

#include "proto_http/text.hpp"
#include "tools/devcluster/check/command.hpp"
#include "tools/devcluster/check/dns.hpp"
#include "tools/devcluster/check/flags.hpp"
#include "tools/devcluster/check/http.hpp"
#include "tools/devcluster/check/tcp.hpp"
#include "tools/devcluster/check/test.hpp"
#include "tools/devcluster/check/tls_expiry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

constexpr const char* about =
    "The built-in checks of Kuberhealthy. Each tests what its flags say and reports the result to KH_REPORTING_URL.\n"
    "Without that variable it prints the result and exits 0 or 1: try a check in a shell before you put it into a cluster.";

constexpr const char* footer = R"(Examples:
  kuberhealthy-check http --url https://kubernetes.io/ --expect-body Kubernetes
  kuberhealthy-check dns --name kubernetes.default.svc.cluster.local --server 10.96.0.10
  kuberhealthy-check tls-expiry --address kubernetes.io:443 --days 30
  kuberhealthy-check command --timeout 30s -- pg_isready --host db

  kuberhealthy-check http --help      tells all of one check

A flag that is not given is read from the variables in brackets, those of Kuberhealthy v2's check images.
How to use it in a cluster, and how to write a check of your own: docs/checks.md.)";

/// A subcommand: how it is asked for, and what it makes of it. The options that its flags write to live in its closures.
struct subcommand {
    subcommand(CLI::App& app, const std::string& name, const std::string& purpose, const std::string& examples)
        : parser(app.add_subcommand(name, purpose)), flags(*parser) {
        parser->footer("Examples:\n" + examples);
    }

    void add_timeout(duration& to, const std::string& of, std::vector<std::string> variables = {}) {
        auto limit = to == duration::max() ? "no limit" : fmt::format("{}s", to / std::chrono::seconds(1));
        flags.add({"--timeout", "TIME", fmt::format("How long {} may take [{}]; never beyond the run's deadline", of, limit),
                   read_time(to), std::move(variables)});
    }

    void add_trust(trust_options& to, std::vector<std::string> variables = {}) {
        flags.add(
            {"--ca-file", "FILE", "Trust the authorities in this PEM file instead of the system's", read_text(to.ca_file), {}});
        flags.add({"--insecure", "", "Take any certificate", read_bool(to.is_insecure), std::move(variables), flag_kind::on_off});
    }

    CLI::App* parser;
    flag_set flags;
    /// Called when the check is asked for: the others' flags are never made.
    std::function<void(subcommand&)> add_flags;
    /// The last look at the options, with what stands behind "--". Returns what is missing, or an empty text.
    std::function<std::string(std::vector<std::string> rest)> complete;
    decltype(check_call::run) run;
};

std::string nothing_but(bool has_all, const char* missing, const std::vector<std::string>& rest) {
    if (!has_all)
        return fmt::format("{} is missing", missing);
    return rest.empty() ? "" : fmt::format("nothing is expected behind --, but there is {}", rest.front());
}

flag_reader read_targets(std::vector<host_port>& to, std::uint16_t default_port) {
    return [&to, default_port](const std::string& text) {
        auto target = parse_target(trim(text), default_port);
        if (!target && text.starts_with("udp://"))
            return fmt::format("{}: connecting to a UDP port says nothing about it", text);
        if (!target)
            return fmt::format("\"{}\" is not an address like db:5432, [::1]:443 or tcp://db:5432", text);
        to.push_back(std::move(*target));
        return std::string();
    };
}

flag_reader read_statuses(status_set& to) {
    return [&to](const std::string& text) {
        auto read = status_set::parse(text);
        if (!read)
            return fmt::format("\"{}\" is not a list of statuses like 200,301-308", text);
        to = std::move(*read);
        return std::string();
    };
}

flag_reader read_headers(header_list& to) {
    return [&to](const std::string& text) {
        auto colon = text.find(':');
        auto name = trim(std::string_view(text).substr(0, colon));
        if (colon == std::string::npos || name.empty())
            return fmt::format("\"{}\" is not a header like 'Accept: text/html'", text);
        to.add(std::string(name), std::string(trim(std::string_view(text).substr(colon + 1))));
        return std::string();
    };
}

flag_reader read_addresses(std::vector<asio::ip::address>& to) {
    return [&to](const std::string& text) {
        error_code error;
        to.push_back(asio::ip::make_address(text, error));
        return error ? fmt::format("\"{}\" is not an IP address", text) : std::string();
    };
}

bool is_address(const std::string& text) {
    error_code error;
    asio::ip::make_address(text, error);
    return !error;
}

flag_reader read_server(std::string& to) {
    return [&to](const std::string& text) {
        auto with_port = parse_target(text, 53);
        if (!is_address(text) && !(with_port && is_address(with_port->host)))
            return fmt::format("\"{}\" is not an IP address, with or without a port", text);
        to = text;
        return std::string();
    };
}

flag_reader read_bytes(std::string& to) {
    return [&to](const std::string& text) {
        auto bytes = unescape(text);
        if (!bytes)
            return fmt::format("\"{}\" has an escape that is none of \\r \\n \\t \\0 \\\\ \\xHH", text);
        to = std::move(*bytes);
        return std::string();
    };
}

subcommand make_http(CLI::App& app) {
    auto to = std::make_shared<http_options>();
    subcommand made(app, "http", "A page answers: its status, and a text in it",
                    "  kuberhealthy-check http --url http://shop/healthz\n"
                    "  kuberhealthy-check http --url https://a.example/ https://b.example/ --expect-body Welcome --timeout 5s\n"
                    "  kuberhealthy-check http --url http://old.example/ --max-redirects 0 --expect-status 301,308\n"
                    "  kuberhealthy-check http --url /healthz          of Kuberhealthy itself, the host of KH_REPORTING_URL\n\n"
                    "HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold for the URLs and never for the report.");
    made.add_flags = [to](subcommand& of) {
        of.flags.add({"--url",
                      "URL",
                      "What to ask for; several are asked side by side",
                      read_texts(to->urls),
                      {"CHECK_URL", "TARGET_URL"},
                      flag_kind::list});
        of.flags.add({"--expect-status",
                      "LIST",
                      "Statuses that are right [200-399]",
                      read_statuses(to->expected_status),
                      {"EXPECTED_STATUS_CODE"}});
        of.flags.add({"--expect-body", "TEXT", "Text that must be in the body", read_text(to->expected_body), {"TARGET_STRING"}});
        of.flags.add({"--method", "METHOD", "Method of the request [GET]", read_text(to->method), {"REQUEST_TYPE"}});
        of.flags.add({"--header", "'NAME: VALUE'", "Header of the request", read_headers(to->headers), {}, flag_kind::list});
        of.flags.add({"--body", "TEXT", "Body of the request", read_text(to->body), {"REQUEST_BODY"}});
        of.flags.add({"--max-redirects",
                      "N",
                      "How many redirects are followed [10]; 0: the redirect itself is judged",
                      read_number(to->redirects_max, 0, 50),
                      {}});
        of.add_timeout(to->timeout, "one URL with its redirects", {"TIMEOUT_DURATION"});
        of.add_trust(to->trusted);
    };
    made.complete = [to](std::vector<std::string> rest) { return nothing_but(!to->urls.empty(), "--url", rest); };
    made.run = [to](runtime& rt, time_point limit) { return check_http(rt, *to, limit); };
    return made;
}

/// Every pod and shell has a HOSTNAME: only one that was set on purpose is something to look up.
bool has_own_hostname(runtime& rt) {
    auto own = rt.read_file("/etc/hostname", 1024);
    return own && trim(*own) == trim(rt.environment("HOSTNAME"));
}

subcommand make_dns(CLI::App& app, runtime& rt) {
    auto to = std::make_shared<dns_options>();
    subcommand made(app, "dns", "A name resolves",
                    "  kuberhealthy-check dns --name kubernetes.default.svc.cluster.local\n"
                    "  kuberhealthy-check dns --name a.example b.example --server 10.96.0.10\n"
                    "  kuberhealthy-check dns --name db.example --expect 192.0.2.7");
    made.add_flags = [to, &rt](subcommand& of) {
        std::vector<std::string> variables;
        if (!has_own_hostname(rt))
            variables.emplace_back("HOSTNAME");
        of.flags.add({"--name", "NAME", "What to resolve; several are asked side by side", read_texts(to->names),
                      std::move(variables), flag_kind::list});
        of.flags.add({"--expect",
                      "ADDRESS",
                      "Must be among the addresses of each name",
                      read_addresses(to->expected),
                      {},
                      flag_kind::list});
        of.flags.add(
            {"--server", "ADDRESS[:PORT]", "Ask this DNS server alone, and not /etc/hosts", read_server(to->server), {}});
        of.add_timeout(to->timeout, "a name");
    };
    made.complete = [to](std::vector<std::string> rest) { return nothing_but(!to->names.empty(), "--name", rest); };
    made.run = [to](runtime& on, time_point limit) { return check_dns(on, *to, limit); };
    return made;
}

subcommand make_tcp(CLI::App& app) {
    auto to = std::make_shared<tcp_options>();
    subcommand made(app, "tcp", "A port takes connections",
                    "  kuberhealthy-check tcp --address db:5432 cache:6379\n"
                    "  kuberhealthy-check tcp --address cache:6379 --send 'PING\\r\\n' --expect +PONG\n"
                    "  kuberhealthy-check tcp --address 169.254.169.254:80 --unreachable --timeout 3s");
    made.add_flags = [to](subcommand& of) {
        of.flags.add({"--address",
                      "HOST:PORT",
                      "Whom to connect to, also tcp://host:port or a URL; several side by side",
                      read_targets(to->targets, 0),
                      {"CONNECTION_TARGET"},
                      flag_kind::list});
        of.flags.add({"--send", "TEXT", "Send this; \\r \\n \\t \\0 \\\\ \\xHH are bytes", read_bytes(to->sent), {}});
        of.flags.add({"--expect", "TEXT", "Must be in what comes; escapes as above", read_bytes(to->expected), {}});
        of.flags.add({"--unreachable",
                      "",
                      "The other way round: pass if there is no connection",
                      read_bool(to->must_fail),
                      {"CONNECTION_TARGET_UNREACHABLE"},
                      flag_kind::on_off});
        of.add_timeout(to->timeout, "a target", {"CONNECTION_TIMEOUT"});
    };
    made.complete = [to](std::vector<std::string> rest) { return nothing_but(!to->targets.empty(), "--address", rest); };
    made.run = [to](runtime& rt, time_point limit) { return check_tcp(rt, *to, limit); };
    return made;
}

subcommand make_tls_expiry(CLI::App& app, runtime& rt) {
    auto to = std::make_shared<tls_expiry_options>();
    subcommand made(app, "tls-expiry", "A certificate is trusted and stays valid for some days",
                    "  kuberhealthy-check tls-expiry --address kubernetes.io:443 --days 30\n"
                    "  kuberhealthy-check tls-expiry --address 10.0.0.7:8443 --server-name shop.example --ca-file ca.pem\n\n"
                    "DOMAIN_NAME and PORT stand in for --address.");
    made.add_flags = [to](subcommand& of) {
        of.flags.add({"--address",
                      "HOST[:PORT]",
                      "Whom to ask [port 443]; several are asked side by side",
                      read_targets(to->targets, 443),
                      {},
                      flag_kind::list});
        of.flags.add({"--days",
                      "N",
                      "How many more days the certificate must be valid, and those that vouch for it [14]",
                      read_number(to->days, 0, 36'500),
                      {"DAYS"}});
        of.flags.add(
            {"--server-name", "NAME", "The name that the certificate must be for [the host]", read_text(to->server_name), {}});
        of.add_trust(to->trusted, {"INSECURE"});
        of.add_timeout(to->timeout, "a target");
    };
    made.complete = [to, &rt](std::vector<std::string> rest) {
        auto domain = rt.environment("DOMAIN_NAME");
        auto port = rt.environment("PORT");
        if (to->targets.empty() && !domain.empty())
            if (auto problem = read_targets(to->targets, 443)(port.empty() ? domain : domain + ":" + port); !problem.empty())
                return fmt::format("DOMAIN_NAME, PORT: {}", problem);
        return nothing_but(!to->targets.empty(), "--address", rest);
    };
    made.run = [to](runtime& on, time_point limit) { return check_tls_expiry(on, *to, limit); };
    return made;
}

subcommand make_command(CLI::App& app) {
    auto to = std::make_shared<command_options>();
    subcommand made(app, "command", "A program ends with exit code 0",
                    "  kuberhealthy-check command -- pg_isready --host db\n"
                    "  kuberhealthy-check command --timeout 20s -- sh -c 'test $(ls /queue | wc -l) -lt 100'\n\n"
                    "What it wrote last is the error if it fails. It does not get KH_RUN_UUID and KH_REPORTING_URL.");
    made.add_flags = [to](subcommand& of) { of.add_timeout(to->timeout, "it"); };
    made.complete = [to](std::vector<std::string> rest) {
        to->arguments = std::move(rest);
        bool is_missing = to->arguments.empty() || to->arguments[0].empty();
        return std::string(is_missing ? "the program is missing; it stands behind --, for instance: -- test -e /data" : "");
    };
    made.run = [to](runtime& rt, time_point limit) { return check_command(rt, *to, limit); };
    return made;
}

subcommand make_test(CLI::App& app) {
    auto to = std::make_shared<test_options>();
    subcommand made(app, "test", "Waits, and says what it was told to say: to try Kuberhealthy itself",
                    "  kuberhealthy-check test --delay 1s\n"
                    "  kuberhealthy-check test --delay 0s --fail --message 'the sky is falling'\n\n"
                    "A delay beyond the run's deadline makes a report that comes too late.");
    made.add_flags = [to](subcommand& of) {
        of.flags.add({"--delay", "TIME", "How long it takes [5s]", read_time(to->delay), {"REPORT_DELAY"}});
        of.flags.add({"--fail", "", "Fail", read_bool(to->fails), {"REPORT_FAILURE"}, flag_kind::on_off});
        of.flags.add({"--message", "TEXT", "The error if it fails [Test has failed!]", read_text(to->message), {}});
    };
    made.complete = [](std::vector<std::string> rest) { return nothing_but(true, "", rest); };
    made.run = [to](runtime& rt, time_point) { return check_test(rt, *to); };
    return made;
}

} // namespace

check_call parse_command_line(runtime& rt, std::vector<std::string> arguments) {
    // What stands behind "--" is another program's and none of our parser's business.
    auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    std::vector<std::string> rest(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());

    CLI::App app(about, "kuberhealthy-check");
    app.footer(footer);
    app.require_subcommand(1);
    std::array all{make_http(app), make_dns(app, rt), make_tcp(app), make_tls_expiry(app, rt), make_command(app), make_test(app)};
    for (auto& one : all)
        one.parser->preparse_callback([&one](std::size_t) { one.add_flags(one); });

    check_call call;
    try {
        std::reverse(arguments.begin(), arguments.end()); // how CLI11 wants them
        auto parsed = arguments;
        app.parse(parsed);
    } catch (const CLI::CallForHelp&) {
        call.help = app.help();
        return call;
    } catch (const CLI::RequiredError&) {
        auto first = arguments.empty() ? std::string("nothing") : fmt::format("\"{}\"", arguments.back());
        call.problem = fmt::format("{} is not a check; these are: http, dns, tcp, tls-expiry, command, test", first);
        return call;
    } catch (const CLI::ParseError& error) {
        call.problem = error.what();
        return call;
    }
    auto chosen = std::find_if(all.begin(), all.end(), [](const subcommand& one) { return one.parser->parsed(); });
    call.problem = chosen->flags.read_environment(rt);
    if (call.problem.empty())
        call.problem = chosen->complete(std::move(rest));
    if (call.problem.empty())
        call.run = chosen->run;
    return call;
}

} // namespace devcluster
