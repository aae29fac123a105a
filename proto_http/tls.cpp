#include "proto_http/tls.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

namespace proto_http {

namespace asio = boost::asio;
namespace ssl = asio::ssl;

namespace {

constexpr std::array<unsigned char, 9> alpn_http_1_1 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// `stream` as the next layer of asio::ssl::stream, which wants to know a lowest layer.
class layer {
public:
    using executor_type = stream::executor_type;
    using lowest_layer_type = layer;

    explicit layer(std::unique_ptr<stream> over) : over_(std::move(over)) {}

    executor_type get_executor() noexcept { return over_->get_executor(); }
    lowest_layer_type& lowest_layer() noexcept { return *this; }
    stream& get() noexcept { return *over_; }
    const stream& get() const noexcept { return *over_; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return over_->async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return over_->async_write_some(buffers, std::forward<Token>(token));
    }

private:
    std::unique_ptr<stream> over_;
};

class tls_stream final : public stream {
public:
    tls_stream(std::unique_ptr<stream> over, std::shared_ptr<ssl::context> context)
        : context_(std::move(context)), stream_(layer(std::move(over)), *context_) {}

    SSL* native() { return stream_.native_handle(); }

    asio::awaitable<error_code> handshake(ssl::stream_base::handshake_type type) {
        auto [error] = co_await stream_.async_handshake(type, await_tuple);
        co_return error;
    }

    executor_type get_executor() noexcept override { return stream_.next_layer().get_executor(); }

    void start_read(asio::mutable_buffer buffer, transfer_handler handler) override {
        stream_.async_read_some(buffer, std::move(handler));
    }

    void start_write(std::span<const asio::const_buffer> buffers, transfer_handler handler) override {
        // Asio joins the buffers, up to 8 KiB, so that a head and its short body are one record.
        std::array<asio::const_buffer, 2> some;
        std::copy_n(buffers.begin(), std::min(buffers.size(), some.size()), some.begin());
        stream_.async_write_some(some, std::move(handler));
    }

    void close() noexcept override { stream_.next_layer().get().close(); }

    asio::awaitable<void> shutdown() override {
        // Sends close_notify without waiting for the peer's: OpenSSL is told that it has come.
        SSL_set_shutdown(native(), SSL_get_shutdown(native()) | SSL_RECEIVED_SHUTDOWN);
        co_await stream_.async_shutdown(await_tuple);
        co_await stream_.next_layer().get().shutdown();
    }

    std::string remote_address() const override { return stream_.next_layer().get().remote_address(); }

