#include "controller/pod_object.hpp"
#include "asio_k8s/rfc3339.hpp"

#include "support/test_data.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <set>
#include <sstream>
#include <string>

namespace json = boost::json;
using kh::core::pod_phase;
using kh::core::pod_view;

namespace {

pod_view pod_of(const std::string& text) {
    return kh::parse_pod(json::parse(text).as_object());
}

// All that was seen of each pod in the recorded watch, in order.
const std::map<std::string, std::vector<pod_view>>& recorded() {
    static const auto pods = [] {
        std::map<std::string, std::vector<pod_view>> out;
        std::istringstream lines(test_support::read_test_data("kube-1.36.3/watch/pods-of-every-fate.jsonl"));
        for (std::string line; std::getline(lines, line);) {
            const auto event = json::parse(line);
            if (event.at("type").as_string() != "BOOKMARK") {
                auto pod = kh::parse_pod(event.at("object").as_object());
                out[pod.name].push_back(std::move(pod));
            }
        }
        return out;
    }();
    return pods;
}

const pod_view& end_of(const std::string& name) {
    return recorded().at(name).back();
}

} // namespace

BOOST_AUTO_TEST_SUITE(pod_object)

BOOST_AUTO_TEST_CASE(every_fate_has_its_phase_reason_and_line) {
    const struct {
        const char* name;
        pod_phase phase;
        bool ran;
        bool container_ended;
        bool infrastructure_fault;
        const char* fatal_reason;
        const char* waiting_reason;
        const char* explanation; // its beginning; the whole of it where it ends with a '$'
    } table[] = {
        {"succeeds", pod_phase::succeeded, true, true, false, "", "", "container main exited with code 0 (Completed)$"},
        {"exits-3", pod_phase::failed, true, true, false, "", "", "container main exited with code 3 (Error)$"},
        {"image-missing", pod_phase::pending, false, false, false, "", "ImagePullBackOff",
         "container main: ImagePullBackOff: Back-off pulling image \"registry.example/none:1\": ErrImagePull: failed to pull and "
         "unpack "
         "image"},
        {"image-never", pod_phase::pending, false, false, false, "ErrImageNeverPull", "",
         "container main: ErrImageNeverPull: Container image \"registry.example/none:1\" is not present with pull policy of "
         "Never$"},
        {"command-missing", pod_phase::failed, false, true, false, "", "",
         "container main exited with code 128 (StartError): failed to create containerd task"},
        {"secret-missing", pod_phase::pending, false, false, false, "", "CreateContainerConfigError",
         "container main: CreateContainerConfigError: secret \"nope\" not found$"},
        {"unschedulable", pod_phase::pending, false, false, false, "", "Unschedulable",
         "Unschedulable: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."},
        {"too-big", pod_phase::pending, false, false, false, "", "Unschedulable",
         "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."},
        {"deadline", pod_phase::failed, true, true, false, "", "",
         "DeadlineExceeded: Pod was active on the node longer than the specified deadline; container main exited with code 137 "
         "(Error)$"},
        {"oom", pod_phase::failed, true, true, false, "", "", "container main exited with code 137 (OOMKilled)$"},
        {"sidecar", pod_phase::running, true, true, false, "", "",
         "container main exited with code 0 (Completed); container proxy is running$"},
        {"init-fails", pod_phase::failed, false, false, false, "", "", "init container prepare exited with code 1 (Error)$"},
        {"volume-missing", pod_phase::pending, false, false, false, "", "",
         "container main: ContainerCreating (its volumes or its network are not ready)$"},
        {"deleted-while-running", pod_phase::failed, true, true, false, "", "", "container main exited with code 137 (Error)$"},
        {"evicted-by-api", pod_phase::failed, true, true, true, "", "",
         "EvictionByEvictionAPI: Eviction API: evicting; container main exited with code 137 (Error)$"},
        {"crash-loops", pod_phase::running, true, true, false, "", "", "container main exited with code 1 (Error)$"},
    };
    BOOST_TEST(recorded().size() == std::size(table));
    for (const auto& row : table) {
        const auto& pod = end_of(row.name);
        BOOST_TEST_CONTEXT(row.name << ": " << pod.explanation) {
            BOOST_TEST((pod.phase == row.phase));
            BOOST_TEST(pod.ran == row.ran);
            BOOST_TEST(pod.container_ended == row.container_ended);
            BOOST_TEST(pod.infrastructure_fault == row.infrastructure_fault);
            BOOST_TEST(pod.fatal_reason == row.fatal_reason);
            BOOST_TEST(pod.waiting_reason == row.waiting_reason);
            std::string_view expected = row.explanation;
            if (expected.ends_with('$'))
                BOOST_TEST(pod.explanation + "$" == expected);
            else
                BOOST_TEST(pod.explanation.starts_with(expected));
            BOOST_TEST(pod.started.has_value() == row.ran);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_stages_of_a_run_are_told_in_order) {
    const struct {
        const char* name;
        std::vector<std::string> lines;
    } table[] = {
        {"succeeds",
         {"not scheduled yet", "scheduled to node labnode, whose kubelet has not said anything yet",
          "container main: ContainerCreating (its volumes or its network are not ready)", "container main: ContainerCreating",
          "container main is running", "container main exited with code 0 (Completed)"}},
        {"init-fails",
         {"not scheduled yet", "scheduled to node labnode, whose kubelet has not said anything yet",
          "container main: PodInitializing (its volumes or its network are not ready)", "container main: PodInitializing",
          "init container prepare is running", "init container prepare exited with code 1 (Error)"}},
    };
    for (const auto& row : table) {
        std::vector<std::string> lines;
        for (const auto& pod : recorded().at(row.name))
            if (lines.empty() || lines.back() != pod.explanation)
                lines.push_back(pod.explanation);
        BOOST_TEST(lines == row.lines, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(waiting_reasons_come_and_go_as_the_kubelet_tells_them) {
    std::set<std::string> reasons;
    for (const auto& pod : recorded().at("image-missing"))
        reasons.insert(pod.waiting_reason);
    BOOST_TEST(reasons == (std::set<std::string>{"", "ErrImagePull", "ImagePullBackOff"}), boost::test_tools::per_element());
    reasons.clear();
    for (const auto& pod : recorded().at("crash-loops"))
        reasons.insert(pod.waiting_reason);
    BOOST_TEST(reasons == (std::set<std::string>{"", "CrashLoopBackOff"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(metadata_of_a_v2_pod_is_read_and_has_nothing_of_ours) {
    const auto& pod = end_of("deadline");
    BOOST_TEST(pod.check.text() == "default/deadline");
    BOOST_TEST(!pod.uid.empty());
    BOOST_TEST(pod.created == *k8s::parse_rfc3339("2026-11-23T13:54:44Z"));
    BOOST_TEST(!pod.slot.has_value());
    BOOST_TEST(!pod.deadline.has_value());
    BOOST_TEST(pod.check_uid == "");
    BOOST_TEST(pod.run_id == "");
    BOOST_TEST(pod.node == "labnode");
    BOOST_TEST(pod.ip.starts_with("10.78.0."));
    BOOST_TEST(!pod.host_network);
    BOOST_TEST(!pod.terminating);
    BOOST_TEST((pod.started == k8s::parse_rfc3339("2026-11-23T13:54:45Z")));
    BOOST_TEST((pod.finished == k8s::parse_rfc3339("2026-11-23T13:54:50Z")));
}

BOOST_AUTO_TEST_CASE(a_pod_that_goes_away_is_terminating) {
    BOOST_TEST(end_of("deleted-while-running").terminating);
    BOOST_TEST(end_of("evicted-by-api").terminating);
    BOOST_TEST(!recorded().at("deleted-while-running").front().terminating);
}

BOOST_AUTO_TEST_CASE(a_pod_that_has_not_ended_has_no_end) {
    BOOST_TEST(!end_of("sidecar").finished.has_value());
    BOOST_TEST(!end_of("image-missing").finished.has_value());
}

BOOST_AUTO_TEST_CASE(a_listed_pod_is_the_watched_one) {
    const auto list = json::parse(test_support::read_test_data("kube-1.36.3/objects/pod-list.json"));
    std::size_t compared = 0;
    for (const auto& item : list.at("items").as_array()) {
        const auto pod = kh::parse_pod(item.as_object());
        if (pod.name == "image-missing" || pod.name == "crash-loops") // they go on changing
            continue;
        BOOST_TEST((pod == end_of(pod.name)), pod.name);
        ++compared;
    }
    BOOST_TEST(compared == 12u);
}

BOOST_AUTO_TEST_CASE(the_check_is_known_by_annotation_then_label_and_its_uid_by_annotation_then_owner) {
    const auto by_annotation = pod_of(
        R"({"metadata":{"namespace":"ns","labels":{"kuberhealthy-check-name":"label"},"annotations":{"comcast.github.io/check-name":
               "annotation","kuberhealthy.github.io/check-uid":"ours"},"ownerReferences":[{"apiVersion":"comcast.github.io/v1",
               "kind":"KuberhealthyCheck","uid":"owner"}]}})");
    BOOST_TEST(by_annotation.check.name == "annotation");
    BOOST_TEST(by_annotation.check_uid == "ours");
    const auto by_owner = pod_of(
        R"({"metadata":{"namespace":"ns","labels":{"kuberhealthy-check-name":"label","kuberhealthy-run-id":"the-secret-in-v2"},
               "ownerReferences":[{"apiVersion":"v1","kind":"Pod","uid":"v2"},7,{"apiVersion":"comcast.github.io/v1","kind":
               "KuberhealthyJob","uid":"owner"}]}})");
    BOOST_TEST(by_owner.check.name == "label");
    BOOST_TEST(by_owner.check_uid == "owner");
    BOOST_TEST(by_owner.run_id == "");
    BOOST_TEST(pod_of(R"({"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","uid":"v2"}]}})").check_uid == "");
}

BOOST_AUTO_TEST_CASE(the_last_literal_secret_counts) {
    BOOST_TEST(pod_of(R"({"spec":{"containers":[{"env":[{"name":"KH_RUN_UUID","value":"a"}]},{},{"env":[{"name":"X","value":"y"},
               {"name":"KH_RUN_UUID","value":"b"},{"name":"KH_RUN_UUID","valueFrom":{}}]}]}})")
                   .secret == "b");
    BOOST_TEST(pod_of(R"({"spec":{"initContainers":[{"env":[{"name":"KH_RUN_UUID","value":"a"}]}]}})").secret == "");
}

