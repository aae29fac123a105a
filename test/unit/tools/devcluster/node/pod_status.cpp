#include "tools/devcluster/node/pod_status.hpp"

#include "asio_k8s/rfc3339.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

namespace json = boost::json;
using namespace devcluster;
using namespace std::chrono_literals;
using phase = container_record::phase;
using role = container_record::role;

namespace {

const unix_seconds second = k8s::parse_rfc3339("2026-11-23T13:54:43Z").value();
const moment now{proto_http::time_point(1h), proto_http::wall_time(std::chrono::seconds(second))};

json::object pod_with(const char* spec, const char* status = "{}", const char* more_metadata = "") {
    auto text = fmt::format(R"({{"metadata":{{"name":"p","namespace":"n","uid":"u","generation":1{}}},"spec":{},"status":{}}})",
                            more_metadata, spec, status);
    return json::parse(text).get_object();
}

constexpr auto one_never = R"({"restartPolicy":"Never","containers":[{"name":"main","image":"i"}]})";
constexpr auto one_always = R"({"containers":[{"name":"main","image":"i"}]})";
constexpr auto with_init = R"({"restartPolicy":"Never","initContainers":[{"name":"prepare","image":"i"}],
                               "containers":[{"name":"main","image":"i"}]})";

container_end end_of(int exit_code) {
    container_end end;
    end.exit_code = exit_code;
    end.reason = exit_code == 0 ? "Completed" : "Error";
    end.started = end.finished = second;
    end.id = "process://1";
    return end;
}

void run(container_record& one) {
    one.now = phase::running;
    one.started = second;
    one.id = "process://1";
}

void finish(container_record& one, int exit_code) {
    one.now = phase::ended;
    one.id = "process://1";
    one.end = end_of(exit_code);
}

json::object status_of(const pod_record& record, const json::object& pod, const json::object& before = {},
                       unix_seconds at = second) {
    return make_status(record, pod, before, "127.0.0.1", at);
}

/// "PodReadyToStartContainers=True Initialized=False(ContainersNotInitialized: containers with ...) ..."
std::string conditions_of(const json::object& status) {
    std::string text;
    for (const auto& each : status.at("conditions").as_array()) {
        const auto& one = each.get_object();
        auto member = [&one](const char* name) { return one.contains(name) ? std::string(one.at(name).as_string()) : ""; };
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", member("type"), member("status"));
        if (one.contains("reason"))
            text += fmt::format("({}{}{})", member("reason"), one.contains("message") ? ": " : "", member("message"));
    }
    return text;
}

std::string phase_of(const json::object& status) {
    return std::string(status.at("phase").as_string());
}

} // namespace

BOOST_AUTO_TEST_SUITE(pod_status_)

BOOST_AUTO_TEST_CASE(a_pod_that_is_being_started_looks_as_kubelets) {
    auto pod = pod_with(one_never);
    auto status = status_of(read_pod(pod, now), pod);
    auto expected = json::parse(R"({"observedGeneration":1,"phase":"Pending","conditions":[
        {"type":"PodReadyToStartContainers","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-11-23T13:54:43Z"},
        {"type":"Initialized","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-11-23T13:54:43Z"},
        {"type":"Ready","status":"False","lastProbeTime":null,"lastTransitionTime":"2026-11-23T13:54:43Z",
         "reason":"ContainersNotReady","message":"containers with unready status: [main]"},
        {"type":"ContainersReady","status":"False","lastProbeTime":null,"lastTransitionTime":"2026-11-23T13:54:43Z",
         "reason":"ContainersNotReady","message":"containers with unready status: [main]"},
        {"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-11-23T13:54:43Z"}],
        "hostIP":"127.0.0.1","hostIPs":[{"ip":"127.0.0.1"}],"podIP":"127.0.0.1","podIPs":[{"ip":"127.0.0.1"}],
        "startTime":"2026-11-23T13:54:43Z","containerStatuses":[{"name":"main","state":{"waiting":{"reason":"ContainerCreating"}},
        "lastState":{},"ready":false,"restartCount":0,"image":"i","imageID":"","started":false}]})");
    BOOST_TEST(json::serialize(status) == json::serialize(expected));
}

BOOST_AUTO_TEST_CASE(a_pod_that_has_succeeded_looks_as_kubelets) {
    auto pod = pod_with(one_never);
    auto record = read_pod(pod, now);
    finish(record.containers[0], 0);
    record.is_over = true;
    auto status = status_of(record, pod);
    BOOST_TEST(phase_of(status) == "Succeeded");
    BOOST_TEST(conditions_of(status) ==
               "PodReadyToStartContainers=False Initialized=True(PodCompleted) Ready=False(PodCompleted) "
               "ContainersReady=False(PodCompleted) PodScheduled=True");
    auto expected = json::parse(R"({"name":"main","state":{"terminated":{"exitCode":0,"reason":"Completed",
        "startedAt":"2026-11-23T13:54:43Z","finishedAt":"2026-11-23T13:54:43Z","containerID":"process://1"}},"lastState":{},
        "ready":false,"restartCount":0,"image":"i","imageID":"i","containerID":"process://1","started":false})");
    BOOST_TEST(json::serialize(status.at("containerStatuses").at(0)) == json::serialize(expected));
}

