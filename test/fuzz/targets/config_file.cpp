#include "controller/config_file.hpp"
#include "fuzz/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::input(data, size).rest());
    kh::settings read;
    std::vector<std::string> warnings;
    auto wrong = kh::read_config(text, read, warnings);
    for (const auto& warning : warnings)
        fuzz::require(!warning.empty() && warning.find('\n') == std::string::npos, "a warning is one line");
    if (!wrong.empty())
        return 0;
    fuzz::require(read.check_pod_age_max >= std::chrono::seconds(30), "pods live for some time");
    fuzz::require(read.job_age_max >= std::chrono::minutes(5), "jobs live for some time");
    fuzz::require(read.starts_per_second_max > 0 && read.starts_per_second_max <= 10'000, "starts go on");
    fuzz::require(read.completed_pods_max <= 1'000'000 && read.error_pods_max <= 1'000'000, "counts are bounded");
    fuzz::require(read.listen.port != 0, "it listens somewhere");

    kh::settings again;
    std::vector<std::string> warnings_again;
    fuzz::require(kh::read_config(text, again, warnings_again).empty() && again == read && warnings_again == warnings,
                  "the same file means the same");
    return 0;
}
