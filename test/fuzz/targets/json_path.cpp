#include "tools/devcluster/api/json_path.hpp"
#include "fuzz/fuzz_input.hpp"

// A path and an object.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    auto path = devcluster::json_path::parse(in.next());
    auto object = fuzz::parse_object(in.next());
    if (path.has_error())
        fuzz::require(!path.error().empty(), "it says what is wrong");
    else if (object)
        for (const auto* found : path->find(*object))
            fuzz::require_json(boost::json::serialize(*found), "what is found is a value");
    return 0;
}
