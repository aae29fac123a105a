#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/api/patch.hpp"

// An object and a patch.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    auto original = fuzz::parse_object(in.next());
    auto patch = fuzz::parse_json(in.next());
    if (!original || !patch)
        return 0;
    auto once = devcluster::apply_merge_patch(*original, *patch);
    fuzz::require(once.has_value() == patch->is_object(), "every object is a merge patch and nothing else is one");
    if (!once)
        return 0;
    fuzz::require_json(boost::json::serialize(*once), "what comes out is JSON");
    // What replaces an object keeps the nulls inside of its lists, as in kube-apiserver; the second time they go.
    auto twice = devcluster::apply_merge_patch(*once, *patch);
    auto thrice = devcluster::apply_merge_patch(*twice, *patch);
    fuzz::require_equal(boost::json::serialize(*thrice), boost::json::serialize(*twice), "again is no change");

    auto untouched = devcluster::apply_merge_patch(*original, boost::json::object());
    fuzz::require(*untouched == *original, "an empty patch changes nothing");
    return 0;
}