    bool is_peer_trusted() const override {
        // Without a certificate OpenSSL's verdict is "ok" as well.
        auto* native = const_cast<ssl::stream<layer>&>(stream_).native_handle();
        return (SSL_get_verify_mode(native) & SSL_VERIFY_PEER) != 0 && SSL_get0_peer_certificate(native) != nullptr &&
               SSL_get_verify_result(native) == X509_V_OK;
    }

private:
    std::shared_ptr<ssl::context> context_;
    ssl::stream<layer> stream_;
};

std::string text_of(const X509_NAME* name) {
    std::unique_ptr<BIO, decltype(&BIO_free)> to(BIO_new(BIO_s_mem()), &BIO_free);
    if (!to || X509_NAME_print_ex(to.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
        return {};
    char* data = nullptr;
    auto size = BIO_get_mem_data(to.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// The epoch where the time does not parse: a certificate that never was valid.
std::chrono::sys_seconds time_of(const ASN1_TIME* at) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(at, &parts) != 1)
        return {};
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

certificate certificate_of(const X509* from) {
    certificate told;
    told.subject = text_of(X509_get_subject_name(from));
    told.issuer = text_of(X509_get_issuer_name(from));
    told.not_before = time_of(X509_get0_notBefore(from));
    told.not_after = time_of(X509_get0_notAfter(from));
    return told;
}

std::vector<certificate> certificates_of(const STACK_OF(X509) * from) {
    std::vector<certificate> chain;
    for (int i = 0; i < sk_X509_num(from); ++i)
        chain.push_back(certificate_of(sk_X509_value(from, i)));
    return chain;
}

class context_impl final : public tls_context {
public:
    context_impl(std::shared_ptr<ssl::context> context, bool verify) : context_(std::move(context)), verify_(verify) {}

    asio::awaitable<result<std::unique_ptr<stream>>> connect(std::unique_ptr<stream> over, std::string server_name) override {
        auto made = std::make_unique<tls_stream>(std::move(over), context_);
        if (!expect_name(made->native(), server_name))
            co_return errc::tls_failed;
        co_return co_await finish(std::move(made), ssl::stream_base::client);
    }

    asio::awaitable<result<tls_peer>> inspect(std::unique_ptr<stream> over, std::string server_name) override {
        auto made = std::make_unique<tls_stream>(std::move(over), context_);
        auto* native = made->native();
        if (!expect_name(native, server_name))
            co_return errc::tls_failed;
        SSL_set_verify(native, SSL_VERIFY_NONE, nullptr); // the chain is still checked; the handshake goes on
        auto error = co_await handshake(made.get(), ssl::stream_base::client);
        if (error)
            co_return error;
        tls_peer peer;
        auto verdict = SSL_get_verify_result(native);
        if (verify_ && verdict != X509_V_OK)
            peer.problem = X509_verify_cert_error_string(verdict);
        bool is_trusted = verify_ && verdict == X509_V_OK;
        // A client's view of a server: the presented chain begins with the server's own certificate.
        peer.chain = certificates_of(is_trusted ? SSL_get0_verified_chain(native) : SSL_get_peer_cert_chain(native));
        made->close();
        co_return peer;
    }

    asio::awaitable<result<std::unique_ptr<stream>>> accept(std::unique_ptr<stream> over) override {
        auto made = std::make_unique<tls_stream>(std::move(over), context_);
        co_return co_await finish(std::move(made), ssl::stream_base::server);
    }

private:
    static asio::awaitable<error_code> handshake(tls_stream* on, ssl::stream_base::handshake_type type) {
        auto error = co_await on->handshake(type);
        if (error == asio::error::operation_aborted)
            co_return errc::cancelled;
        if (error == asio::error::eof || error == ssl::error::stream_truncated)
            co_return errc::tls_failed;
        co_return error;
    }

    static asio::awaitable<result<std::unique_ptr<stream>>> finish(std::unique_ptr<tls_stream> made,
                                                                   ssl::stream_base::handshake_type type) {
        auto error = co_await handshake(made.get(), type);
        if (error)
            co_return error;
        std::unique_ptr<stream> ready = std::move(made);
        co_return std::move(ready);
    }

    /// SNI for names (RFC 6066 forbids addresses there), and the name or address that the certificate must be for.
    bool expect_name(SSL* on, const std::string& server_name) const {
        error_code error;
        asio::ip::make_address(server_name, error);
        bool is_address = !error;
        if (!is_address && SSL_set_tlsext_host_name(on, server_name.c_str()) != 1)
            return false;
        if (!verify_)
            return true;
        auto* parameters = SSL_get0_param(on);
        if (is_address)
            return X509_VERIFY_PARAM_set1_ip_asc(parameters, server_name.c_str()) == 1;
        X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        return X509_VERIFY_PARAM_set1_host(parameters, server_name.c_str(), server_name.size()) == 1;
    }

    std::shared_ptr<ssl::context> context_;
    bool verify_;
};

error_code use_certificate(ssl::context& context, const tls_material& material) {
    error_code error;
    if (material.certificate_chain.empty())
        return error;
    context.use_certificate_chain(asio::buffer(material.certificate_chain), error);
    if (!error)
        context.use_private_key(asio::buffer(material.private_key), ssl::context::pem, error);
    if (!error && SSL_CTX_check_private_key(context.native_handle()) != 1)
        error = errc::bad_pem;
    return error;
}

error_code use_authorities(ssl::context& context, const tls_material& material) {
    error_code error;
    if (material.ca_certificates.empty())
        context.set_default_verify_paths(error);
    else
        context.add_certificate_authority(asio::buffer(material.ca_certificates), error);
    return error;
}

std::shared_ptr<ssl::context> make_context(ssl::context::method method) {
    auto context = std::make_shared<ssl::context>(method);
    auto* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

int choose_http_1_1(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered, unsigned offered_size,
                    void*) {
    auto found = SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, alpn_http_1_1.data(), alpn_http_1_1.size(),
                                       offered, offered_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

} // namespace

result<certificate> read_certificate(std::string_view pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> from(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> read(
        from ? PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free);
    if (!read) {
        ERR_clear_error();
        return errc::bad_pem;
    }
    return certificate_of(read.get());
}

result<std::shared_ptr<tls_context>> tls_context::client(const tls_material& material) {
    auto context = make_context(ssl::context::tls_client);
    SSL_CTX_set_alpn_protos(context->native_handle(), alpn_http_1_1.data(), alpn_http_1_1.size());
    if (use_certificate(*context, material) || (material.verify_peer && use_authorities(*context, material)))
        return errc::bad_pem;
    context->set_verify_mode(material.verify_peer ? ssl::verify_peer : ssl::verify_none);
    std::shared_ptr<tls_context> made = std::make_shared<context_impl>(std::move(context), material.verify_peer);
    return made;
}

result<std::shared_ptr<tls_context>> tls_context::server(const tls_material& material) {
    auto context = make_context(ssl::context::tls_server);
    SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_http_1_1, nullptr);
    if (material.certificate_chain.empty() || use_certificate(*context, material))
        return errc::bad_pem;
    // Client certificates are asked for only where it is said which are good.
    if (!material.ca_certificates.empty()) {
        if (use_authorities(*context, material))
            return errc::bad_pem;
        const auto required = material.client_certificate_optional ? ssl::verify_mode() : ssl::verify_fail_if_no_peer_cert;
        context->set_verify_mode(material.verify_peer ? ssl::verify_peer | required : ssl::verify_none);
        // Without one OpenSSL refuses to resume the session of a client that presented a certificate.
        static constexpr unsigned char session_scope[] = {'k', 'h'};
        SSL_CTX_set_session_id_context(context->native_handle(), session_scope, sizeof session_scope);
    }
    std::shared_ptr<tls_context> made = std::make_shared<context_impl>(std::move(context), material.verify_peer);
    return made;
}

} // namespace proto_http
