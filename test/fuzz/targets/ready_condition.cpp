#include "controller/ready_condition.hpp"
#include "controller/condition_support.hpp"
#include "fuzz/fuzz_input.hpp"
#include "fuzz/json_doubles.hpp"

// A check with the conditions of its status; the same text as an answer of discovery.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto value = fuzz::parse_json(fuzz::input(data, size).rest());
    if (!value)
        return 0;
    kh::lists_check_status(*value);
    if (!value->is_object())
        return 0;
    kh::core::check_view read;
    kh::v1::read_conditions(value->get_object(), read);
    auto patch = fuzz::parse_object(
        kh::v1::condition_patch_body(read.ready.value_or(kh::core::ready_condition()), read.other_conditions, "1"));
    fuzz::require(patch.has_value(), "what is written is JSON");
    kh::core::check_view again;
    kh::v1::read_conditions(*patch, again);
    if (!fuzz::has_double(*value, [](double) { return true; })) // some are read one bit off
        fuzz::require_equal(again.other_conditions, read.other_conditions, "what others wrote is in it again");
    fuzz::require(again.ready.has_value() && (!read.ready || again.ready == read.ready), "so is ours");
    return 0;
}
