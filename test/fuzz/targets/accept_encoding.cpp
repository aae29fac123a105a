#include "fuzz/fuzz_input.hpp"
#include "proto_http/gzip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::input(data, size).rest());
    proto_http::accepts_gzip(text);
    fuzz::require(proto_http::accepts_gzip(text + ",gzip"), "what is named is accepted");
    fuzz::require(!proto_http::accepts_gzip(text + ",gzip;q=0"), "unless it is refused");
    return 0;
}