BOOST_AUTO_TEST_CASE(faults_of_the_infrastructure_are_told_from_the_check_s) {
    const struct {
        const char* status;
        bool fault;
        const char* explanation;
    } table[] = {
        {R"({"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."})", true,
         "Evicted: The node was low on resource: memory."},
        {R"({"phase":"Failed","reason":"NodeLost"})", true, "NodeLost"},
        {R"({"phase":"Failed","reason":"Terminated","message":"Pod was terminated in response to imminent node shutdown."})",
         true, "Terminated: Pod was terminated in response to imminent node shutdown."},
        {R"({"phase":"Failed","reason":"NodeShutdown"})", true, "NodeShutdown"},
        {R"({"phase":"Failed","reason":"Shutdown"})", true, "Shutdown"},
        {R"({"phase":"Failed","reason":"Preempting","message":"Preempted in order to admit critical pod"})", true,
         "Preempting: Preempted in order to admit critical pod"},
        {R"({"phase":"Failed","reason":"OutOfcpu","message":"Pod was rejected: Node didn't have enough resource: cpu"})", true,
         "OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu"},
        {R"({"phase":"Failed","reason":"NodeAffinity","message":"Predicate NodeAffinity failed"})", true,
         "NodeAffinity: Predicate NodeAffinity failed"},
        {R"({"phase":"Failed","conditions":[{"type":"DisruptionTarget","status":"True","reason":"DeletionByPodGC",
             "message":"PodGC: node no longer exists"}]})",
         true, "DeletionByPodGC: PodGC: node no longer exists"},
        {R"({"phase":"Running","conditions":[{"type":"DisruptionTarget","status":"True","reason":"PreemptionByScheduler"}],
             "containerStatuses":[{"name":"main","state":{"running":{"startedAt":"2026-11-23T13:54:45Z"}}}]})",
         true, "PreemptionByScheduler: disrupted; container main is running"},
        {R"({"phase":"Failed","conditions":[{"type":"DisruptionTarget","status":"False","reason":"x"}]})", false,
         "the pod ended and nothing says how"},
        {R"({"phase":"Failed","reason":"DeadlineExceeded","message":"Pod was active on the node longer than the specified deadline"})",
         false, "DeadlineExceeded: Pod was active on the node longer than the specified deadline"},
        {R"({"phase":"Failed","reason":"UnexpectedAdmissionError"})", true, "UnexpectedAdmissionError"},
    };
    for (const auto& row : table) {
        const auto pod = pod_of(std::string(R"({"status":)") + row.status + "}");
        BOOST_TEST_CONTEXT(row.status) {
            BOOST_TEST(pod.infrastructure_fault == row.fault);
            BOOST_TEST(pod.explanation == row.explanation);
        }
    }
}

