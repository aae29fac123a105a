#include "asio_k8s/base64.hpp"
#include "fuzz/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::input(data, size).rest();
    auto encoded = k8s::base64_encode(text);
    fuzz::require(encoded.size() == (size + 2) / 3 * 4, "four characters for three bytes");
    fuzz::require(k8s::base64_decode(encoded) == std::string(text), "what is encoded is decoded");
    if (auto bytes = k8s::base64_decode(text))
        fuzz::require(k8s::base64_decode(k8s::base64_encode(*bytes)) == bytes, "what is decoded is encoded");
    return 0;
}
