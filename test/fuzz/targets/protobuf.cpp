#include "tools/devcluster/api/protobuf.hpp"
#include "fuzz/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto parsed = devcluster::parse_protobuf(fuzz::input(data, size).rest());
    if (parsed) {
        fuzz::require_json(boost::json::serialize(*parsed), "a body can be written as JSON");
    } else {
        fuzz::require(parsed.error().code == 400 || parsed.error().code == 415, "it is malformed, or of another kind");
        fuzz::require_json(boost::json::serialize(devcluster::to_json(parsed.error())), "the answer");
    }
    return 0;
}
