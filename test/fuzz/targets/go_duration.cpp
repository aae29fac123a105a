#include "proto_http/go_duration.hpp"
#include "fuzz/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto value = proto_http::parse_go_duration(fuzz::input(data, size).rest());
    if (value)
        fuzz::require(proto_http::parse_go_duration(proto_http::format_go_duration(*value)) == value,
                      "what is printed is read as the same duration");
    return 0;
}
