#pragma once

#include "asio_k8s/cluster_config.hpp"
#include "proto_http/time.hpp"

#include <optional>
#include <string>
#include <string_view>

// What is said to an exec credential plugin and what it answers (client.authentication.k8s.io/v1 and v1beta1, ExecCredential).
// Pure.

namespace k8s {

struct exec_credential {
    std::string token;       ///< or empty
    std::string certificate; ///< PEM, or empty
    std::string key;         ///< PEM, with a certificate
    std::optional<proto_http::wall_time> expires;
};

/// The value of KUBERNETES_EXEC_INFO.
std::string exec_info(const cluster_config& config);

/// What the plugin printed. Errors: errc::bad_configuration with a message that names the field and holds no secret.
api_result<exec_credential> parse_exec_credential(std::string_view output, std::string_view api_version);

} // namespace k8s
