#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/api/patch.hpp"

// An object and a patch.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    auto original = fuzz::parse_json(in.next());
    auto patch = fuzz::parse_json(in.next());
    if (!original || !patch)
        return 0;
    auto patched = devcluster::apply_json_patch(*original, *patch);
    if (patched)
        fuzz::require_json(boost::json::serialize(*patched), "what comes out is JSON");
    else
        fuzz::require_json(boost::json::serialize(devcluster::to_json(patched.error())), "the answer");

    auto untouched = devcluster::apply_json_patch(*original, boost::json::array());
    fuzz::require(untouched.has_value() && *untouched == *original, "an empty patch changes nothing");
    return 0;
}
