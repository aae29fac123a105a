#include "asio_k8s/exec_credential.hpp"
#include "fuzz/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto parsed = k8s::parse_exec_credential(fuzz::input(data, size).rest(), "client.authentication.k8s.io/v1");
    if (parsed.has_error())
        fuzz::require(!parsed.error().message.empty(), "it says what is wrong");
    else
        fuzz::require(!parsed->token.empty() || !parsed->certificate.empty(), "a credential is one");
    return 0;
}
