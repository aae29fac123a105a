#include "controller/settings.hpp"
#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/check/target.hpp"

#include <algorithm>

// An address to listen at, a target of a check, and a list of names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::input(data, size).rest();
    if (auto listen = kh::parse_listen_address(text)) {
        fuzz::require(listen->port != 0, "it listens at a port");
        auto again = kh::parse_listen_address(devcluster::text_of(*listen));
        fuzz::require(again == listen, "what is printed is the same address");
    }
    if (auto target = devcluster::parse_target(text)) {
        fuzz::require(!target->host.empty() && target->port != 0, "a target has a host and a port");
        fuzz::require(devcluster::parse_target(devcluster::text_of(*target)) == target, "what is printed is the same target");
    }
    auto names = kh::split_names(text);
    auto sorted = names;
    std::sort(sorted.begin(), sorted.end());
    fuzz::require(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(), "a name is in it once");
    for (const auto& name : names)
        fuzz::require(kh::split_names(name) == std::vector<std::string>{name}, "a name is one");
    return 0;
}
