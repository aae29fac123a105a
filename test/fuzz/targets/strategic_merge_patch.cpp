#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/api/core_schemas.hpp"
#include "tools/devcluster/api/patch.hpp"

namespace {

void patch(const boost::json::object& original, const boost::json::object& with, const devcluster::schema* of) {
    auto patched = devcluster::apply_strategic_merge_patch(original, with, of);
    if (patched)
        fuzz::require_json(boost::json::serialize(*patched), "what comes out is JSON");
    else
        fuzz::require_json(boost::json::serialize(devcluster::to_json(patched.error())), "the answer");
    auto untouched = devcluster::apply_strategic_merge_patch(original, boost::json::object(), of);
    fuzz::require(untouched.has_value() && *untouched == original, "an empty patch changes nothing");
}

} // namespace

// A pod and a patch.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto pod = devcluster::core_schema("", "v1", "Pod");
    fuzz::input in(data, size);
    auto original = fuzz::parse_object(in.next());
    auto with = fuzz::parse_object(in.next());
    if (!original || !with)
        return 0;
    patch(*original, *with, pod.get());
    patch(*original, *with, nullptr);
    return 0;
}
