#include "tools/devcluster/check/status_set.hpp"
#include "fuzz/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto set = devcluster::status_set::parse(fuzz::input(data, size).rest());
    if (!set)
        return 0;
    auto again = devcluster::status_set::parse(set->text());
    fuzz::require(again.has_value(), "what it was made of is read again");
    bool has_any = false;
    for (unsigned status = 0; status < 700; ++status) {
        fuzz::require(set->contains(status) == again->contains(status), "it is the same set");
        fuzz::require(!set->contains(status) || (status >= 100 && status <= 599), "only what is a status");
        has_any = has_any || set->contains(status);
    }
    fuzz::require(has_any, "a set has a member");
    return 0;
}
