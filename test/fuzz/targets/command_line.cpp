#include "controller/settings.hpp"
#include "fuzz/fuzz_input.hpp"

#include <vector>

// The arguments of the controller.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    std::vector<std::string> words{"kuberhealthy"};
    while (!in.empty() && words.size() < 16)
        words.emplace_back(in.next());
    std::vector<const char*> pointers;
    for (const auto& word : words)
        pointers.push_back(word.c_str());

    auto parsed = kh::parse_command_line(static_cast<int>(pointers.size()), pointers.data());
    fuzz::require(parsed.value.has_value() == parsed.output.empty(), "either arguments or something to say");
    fuzz::require(!parsed.value || parsed.exit_code == 0, "what is good is no failure");
    return 0;
}
