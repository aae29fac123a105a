#include "controller/check_object.hpp"
#include "controller/pod_builder.hpp"
#include "fuzz/fuzz_input.hpp"

namespace {

/// What is stored must be what the API server takes: JSON, with the results that were put in.
void store(const kh::core::state_view& state) {
    kh::core::run_result result;
    result.key = state.key;
    fuzz::require_json(kh::v1::state_create_body(result, "pod"), "a state that is created");
    fuzz::require_json(kh::v1::state_patch_body(result, "pod", "1"), "a state that is patched");
}

void check(const boost::json::object& object, kh::core::workload kind) {
    auto parsed = kh::v1::parse_check(object, kind);
    fuzz::require(parsed.view.spec_error.empty() != parsed.pod_template.empty(), "either a template or what is wrong");
    if (parsed.pod_template.empty())
        return;
    kh::pod_order order;
    order.key = parsed.view.key;
    order.kind = kind;
    order.check_uid = parsed.view.uid;
    order.run_id = order.secret = "0b7a";
    order.pod_name = "pod";
    auto pod = kh::build_pod(parsed.pod_template, order, "http://kuberhealthy/externalCheckStatus");
    auto built = fuzz::parse_object(pod);
    fuzz::require(built.has_value(), "the pod is an object");
    const auto& spec = built->at("spec").as_object();
    fuzz::require(spec.at("restartPolicy") == "Never", "a checker pod runs once");
    fuzz::require(spec.contains("containers"), "a checker pod has its containers");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto object = fuzz::parse_object(fuzz::input(data, size).rest());
    if (!object)
        return 0;
    check(*object, kh::core::workload::check);
    check(*object, kh::core::workload::job);
    store(kh::v1::parse_state(*object));
    return 0;
}
