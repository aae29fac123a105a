#include "proto_http/error.hpp"

namespace proto_http {

namespace {

// Boost's base class has a non-virtual destructor on purpose: a category is never destroyed through it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class proto_http_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "proto_http"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::timed_out:
            return "timed out; check that the peer is up and not overloaded";
        case errc::cancelled:
            return "cancelled";
        case errc::connect_failed:
            return "no address of the host took the connection; check host, port and network policy";
        case errc::host_not_found:
            return "the host name has no address; check the name and the DNS servers";
        case errc::tls_failed:
            return "the TLS handshake failed; check the CA bundle, the server name and the client certificate";
        case errc::closed:
            return "the peer closed the connection in the middle of a message";
        case errc::malformed:
            return "the message is not HTTP/1.1; check that the port speaks HTTP and whether it wants TLS";
        case errc::header_too_large:
            return "the message header is over its limit";
        case errc::body_too_large:
            return "the message body is over its limit";
        case errc::line_too_long:
            return "a line of the body is over its limit";
        case errc::proxy_refused:
            return "the proxy refused to connect; check the proxy's address, credentials and rules";
        case errc::bad_url:
            return "not an http or https URL";
        case errc::file_not_readable:
            return "the file is missing, not readable or too large";
        case errc::bad_pem:
            return "certificate or private key do not parse or do not belong together";
        case errc::address_in_use:
            return "the listen address is in use; check for another process on that port";
        case errc::command_failed:
            return "the command could not be run; check that it is installed and on PATH";
        case errc::draining:
            return "the server is shutting down";
        case errc::name_server_failed:
            return "no DNS server gave an answer; check the DNS servers and the way to them";
        }
        return "unknown error";
    }
};
#pragma GCC diagnostic pop

} // namespace

const boost::system::error_category& category() noexcept {
    static const proto_http_category instance;
    return instance;
}

error_code make_error_code(errc value) noexcept {
    return {static_cast<int>(value), category()};
}

std::string what_of(std::exception_ptr exception) {
    try {
        std::rethrow_exception(std::move(exception));
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

} // namespace proto_http