BOOST_AUTO_TEST_CASE(phases_and_conditions_follow_kubelets_rules) {
    using change = void (*)(pod_record&);
    struct {
        const char* what;
        const char* spec;
        change make;
        const char* expected;
    } cases[] = {
        {"runs", one_never, [](pod_record& r) { run(r.containers[0]); },
         "Running: PodReadyToStartContainers=True Initialized=True Ready=True ContainersReady=True PodScheduled=True"},
        {"failed", one_never, [](pod_record& r) { finish(r.containers[0], 3), r.is_over = true; },
         "Failed: PodReadyToStartContainers=False Initialized=True Ready=False(PodFailed) ContainersReady=False(PodFailed) "
         "PodScheduled=True"},
        {"waits for a restart", one_always,
         [](pod_record& r) {
             r.containers[0].last = end_of(1);
             r.containers[0].id = "process://1";
             r.containers[0].reason = "CrashLoopBackOff";
         },
         "Running: PodReadyToStartContainers=True Initialized=True Ready=False(ContainersNotReady: containers with unready "
         "status: "
         "[main]) ContainersReady=False(ContainersNotReady: containers with unready status: [main]) PodScheduled=True"},
        {"an init container runs", with_init, [](pod_record& r) { run(r.containers[0]); },
         "Pending: PodReadyToStartContainers=True Initialized=False(ContainersNotInitialized: containers with incomplete status: "
         "[prepare]) Ready=False(ContainersNotReady: containers with unready status: [main]) "
         "ContainersReady=False(ContainersNotReady: containers with unready status: [main]) PodScheduled=True"},
        {"an init container failed", with_init, [](pod_record& r) { finish(r.containers[0], 1), r.is_over = true; },
         "Failed: PodReadyToStartContainers=False Initialized=False(ContainersNotInitialized: containers with incomplete status: "
         "[prepare]) Ready=False(PodFailed) ContainersReady=False(PodFailed) PodScheduled=True"},
        {"deleted, with a success that would restart", one_always,
         [](pod_record& r) { finish(r.containers[0], 0), r.is_over = true, r.stopping = stop_cause::deleted; },
         "Succeeded: PodReadyToStartContainers=False Initialized=True(PodCompleted) Ready=False(PodCompleted) "
         "ContainersReady=False(PodCompleted) PodScheduled=True"},
    };
    for (const auto& each : cases) {
        auto pod = pod_with(each.spec);
        auto record = read_pod(pod, now);
        each.make(record);
        auto status = status_of(record, pod);
        BOOST_TEST(phase_of(status) + ": " + conditions_of(status) == each.expected, each.what);
    }
}

BOOST_AUTO_TEST_CASE(a_pod_that_exceeded_its_deadline_failed_even_if_its_processes_succeeded) {
    auto pod = pod_with(one_never);
    auto record = read_pod(pod, now);
    finish(record.containers[0], 0);
    record.stopping = stop_cause::deadline;
    record.is_over = true;
    auto status = status_of(record, pod);
    BOOST_TEST(phase_of(status) == "Failed");
    BOOST_TEST(status.at("reason") == "DeadlineExceeded");
    BOOST_TEST(status.at("message") == "Pod was active on the node longer than the specified deadline");
}

BOOST_AUTO_TEST_CASE(a_condition_keeps_its_time_while_it_holds) {
    auto pod = pod_with(one_never);
    auto record = read_pod(pod, now);
    auto before = status_of(record, pod);
    before["conditions"].get_array().push_back(json::parse(R"({"type":"example.org/other","status":"True"})"));
    run(record.containers[0]);
    auto status = status_of(record, pod, before, second + 5);
    auto time = [&](std::size_t index) {
        return std::string(status.at("conditions").at(index).at("lastTransitionTime").as_string());
    };
    BOOST_TEST(time(1) == "2026-11-23T13:54:43Z"); // Initialized
    BOOST_TEST(time(2) == "2026-11-23T13:54:48Z"); // Ready
    BOOST_TEST(status.at("conditions").at(5).at("type") == "example.org/other");
}

