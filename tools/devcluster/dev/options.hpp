#pragma once

#include "controller/log.hpp"
#include "proto_http/runtime.hpp"

#include <optional>
#include <string>
#include <vector>

// The command line of kuberhealthy-dev.

namespace devcluster {

struct dev_options {
    std::vector<std::string> files; ///< manifests, applied at the start and again when they change
    proto_http::host_port api{"127.0.0.1", 6444};
    proto_http::host_port page{"127.0.0.1", 8080};
    std::string data;           ///< empty: nothing survives the end
    std::string kubeconfig_out; ///< empty: a place of its own
    std::vector<std::string> images;
    bool any_image = false;
    bool api_only = false;
    bool once = false;
    std::string junit;
    std::size_t history_max = 20'000;
    kh::log_level level = kh::log_level::error;
};

struct dev_options_parse {
    std::optional<dev_options> value;
    // Without a value: print `output` and end with `exit_code` (0 after --help).
    int exit_code = 0;
    std::string output;
};

/// Never throws.
dev_options_parse parse_dev_options(int argc, const char* const* argv);

} // namespace devcluster
