#include "asio_k8s/base64.hpp"
#include "fuzz/fuzz_input.hpp"
#include "proto_http/text.hpp"
#include "proto_http/tls.hpp"

namespace {

std::string pem_of(std::string_view der) {
    auto text = k8s::base64_encode(der);
    std::string made = "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t at = 0; at < text.size(); at += 64)
        made.append(text, at, 64).append("\n");
    return made + "-----END CERTIFICATE-----\n";
}

void check(std::string_view pem) {
    auto read = proto_http::read_certificate(pem);
    if (!read)
        return;
    for (const auto& name : {read->subject, read->issuer}) {
        fuzz::require(proto_http::is_utf8(name), "a name is UTF-8");
        fuzz::require(name.find_first_of("\r\n") == std::string::npos, "a name is one line");
    }
}

} // namespace

// A file of certificates, as it is and as the content of one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto bytes = fuzz::input(data, size).rest();
    if (bytes.starts_with("-----BEGIN"))
        check(bytes);
    else
        check(pem_of(bytes));
    return 0;
}
