#include "tools/devcluster/dev/options.hpp"

#include "controller/settings.hpp"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <CLI/CLI.hpp>
#pragma GCC diagnostic pop

#include <sstream>

namespace devcluster {

namespace {

constexpr const char* about =
    "Kuberhealthy without a cluster: a Kubernetes API server, a node that runs pods as processes of this machine, and the\n"
    "controller, in one process. kubectl works with it. It is for trying checks out and for writing them, not for production.";

constexpr const char* footer = R"(Examples:
  kuberhealthy-dev manifests/examples/demo.yaml          checks of this machine; edit the file and save: it is applied again
  kuberhealthy-dev --once my-check.yaml                  runs every check once, prints a table; exit code 1 if one failed
  kuberhealthy-dev --once --junit report.xml my-check.yaml
  kuberhealthy-dev --image example.org/my-check=./my-check my-check.yaml
  kuberhealthy-dev --data ~/.kuberhealthy-dev            objects survive a restart

A container's image names a program of this machine (--image). Known without a word: kuberhealthy/kuberhealthy-check (the built-in
checks), kuberhealthy/test-check, busybox, alpine, debian (this machine's own programs) and curlimages/curl. Pods are processes:
no file system of their own, no network of their own, no volumes.)";

std::string read_address(const std::string& flag, const std::string& text, proto_http::host_port& into) {
    if (text.empty())
        return {};
    auto parsed = kh::parse_listen_address(text);
    if (!parsed)
        return flag + ": want e.g. \"127.0.0.1:6444\" or \"[::1]:6444\", not \"" + text + "\"\n";
    into = *parsed;
    return {};
}

} // namespace

dev_options_parse parse_dev_options(int argc, const char* const* argv) {
    dev_options_parse out;
    dev_options value;
    std::string api, page, level;
    CLI::App app(about, "kuberhealthy-dev");
    app.footer(footer);
    app.add_option("files", value.files, "Manifests (YAML or JSON) to apply at the start and again whenever they change")
        ->type_name("FILE");
    app.add_option("--listen", api, "Where the API server listens [127.0.0.1:6444]")->type_name("ADDRESS");
    app.add_option("--page", page, "Where the controller shows its status and takes reports [127.0.0.1:8080]")
        ->type_name("ADDRESS");
    auto* data = app.add_option("--data", value.data, "Folder in which objects survive a restart")->type_name("DIR");
    app.add_option("--kubeconfig-out", value.kubeconfig_out, "Where to write the kubeconfig for kubectl")->type_name("FILE");
    app.add_option("--image", value.images, "Which program of this machine an image stands for; may be given again")
        ->type_name("IMAGE=PROGRAM")
        ->allow_extra_args(false); // what follows is a file
    app.add_flag("--any-image", value.any_image, "Any image with a command runs this machine's program of that name");
    auto* once = app.add_flag("--once", value.once, "Run every check once, print a table, end: 0 if all passed, 1 if one failed");
    app.add_option("--junit", value.junit, "With --once: write the results as JUnit XML")->type_name("FILE")->needs(once);
    app.add_flag("--api-only", value.api_only, "Only the API server: no node and no controller")->excludes(once);
    app.add_option("--history", value.history_max, "Changes of each resource that a watch can go back to")
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--log-level", level, "What the controller and the node log: error, warning, info, debug [error]")
        ->type_name("LEVEL");
    once->excludes(data);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream text;
        out.exit_code = app.exit(error, text, text) == 0 ? 0 : 2;
        out.output = text.str();
        return out;
    }
    out.output = read_address("--listen", api, value.api) + read_address("--page", page, value.page);
    if (auto parsed = kh::log_level_from_text(level); parsed)
        value.level = *parsed;
    else if (!level.empty())
        out.output += "--log-level: want error, warning, info or debug, not \"" + level + "\"\n";
    if (value.once && value.files.empty())
        out.output += "--once: name the files that have the checks\n";
    if (!out.output.empty()) {
        out.exit_code = 2;
        return out;
    }
    out.value = std::move(value);
    return out;
}

} // namespace devcluster
