#include "tools/devcluster/node/pod_environment.hpp"
#include "fuzz/fuzz_input.hpp"

// A container, its pod, and the object behind every reference.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    auto container = fuzz::parse_object(in.next());
    auto pod = fuzz::parse_object(in.next()).value_or(boost::json::object());
    auto object = fuzz::parse_object(in.next());
    if (!container)
        return 0;
    devcluster::config_data read;
    for (const auto& reference : devcluster::config_references(*container)) {
        auto& content = read[reference];
        if (object)
            content = devcluster::data_of(reference, *object);
    }
    auto made = devcluster::make_environment(*container, pod, read, "10.0.0.1");
    if (made.has_error()) {
        fuzz::require(!made.error().empty(), "it says what is wrong");
        return 0;
    }
    for (const auto& line : made->lines())
        fuzz::require(line.find('=') != std::string::npos, "a variable has a value");
    for (auto list : {"command", "args"})
        devcluster::expanded_texts(*container, list, *made);
    return 0;
}
