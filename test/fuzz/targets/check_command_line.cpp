#include "fuzz/fuzz_input.hpp"
#include "support/manual_runtime.hpp"
#include "tools/devcluster/check/command_line.hpp"

// The arguments of a built-in check; a word NAME=value with a name in capitals is a variable of its environment.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static boost::asio::io_context context;
    test_support::manual_runtime rt(context);
    fuzz::input in(data, size);
    std::vector<std::string> words;
    for (unsigned i = 0; i < 16 && !in.empty(); ++i) {
        auto word = in.next();
        auto equals = word.find('=');
        if (!word.empty() && word.front() >= 'A' && word.front() <= 'Z' && equals != std::string_view::npos)
            rt.variables.emplace(word.substr(0, equals), word.substr(equals + 1));
        else
            words.emplace_back(word);
    }
    auto call = devcluster::parse_command_line(rt, std::move(words));
    auto said = (call.run ? 1 : 0) + (call.help.empty() ? 0 : 1) + (call.problem.empty() ? 0 : 1);
    fuzz::require(said == 1, "a check, or help, or what is wrong");
    return 0;
}
