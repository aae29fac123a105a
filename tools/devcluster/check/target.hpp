#pragma once

#include "proto_http/runtime.hpp"
#include "proto_http/tls.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Whom a check talks to, and whom it trusts, as command lines say it.

namespace devcluster {

/// "host:port", "[v6]:port", "tcp://host:port", or the host and port of an http(s) URL. `default_port` is taken where none is
/// named; 0: one must be. No value for anything else.
std::optional<proto_http::host_port> parse_target(std::string_view text, std::uint16_t default_port = 0);

/// "host:port", with brackets where they are needed.
std::string text_of(const proto_http::host_port& target);

struct trust_options {
    std::string ca_file; ///< PEM; empty: the system's store
    bool is_insecure = false;
};

struct trust {
    std::shared_ptr<proto_http::tls_context> tls;
    std::string problem; ///< why there is none: the file cannot be read, or is no PEM
};

trust make_trust(proto_http::runtime& rt, const trust_options& from);

} // namespace devcluster