BOOST_AUTO_TEST_CASE(a_pod_that_a_node_before_this_one_ran_has_lost_its_processes) {
    auto pod = pod_with(one_always, R"({"startTime":"2026-11-23T13:50:00Z","containerStatuses":[{"name":"main","restartCount":2,
        "containerID":"process://1","state":{"running":{"startedAt":"2026-11-23T13:50:01Z"}},
        "lastState":{"terminated":{"exitCode":1,"reason":"Error","startedAt":"2026-11-23T13:49:00Z",
        "finishedAt":"2026-11-23T13:49:01Z"}}}]})");
    auto record = read_pod(pod, now);
    const auto& one = record.containers[0];
    BOOST_TEST((one.now == phase::ended));
    BOOST_TEST(one.end->exit_code == 137);
    BOOST_TEST(one.end->reason == "ContainerStatusUnknown");
    BOOST_TEST(one.end->message == "The container could not be located when the pod was terminated");
    BOOST_TEST(one.last->exit_code == 1);
    BOOST_TEST(one.restarts == 2U);
    BOOST_TEST(record.started.value() == second - 283);
}

// Somebody may write a status with two entries of one name: the last one counts.
BOOST_AUTO_TEST_CASE(a_container_with_two_statuses_is_shown_by_the_last) {
    const auto pod = pod_with(one_always, R"({"containerStatuses":[
        {"name":"main","state":{"running":{}}}, {"name":"main","state":{"waiting":{}}}]})");
    const auto record = read_pod(pod, now);
    BOOST_TEST((record.containers.at(0).now == phase::waiting));
    BOOST_TEST(json::serialize(status_of(record, pod).at("containerStatuses").at(0).at("state")).starts_with(R"({"waiting")"));
}

BOOST_AUTO_TEST_CASE(deletion_and_deadline_are_taken_from_the_pod_as_it_changes) {
    auto record = read_pod(pod_with(R"({"activeDeadlineSeconds":60,"terminationGracePeriodSeconds":7,"containers":[]})"), now);
    BOOST_TEST((record.deadline == now.now + 60s));
    BOOST_TEST((record.grace == 7s));
    update_pod(record,
               pod_with(R"({"terminationGracePeriodSeconds":7,"containers":[]})", "{}",
                        R"(,"deletionTimestamp":"2026-11-23T13:54:50Z","deletionGracePeriodSeconds":3)"),
               now);
    BOOST_TEST((record.deadline == proto_http::never));
    BOOST_TEST((record.stopping == stop_cause::deleted));
    BOOST_TEST((record.grace == 3s));
    // Already told to end; a second deletion is in more of a hurry.
    record.kill_at = now.now + 3s;
    update_pod(
        record,
        pod_with(R"({"containers":[]})", "{}", R"(,"deletionTimestamp":"2026-11-23T13:54:50Z","deletionGracePeriodSeconds":1)"),
        now);
    BOOST_TEST((record.kill_at == now.now + 1s));
}

BOOST_AUTO_TEST_CASE(a_grace_and_a_deadline_of_any_number_lie_ahead_and_not_beyond_ten_years) {
    constexpr auto ten_years = 10 * 365 * 24h;
    for (const char* number : {"9223372036854775807", "9000000000", "315360000"}) {
        const auto spec = fmt::format(R"({{"terminationGracePeriodSeconds":{0},"activeDeadlineSeconds":{0}}})", number);
        const auto deleted = fmt::format(R"(,"deletionTimestamp":"x","deletionGracePeriodSeconds":{})", number);
        BOOST_TEST_CONTEXT(number) {
            auto record = read_pod(pod_with(spec.c_str()), now);
            BOOST_TEST((record.grace == ten_years));
            BOOST_TEST((record.deadline == now.now + ten_years));
            record.kill_at = proto_http::never - 1s;
            update_pod(record, pod_with(spec.c_str(), "{}", deleted.c_str()), now);
            BOOST_TEST((record.grace == ten_years));
            BOOST_TEST((record.kill_at == now.now + ten_years));
        }
    }
    for (const char* started : {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
        const auto status = fmt::format(R"({{"startTime":"{}"}})", started);
        const auto record = read_pod(pod_with(R"({"activeDeadlineSeconds":1})", status.c_str()), now);
        BOOST_TEST((record.deadline < now.now) == (started[0] == '0'));
    }
}

BOOST_AUTO_TEST_CASE(containers_that_a_stop_kept_from_running_are_shown_as_lost) {
    auto record = read_pod(pod_with(one_never), now);
    record.containers[0].reason = "ImagePullBackOff";
    note_stopped(record);
    BOOST_TEST(record.containers[0].end->reason == "ContainerStatusUnknown");
    // Not those of a pod that was never initialized.
    record = read_pod(pod_with(with_init), now);
    note_stopped(record);
    BOOST_TEST((record.containers[1].now == phase::waiting));
}

BOOST_AUTO_TEST_SUITE_END()