BOOST_AUTO_TEST_CASE(only_what_nothing_heals_is_fatal) {
    const auto waiting = [](const std::string& reason) {
        return pod_of(
            R"({"status":{"phase":"Pending","containerStatuses":[{"name":"a","state":{"waiting":{"reason":"ImagePullBackOff"}}},
                      {"name":"b","state":{"waiting":{"reason":")" +
            reason + R"(","message":"m"}}}]}})");
    };
    BOOST_TEST(waiting("InvalidImageName").fatal_reason == "InvalidImageName");
    BOOST_TEST(waiting("InvalidImageName").waiting_reason == "");
    BOOST_TEST(waiting("ErrImageNeverPull").fatal_reason == "ErrImageNeverPull");
    for (const char* reason : {"ErrImagePull", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}) {
        BOOST_TEST(waiting(reason).fatal_reason == "");
        BOOST_TEST(waiting(reason).waiting_reason == "ImagePullBackOff");
    }
    BOOST_TEST(pod_of(R"({"status":{"initContainerStatuses":[{"name":"i","state":{"waiting":{"reason":"InvalidImageName"}}}]}})")
                   .fatal_reason == "InvalidImageName");
}

BOOST_AUTO_TEST_CASE(gates_of_the_scheduler_are_a_waiting_reason) {
    const auto pod = pod_of(R"({"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",
                             "reason":"SchedulingGated","message":"Scheduling is blocked due to non-empty scheduling gates"}]}})");
    BOOST_TEST(pod.waiting_reason == "SchedulingGated");
    BOOST_TEST(pod.explanation == "SchedulingGated: Scheduling is blocked due to non-empty scheduling gates");
}

