#include "controller/report_body.hpp"
#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/check/report.hpp"

// What a built-in check reports is what the controller reads.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    std::vector<std::string> errors;
    while (!in.empty())
        errors.emplace_back(in.next());
    auto body = devcluster::report_body(errors);
    fuzz::require_json(body, "a report is JSON");
    auto parsed = kh::parse_report(body);
    fuzz::require(parsed.content.has_value(), "a report is taken");
    fuzz::require(parsed.content->ok == errors.empty(), "OK exactly where there are no errors");
    return 0;
}
