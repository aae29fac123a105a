#include "asio_k8s/rfc3339.hpp"
#include "fuzz/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::input(data, size).rest();
    if (auto value = k8s::parse_rfc3339(text)) {
        auto printed = k8s::format_rfc3339(*value);
        auto again = k8s::parse_rfc3339(printed);
        fuzz::require(again.has_value(), "what is printed is read");
        // A time zone can lead out of the years that there are; then the nearest end is printed.
        fuzz::require_equal(k8s::format_rfc3339(*again), printed, "what is read is printed the same");
    }
    return 0;
}