BOOST_AUTO_TEST_CASE(messages_are_one_line_and_cut_between_characters) {
    std::string message = "first\\nsecond ";
    for (int i = 0; i < 400; ++i)
        message += "\u20ac";
    const auto pod =
        pod_of(R"({"status":{"containerStatuses":[{"name":"main","state":{"waiting":{"reason":"ErrImagePull","message":")" +
               message + R"("}}}]}})");
    const std::string head = "container main: ErrImagePull: first second ";
    BOOST_TEST(pod.explanation.starts_with(head));
    BOOST_TEST(pod.explanation.ends_with("\u20ac\u2026 (cut)"));
    BOOST_TEST(pod.explanation.size() <= std::string("container main: ErrImagePull: ").size() + 512);
    BOOST_TEST(pod.explanation.size() > 500u);
}

BOOST_AUTO_TEST_CASE(a_hundred_containers_stay_one_bounded_line) {
    std::string list;
    for (int i = 0; i < 100; ++i)
        list += R"({"name":"c","state":{"terminated":{"exitCode":1,"reason":"Error","message":")" + std::string(600, 'm') +
                R"("}}},)";
    list.pop_back();
    BOOST_TEST(pod_of(R"({"status":{"phase":"Failed","containerStatuses":[)" + list + "]}}").explanation.size() <= 2048u);
}

BOOST_AUTO_TEST_CASE(objects_of_any_shape_are_survived) {
    for (
        const char* text :
        {"{}", R"({"metadata":1,"spec":[],"status":"x"})", R"({"metadata":{"labels":[],"annotations":7,"ownerReferences":{}}})",
         R"({"spec":{"containers":{},"hostNetwork":"yes","nodeName":5},"status":{"phase":7,"containerStatuses":[1,{},{"state":[]},
              {"state":{"terminated":{"exitCode":"x"}},"lastState":{"terminated":1}}],"conditions":{"a":1}}})",
         R"({"metadata":{"annotations":{"kuberhealthy.github.io/slot":"1x","kuberhealthy.github.io/attempt":"99999999999",
              "kuberhealthy.github.io/deadline":""}}})"}) {
        const auto pod = pod_of(text);
        BOOST_TEST(!pod.slot.has_value());
        BOOST_TEST(!pod.deadline.has_value());
        BOOST_TEST(pod.attempt == 0);
        BOOST_TEST(!pod.explanation.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
