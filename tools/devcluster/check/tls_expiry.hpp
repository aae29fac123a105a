#pragma once

#include "tools/devcluster/check/findings.hpp"
#include "tools/devcluster/check/target.hpp"

#include <chrono>

namespace devcluster {

struct tls_expiry_options {
    std::vector<proto_http::host_port> targets;
    unsigned days = 14;
    std::string server_name; ///< for SNI and the check of the name; empty: the target's host
    trust_options trusted;   ///< insecure: only the dates are looked at
    proto_http::duration timeout = std::chrono::seconds(10);
};

/// Handshakes with each target. It passes when the certificate is trusted, is for the name, and it and all that vouch for it are
/// valid now and for so many more days.
boost::asio::awaitable<findings> check_tls_expiry(proto_http::runtime& rt, tls_expiry_options options,
                                                  proto_http::time_point limit);

} // namespace devcluster
