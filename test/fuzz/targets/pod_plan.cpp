#include "tools/devcluster/node/pod_plan.hpp"
#include "fuzz/fuzz_input.hpp"
#include "tools/devcluster/node/pod_status.hpp"

namespace {

using phase = devcluster::container_record::phase;

void show(const devcluster::pod_record& record, const boost::json::object& pod, const devcluster::moment& at) {
    auto status = devcluster::make_status(record, pod, {}, "10.0.0.1", at.seconds());
    fuzz::require_json(boost::json::serialize(status), "a status is JSON");
}

/// What the node would do: processes start at once and end with 1 the next time.
void take(devcluster::pod_record& record, const devcluster::pod_step& step, const devcluster::moment& at) {
    for (auto& one : record.containers)
        if (one.now == phase::running) {
            one.now = phase::ended;
            one.end.emplace().exit_code = 1;
            one.ended_at = at.now;
        }
    auto count = record.containers.size();
    for (auto index : step.back_off)
        fuzz::require(index < count, "what backs off is there");
    for (auto index : step.terminate)
        fuzz::require(index < count, "what is told to end is there");
    for (auto index : step.kill)
        fuzz::require(index < count, "what is killed is there");
    if (!step.start)
        return;
    fuzz::require(*step.start < count, "what is started is there");
    auto& started = record.containers[*step.start];
    devcluster::note_start(started, at.now);
    started.now = phase::running;
}

} // namespace

// A pod as the node meets it, and as it is changed later.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    auto pod = fuzz::parse_object(in.next());
    if (!pod)
        return 0;
    auto changed = fuzz::parse_object(in.next());
    devcluster::moment at{proto_http::time_point(std::chrono::hours(1)), proto_http::wall_time(std::chrono::hours(500'000))};
    auto record = devcluster::read_pod(*pod, at);
    for (unsigned i = 0; i < 6; ++i) {
        auto step = devcluster::next_step(record, at.now);
        fuzz::require(!step.is_over || !step.start, "nothing is started in the end");
        take(record, step, at);
        show(record, *pod, at);
        if (i == 3 && changed)
            devcluster::update_pod(record, *changed, at);
        at.now += std::chrono::seconds(20);
        at.wall += std::chrono::seconds(20);
    }
    devcluster::note_stopped(record);
    show(record, *pod, at);
    return 0;
}
