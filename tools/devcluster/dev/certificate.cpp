#include "tools/devcluster/dev/certificate.hpp"

#include <boost/asio/ip/address.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace devcluster {

namespace {

template <auto Free>
struct free_with {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};
using key_handle = std::unique_ptr<EVP_PKEY, free_with<EVP_PKEY_free>>;
using certificate_handle = std::unique_ptr<X509, free_with<X509_free>>;
using memory_handle = std::unique_ptr<BIO, free_with<BIO_free>>;

void must(bool holds) {
    if (!holds)
        throw std::runtime_error("OpenSSL cannot make a certificate");
}

void add_extension(X509* to, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, to, to, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, free_with<X509_EXTENSION_free>> made(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    must(made && X509_add_ext(to, made.get(), -1) == 1);
}

std::string alternative_names(const std::vector<std::string>& hosts) {
    std::string made;
    for (const auto& host : hosts) {
        boost::system::error_code not_an_address;
        boost::asio::ip::make_address(host, not_an_address);
        made.append(made.empty() ? "" : ",").append(not_an_address ? "DNS:" : "IP:").append(host);
    }
    return made;
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    auto size = BIO_get_mem_data(memory, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

} // namespace

proto_http::tls_material make_self_signed(const std::vector<std::string>& hosts, std::int64_t unix_now) {
    constexpr std::int64_t hour = 3600, year = 365 * 24 * hour;
    key_handle key(EVP_EC_gen("P-256"));
    certificate_handle certificate(X509_new());
    must(key && certificate);
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), unix_now);
    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), static_cast<time_t>(unix_now - hour));
    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), static_cast<time_t>(unix_now + year));
    auto* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("kuberhealthy-dev"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_set_pubkey(certificate.get(), key.get());
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature,keyCertSign");
    add_extension(certificate.get(), NID_ext_key_usage, "serverAuth");
    add_extension(certificate.get(), NID_subject_alt_name, alternative_names(hosts));
    must(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);

    memory_handle chain(BIO_new(BIO_s_mem())), secret(BIO_new(BIO_s_mem()));
    must(chain && secret && PEM_write_bio_X509(chain.get(), certificate.get()) == 1 &&
         PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    proto_http::tls_material made;
    made.certificate_chain = text_of(chain.get());
    made.private_key = text_of(secret.get());
    return made;
}

} // namespace devcluster
