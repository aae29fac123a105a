#pragma once

#include "proto_http/result.hpp"
#include "proto_http/stream.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

// TLS material as PEM text, and TLS over any stream. TLS 1.2 is the least version on both sides.

namespace proto_http {

struct tls_material {
    std::string ca_certificates;   ///< PEM; empty: the system's store
    std::string certificate_chain; ///< PEM; empty: none is presented
    std::string private_key;       ///< PEM
    bool verify_peer = true;
};

class tls_context {
public:
    /// Errors: errc::bad_pem.
    static result<std::shared_ptr<tls_context>> client(const tls_material& material);
    static result<std::shared_ptr<tls_context>> server(const tls_material& material);

    virtual ~tls_context() = default;

    /// Handshakes as a client; the certificate must be for `server_name` (a DNS name or an IP address). The caller bounds the
    /// time. Errors: errc::tls_failed, or OpenSSL's own code where it says more.
    virtual boost::asio::awaitable<result<std::unique_ptr<stream>>> connect(std::unique_ptr<stream> over,
                                                                            std::string server_name) = 0;

    virtual boost::asio::awaitable<result<std::unique_ptr<stream>>> accept(std::unique_ptr<stream> over) = 0;
};

} // namespace proto_http
