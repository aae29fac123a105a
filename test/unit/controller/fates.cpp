#include "controller/core/retention.hpp"
#include "controller/pod_object.hpp"

#include "support/test_data.hpp"
#include "unit/controller/core/bench.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <sstream>
#include <string>

// The pods that a real cluster recorded, each as the checker pod of a run that never reports: what the run ends with.

namespace json = boost::json;
using namespace core_test;

namespace {

struct recorded_event {
    std::string type;
    pod_view pod;
};

const std::map<std::string, std::vector<recorded_event>>& recorded() {
    static const auto events = [] {
        std::map<std::string, std::vector<recorded_event>> all;
        std::istringstream lines(test_support::read_test_data("kube-1.36.3/watch/pods-of-every-fate.jsonl"));
        for (std::string line; std::getline(lines, line);) {
            const json::value event = json::parse(line);
            recorded_event each;
            each.type = event.at("type").as_string();
            if (each.type == "BOOKMARK")
                continue;
            each.pod = kh::parse_pod(event.at("object").as_object());
            all[each.pod.name].push_back(std::move(each));
        }
        return all;
    }();
    return events;
}

/// The recorded pod in the clothes of the run's own: its names and marks are the run's, its fate is its own.
pod_view dressed(const recorded_event& from, const pod_view& run) {
    pod_view pod = from.pod;
    pod.check = run.check;
    pod.name = run.name;
    pod.uid = run.uid;
    pod.check_uid = run.check_uid;
    pod.slot = run.slot;
    pod.attempt = run.attempt;
    pod.run_id = run.run_id;
    pod.generation = run.generation;
    pod.deadline = run.deadline;
    pod.created = run.created;
    pod.secret = run.secret;
    return pod;
}

} // namespace

BOOST_AUTO_TEST_SUITE(fates)

BOOST_AUTO_TEST_CASE(each_recorded_fate_ends_with_its_outcome_and_a_text_that_says_why) {
    struct {
        const char* name;
        outcome how;
        bool at_once; ///< not only at the deadline
        const char* text;
        const char* why;
    } cases[] = {
        {"succeeds", outcome::ended_without_report, true, "pod ended without a report: pod ",
         "container main exited with code 0 (Completed)"},
        {"exits-3", outcome::ended_without_report, true, "pod ended without a report: pod ", "container main exited with code 3"},
        {"image-missing", outcome::could_not_start, false, "error when waiting for pod to start: ErrImagePull: pod ",
         "container main"},
        {"image-never", outcome::could_not_start, true, "error when waiting for pod to start: ErrImageNeverPull: pod ",
         "container main"},
        {"command-missing", outcome::ended_without_report, true, "pod ended without a report: pod ", "StartError"},
        {"secret-missing", outcome::could_not_start, false,
         "error when waiting for pod to start: CreateContainerConfigError: pod ", "secret"},
        {"unschedulable", outcome::timed_out_before_start, false, "failed to see pod running within timeout: pod ",
         "Unschedulable"},
        {"too-big", outcome::timed_out_before_start, false, "failed to see pod running within timeout: pod ", "Insufficient"},
        {"deadline", outcome::ended_without_report, true, "pod ended without a report: pod ", "DeadlineExceeded"},
        {"oom", outcome::ended_without_report, true, "pod ended without a report: pod ", "OOMKilled"},
        {"sidecar", outcome::timed_out_before_report, false, "timed out waiting for checker pod to report in: pod ",
         "container proxy is running"},
        {"init-fails", outcome::ended_without_report, true, "pod ended without a report: pod ", "init container"},
        {"volume-missing", outcome::timed_out_before_start, false, "failed to see pod running within timeout: pod ",
         "ContainerCreating"},
        {"deleted-while-running", outcome::pod_deleted, true, "pod deleted unexpectedly: pod ", "container main is running"},
        {"evicted-by-api", outcome::infrastructure, true, "checker pod lost to its infrastructure: pod ", "Evict"},
        {"crash-loops", outcome::timed_out_before_report, false, "timed out waiting for checker pod to report in: pod ",
         "container main"},
    };
    BOOST_TEST(std::size(cases) == recorded().size());
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.name) {
            bench b = synced_bench();
            check_view check = make_check();
            check.interval = 10min;
            check.timeout = 5min;
            b.tell(check_applied{check});
            b.advance(11s);
            pod_view run = b.answer_create();
            for (const recorded_event& event : recorded().at(c.name)) {
                const pod_view pod = dressed(event, run);
                if (event.type == "DELETED")
                    b.tell(pod_deleted{"default", pod.name, pod.uid, pod});
                else
                    b.tell(pod_applied{pod});
                b.advance(100ms);
            }
            b.advance(6s);
            // An evicted run is tried once more; its second pod is evicted as well.
            if (b.has<create_pod>()) {
                BOOST_TEST((c.how == outcome::infrastructure));
                BOOST_TEST(!b.has<write_result>());
                run = b.answer_create();
                b.tell(pod_applied{dressed(recorded().at(c.name)[6], run)});
            }
            BOOST_TEST(b.has<write_result>() == c.at_once);
            b.advance(5min);
            const write_result order = b.take<write_result>();
            BOOST_TEST(std::string(to_text(order.result.how)) == std::string(to_text(c.how)));
            const std::string error = order.result.content.errors.at(0);
            const std::string expected = std::string("Check execution error: default/web: ") + c.text + run.name + ": ";
            BOOST_TEST(error.substr(0, expected.size()) == expected);
            BOOST_TEST(error.find(c.why, expected.size()) != std::string::npos, error << " does not say " << c.why);
            BOOST_TEST(!b.has<write_result>());
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
