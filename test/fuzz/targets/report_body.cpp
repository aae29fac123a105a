#include "controller/report_body.hpp"
#include "fuzz/fuzz_input.hpp"

#include <boost/json/array.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto parsed = kh::parse_report(fuzz::input(data, size).rest());
    fuzz::require(parsed.content.has_value() == parsed.reason.empty(), "either a report or a reason");
    if (!parsed.content)
        return 0;
    fuzz::require(parsed.content->ok == parsed.content->errors.empty(), "OK exactly where there are no errors");

    auto bounded = kh::bound_report(*parsed.content);
    fuzz::require(kh::bound_report(bounded) == bounded, "bounding is idempotent");
    std::size_t stored = 0;
    for (const auto& error : bounded.errors) {
        fuzz::require(error.size() <= kh::report_error_size_max, "one error is bounded");
        stored += error.size() + 3;
    }
    fuzz::require(stored <= kh::report_errors_size_max, "all errors are bounded");

    boost::json::array errors(bounded.errors.begin(), bounded.errors.end());
    fuzz::require_json(boost::json::serialize(errors), "what is stored is UTF-8");
    return 0;
}
