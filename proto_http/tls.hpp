#pragma once

#include "proto_http/result.hpp"
#include "proto_http/stream.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// TLS material as PEM text, and TLS over any stream. TLS 1.2 is the least version on both sides.

namespace proto_http {

struct tls_material {
    std::string ca_certificates;   ///< PEM; empty: the system's store
    std::string certificate_chain; ///< PEM; empty: none is presented
    std::string private_key;       ///< PEM
    bool verify_peer = true;
    /// Of a server that has `ca_certificates`: a client may also present none. One that presents a bad one is refused.
    bool client_certificate_optional = false;
};

/// A certificate as a person wants to see it.
struct certificate {
    std::string subject; ///< RFC 2253: "CN=server.test,O=Example"
    std::string issuer;
    std::chrono::sys_seconds not_before;
    std::chrono::sys_seconds not_after; ///< the year 9999 where it never ends (RFC 5280, 4.1.2.5)
};

/// The first certificate of a PEM text. Errors: errc::bad_pem.
result<certificate> read_certificate(std::string_view pem);

/// Whom a handshake met.
struct tls_peer {
    /// The peer's own first. Where it is trusted: the path to the authority that it is trusted for, that included; a peer may
    /// present more, which nobody needs. Else what was presented.
    std::vector<certificate> chain;
    std::string problem; ///< why `connect` would not have trusted it, in OpenSSL's words; empty where it would have
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

    /// Handshakes as `connect` does, but goes on whatever the certificates are, says what they are, and closes. No stream comes
    /// out of it, so nothing can be said to a peer that is not trusted. Errors: as for `connect`, those of trust aside.
    virtual boost::asio::awaitable<result<tls_peer>> inspect(std::unique_ptr<stream> over, std::string server_name) = 0;

    virtual boost::asio::awaitable<result<std::unique_ptr<stream>>> accept(std::unique_ptr<stream> over) = 0;
};

} // namespace proto_http
