#include "controller/pod_object.hpp"
#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/api/pod_summary.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto object = fuzz::parse_object(fuzz::input(data, size).rest());
    if (!object)
        return 0;
    auto pod = kh::parse_pod(*object);
    fuzz::require(pod.explanation.find('\n') == std::string::npos, "the explanation is one line");
    fuzz::require_json(boost::json::serialize(boost::json::value(pod.explanation)), "the explanation is UTF-8");
    return 0;
}
