#include "tools/devcluster/node/node.hpp"

#include "unit/tools/devcluster/node/node_fixture.hpp"
#include "unit/tools/devcluster/node/process_table.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/ranges.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

using namespace devcluster;
using namespace std::chrono_literals;
namespace json = boost::json;
using test_support::node_fixture;

namespace {

struct text_writer : proto_http::body_writer {
    std::string text;
    boost::asio::awaitable<proto_http::result<void>> write(std::string_view piece) override {
        text += piece;
        co_return proto_http::result<void>();
    }
};

struct fixture : node_fixture {
    log_request asking(const std::string& pod, const std::string& container = "main") {
        log_request what;
        what.ns = "default";
        what.pod = pod;
        what.uid = "uid-" + pod;
        what.container = container;
        return what;
    }

    /// What `kubectl logs` prints, or the refusal.
    std::string logs(log_request what) {
        auto opened = run(node->open_log(std::move(what)));
        if (!opened)
            return fmt::format("{}: {}", opened.error().code, opened.error().message);
        text_writer writer;
        run(test_support::to_end((*opened)(writer)));
        return writer.text;
    }

    bool waits_for(const std::string& pod, const std::string& reason) {
        return until([&] { return container(pod, "/state/waiting/reason") == reason; });
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(node_, fixture)

BOOST_AUTO_TEST_CASE(a_pod_is_bound_run_and_shown_to_its_end) {
    start();
    create("p", "echo hello; exit 0");
    BOOST_TEST_REQUIRE(until_phase("p", "Succeeded"));
    BOOST_TEST(api.pods.at("p").at("spec").at("nodeName").as_string() == "kuberhealthy-dev");
    BOOST_TEST(container("p", "/state/terminated/exitCode") == "0");
    BOOST_TEST(container("p", "/state/terminated/reason") == "Completed");
    BOOST_TEST(logs(asking("p")) == "hello\n");
    const std::vector<std::string> expected = {
        "Normal Scheduled: Successfully assigned default/p to kuberhealthy-dev",
        "Normal Pulled: Container image \"busybox\" already present on machine and can be accessed by the pod",
        "Normal Created: Container created", "Normal Started: Container started"};
    auto texts = event_texts("p");
    BOOST_TEST(std::is_permutation(texts.begin(), texts.end(), expected.begin(), expected.end()), fmt::format("{}", texts));
}

BOOST_AUTO_TEST_CASE(a_failure_has_its_exit_code_and_the_end_of_its_log_where_the_pod_asks_for_it) {
    start();
    api.create("p", R"({"restartPolicy":"Never","containers":[{"name":"main","image":"busybox",
                        "terminationMessagePolicy":"FallbackToLogsOnError","command":["sh","-c","echo why; exit 3"]}]})");
    BOOST_TEST_REQUIRE(until_phase("p", "Failed"));
    BOOST_TEST(container("p", "/state/terminated/exitCode") == "3");
    BOOST_TEST(container("p", "/state/terminated/reason") == "Error");
    BOOST_TEST(container("p", "/state/terminated/message") == "why\n");
}

BOOST_AUTO_TEST_CASE(a_container_gets_its_own_environment_and_little_of_ours) {
    api.configs["/api/v1/namespaces/default/secrets/s"] = R"({"data":{"k":"djE="}})";
    start();
    api.create("p", R"j({"restartPolicy":"Never","containers":[{"name":"main","image":"busybox","workingDir":"/usr",
        "command":["sh","-c","echo $0; pwd; env"],"args":["$(NAME) $$(NAME)"],
        "env":[{"name":"NAME","value":"v"},{"name":"SECRET","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]})j");
    BOOST_TEST_REQUIRE(until_phase("p", "Succeeded"));
    auto text = logs(asking("p"));
    BOOST_TEST(text.starts_with("v $(NAME)\n/usr\n"));
    for (auto line : {"NAME=v\n", "SECRET=v1\n", "HOSTNAME=p\n", "HOME=/\n", "PATH=/usr/bin:/bin:"})
        BOOST_TEST(text.find(line) != std::string::npos, line);
    BOOST_TEST(text.find("SECRET_OF_THE_DEVELOPER") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_be_executed_ends_with_128) {
    start();
    api.create("p",
               R"({"restartPolicy":"Never","containers":[{"name":"main","image":"busybox","command":["/does-not-exist"]}]})");
    BOOST_TEST_REQUIRE(until_phase("p", "Failed"));
    const char* why = "exec: \"/does-not-exist\": stat /does-not-exist: no such file or directory";
    BOOST_TEST(container("p", "/state/terminated/exitCode") == "128");
    BOOST_TEST(container("p", "/state/terminated/reason") == "StartError");
    BOOST_TEST(container("p", "/state/terminated/message") == why);
    BOOST_TEST(container("p", "/state/terminated/startedAt") == "1970-01-01T00:00:00Z");
    BOOST_TEST(has_event("p", std::string("Warning Failed: Error: ") + why));
}

BOOST_AUTO_TEST_CASE(an_image_without_a_program_waits_as_one_that_cannot_be_pulled) {
    start();
    api.create("p", R"({"containers":[{"name":"main","image":"registry.example/none:1"}]})");
    BOOST_TEST_REQUIRE(waits_for("p", "ErrImagePull"));
    const std::string why =
        "no local program stands in for image \"registry.example/none:1\": name one with --image registry.example/none:1=PROGRAM";
    BOOST_TEST(container("p", "/state/waiting/message") == why);
    BOOST_TEST(phase("p") == "Pending");
    BOOST_TEST(logs(asking("p")) == "400: container \"main\" in pod \"p\" is waiting to start: image can't be pulled");
    rt.run_for(2s);
    BOOST_TEST_REQUIRE(waits_for("p", "ImagePullBackOff"));
    BOOST_TEST(container("p", "/state/waiting/message") ==
               "Back-off pulling image \"registry.example/none:1\": ErrImagePull: " + why);
    BOOST_TEST(logs(asking("p")) == "400: container \"main\" in pod \"p\" is waiting to start: trying and failing to pull image");
    rt.run_for(8s); // 10 s after the first pull there is another
    BOOST_TEST(waits_for("p", "ErrImagePull"));
    BOOST_TEST(has_event("p", "Warning Failed: Failed to pull image \"registry.example/none:1\": " + why));
    BOOST_TEST(has_event("p", "Normal BackOff: Back-off pulling image \"registry.example/none:1\""));
    for (const auto& [name, event] : api.events)
        if (event.at("reason").as_string() == "Pulling")
            BOOST_TEST(event.at("count").as_int64() == 2);
}

BOOST_AUTO_TEST_CASE(what_keeps_a_container_from_being_made_is_its_waiting_reason) {
    start();
    struct {
        const char* name;
        const char* container;
        const char* reason;
        const char* message;
    } cases[] = {
        {"never", R"("image":"registry.example/none","imagePullPolicy":"Never")", "ErrImageNeverPull",
         "Container image \"registry.example/none\" is not present with pull policy of Never"},
        {"name", R"("image":"No Image")", "InvalidImageName",
         "Failed to apply default image tag \"No Image\": couldn't parse image name \"No Image\": invalid reference format: "
         "repository name (library/No Image) must be lowercase"},
        {"secret", R"("image":"busybox","command":["sleep","86400"],
            "env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"nope","key":"k"}}}])",
         "CreateContainerConfigError", "secret \"nope\" not found"},
    };
    for (const auto& each : cases) {
        api.create(each.name, fmt::format(R"({{"containers":[{{"name":"main",{}}}]}})", each.container));
        BOOST_TEST(waits_for(each.name, each.reason), each.name);
        BOOST_TEST(container(each.name, "/state/waiting/message") == each.message);
        BOOST_TEST(phase(each.name) == "Pending");
    }
    BOOST_TEST(has_event("secret", "Warning Failed: Error: secret \"nope\" not found"));
    // It is made once what was missing is there.
    api.configs["/api/v1/namespaces/default/secrets/nope"] = R"({"data":{"k":"djE="}})";
    rt.run_for(10s);
    BOOST_TEST(until([&] { return !container("secret", "/state/running").empty(); }));
}

BOOST_AUTO_TEST_CASE(a_container_that_keeps_failing_is_restarted_with_back_off) {
    start();
    create("p", "echo run; exit 1", R"("restartPolicy":"Always")");
    BOOST_TEST_REQUIRE(waits_for("p", "CrashLoopBackOff")); // after the second end: the first restart comes at once
    BOOST_TEST(phase("p") == "Running");
    BOOST_TEST(container("p", "/restartCount") == "1");
    BOOST_TEST(container("p", "/state/waiting/message") == "back-off 10s restarting failed container=main pod=p_default(uid-p)");
    BOOST_TEST(container("p", "/lastState/terminated/exitCode") == "1");
    auto previous = asking("p");
    previous.previous = true;
    BOOST_TEST(logs(previous) == "run\n");
    BOOST_TEST(logs(asking("p")) == "run\n");
    rt.run_for(9s);
    BOOST_TEST(container("p", "/restartCount") == "1");
    rt.run_for(1s);
    BOOST_TEST(until([&] {
        return container("p", "/state/waiting/message") == "back-off 20s restarting failed container=main pod=p_default(uid-p)";
    }));
    BOOST_TEST(container("p", "/restartCount") == "2");
    BOOST_TEST(has_event("p", "Warning BackOff: Back-off restarting failed container main in pod p_default(uid-p)"));
}

BOOST_AUTO_TEST_CASE(a_pod_past_its_active_deadline_fails) {
    start();
    create("p", "trap '' TERM; echo ready; while :; do sleep 86400; done",
           R"("restartPolicy":"Never","activeDeadlineSeconds":30,"terminationGracePeriodSeconds":5)");
    BOOST_TEST_REQUIRE(until([&] { return phase("p") == "Running" && logs(asking("p")) == "ready\n"; }));
    rt.run_for(30s);
    BOOST_TEST(until([&] { return has_event("p", "Normal Killing: Stopping container main"); }));
    BOOST_TEST(has_event("p", "Normal DeadlineExceeded: Pod was active on the node longer than the specified deadline"));
    BOOST_TEST(phase("p") == "Running"); // it ignores SIGTERM
    rt.run_for(5s);
    BOOST_TEST_REQUIRE(until_phase("p", "Failed"));
    BOOST_TEST(api.status("p").at("reason").as_string() == "DeadlineExceeded");
    BOOST_TEST(container("p", "/state/terminated/exitCode") == "137");
}

BOOST_AUTO_TEST_CASE(a_deleted_pod_is_told_to_end_and_then_removed) {
    start();
    create("p", "trap 'echo told; exit 0' TERM; sleep 86400 & echo ready; wait");
    BOOST_TEST_REQUIRE(until([&] { return phase("p") == "Running" && logs(asking("p")) == "ready\n"; }));
    auto follow = asking("p");
    follow.follow = true;
    auto opened = run(node->open_log(follow));
    text_writer writer;
    test_support::started<bool> following(context, test_support::to_end((*opened)(writer)));
    api.remove("p", 30);
    BOOST_TEST_REQUIRE(until_phase("p", "gone"));
    BOOST_TEST(api.phases.back() == "p Succeeded");
    BOOST_TEST(until([&] { return following.is_done(); }));
    BOOST_TEST(writer.text.ends_with("told\n"));
    BOOST_TEST(until([&] { return logs(asking("p")).starts_with("404: "); }));
}

BOOST_AUTO_TEST_CASE(a_deleted_pod_that_does_not_end_is_killed_after_its_grace) {
    auto argument = fmt::format("86400.{}901", ::getpid());
    start();
    create("p", fmt::format("trap '' TERM; setsid sleep {0} & while :; do sleep {0}; done", argument));
    BOOST_TEST_REQUIRE(until([&] { return phase("p") == "Running" && test_support::count_processes(argument) == 2; }));
    api.remove("p", 7);
    BOOST_TEST(until([&] { return has_event("p", "Killing"); }));
    rt.run_for(6s);
    BOOST_TEST(phase("p") == "Running");
    rt.run_for(1s);
    BOOST_TEST_REQUIRE(until_phase("p", "gone"));
    BOOST_TEST(api.phases.back() == "p Failed");
    BOOST_TEST(test_support::count_processes(argument) == 0U);
}

BOOST_AUTO_TEST_CASE(a_pod_that_is_gone_at_once_leaves_no_process) {
    auto argument = fmt::format("86400.{}902", ::getpid());
    start();
    create("p", fmt::format("trap '' TERM; while :; do sleep {0}; done", argument));
    BOOST_TEST_REQUIRE(until([&] { return phase("p") == "Running" && test_support::count_processes(argument) == 1; }));
    api.remove("p", 0);
    rt.poll();
    rt.run_for(1s);
    BOOST_TEST(until([&] { return test_support::count_processes(argument) == 0; }));
}

BOOST_AUTO_TEST_CASE(a_pod_that_waits_for_its_image_can_be_deleted) {
    start();
    api.create("p", R"({"containers":[{"name":"main","image":"registry.example/none:1"}]})");
    BOOST_TEST_REQUIRE(waits_for("p", "ErrImagePull"));
    api.remove("p", 30);
    BOOST_TEST(until_phase("p", "gone"));
    BOOST_TEST(api.phases.back() == "p Failed");
}

BOOST_AUTO_TEST_CASE(init_containers_and_sidecars_run_in_their_order) {
    start();
    api.create("p", R"({"restartPolicy":"Never",
        "initContainers":[{"name":"first","image":"busybox","command":["sh","-c","echo first"]},
                          {"name":"side","image":"busybox","restartPolicy":"Always","command":["sleep","86400"]}],
        "containers":[{"name":"main","image":"busybox","command":["true"]},{"name":"more","image":"busybox","command":["true"]}]})");
    BOOST_TEST_REQUIRE(until_phase("p", "Succeeded"));
    BOOST_TEST(container("p", "/state/terminated/exitCode", "initContainerStatuses", 0) == "0");
    BOOST_TEST(container("p", "/state/terminated/exitCode", "initContainerStatuses", 1) == "143");
    BOOST_TEST(container("p", "/state/terminated/exitCode", "containerStatuses", 1) == "0");
    BOOST_TEST(logs(asking("p", "first")) == "first\n");
}

BOOST_AUTO_TEST_CASE(a_failed_init_container_fails_the_pod) {
    start();
    api.create("p", R"({"restartPolicy":"Never","initContainers":[{"name":"first","image":"busybox","command":["false"]}],
                        "containers":[{"name":"main","image":"busybox","command":["true"]}]})");
    BOOST_TEST_REQUIRE(until_phase("p", "Failed"));
    BOOST_TEST(container("p", "/state/waiting/reason") == "PodInitializing");
    BOOST_TEST(logs(asking("p")) == "400: container \"main\" in pod \"p\" is waiting to start: PodInitializing");
    BOOST_TEST(logs(asking("p", "none")) == "400: container \"none\" in pod \"p\" is not available");
    auto previous = asking("p", "first");
    previous.previous = true;
    BOOST_TEST(logs(previous) == "400: previous terminated container \"first\" in pod \"p\" not found");
}

BOOST_AUTO_TEST_CASE(pods_of_others_are_left_alone) {
    start();
    api.create("elsewhere", R"({"nodeName":"other","containers":[{"name":"main","image":"busybox"}]})");
    api.create("scheduled-by-another", R"({"schedulerName":"mine","containers":[{"name":"main","image":"busybox"}]})");
    api.create("gated", R"({"schedulingGates":[{"name":"g"}],"containers":[{"name":"main","image":"busybox"}]})");
    create("ours", "true");
    BOOST_TEST_REQUIRE(until_phase("ours", "Succeeded"));
    for (auto name : {"elsewhere", "scheduled-by-another", "gated"})
        BOOST_TEST(phase(name) == "Pending", name);
}

BOOST_AUTO_TEST_CASE(pods_of_a_node_before_are_taken_over) {
    const auto running_pod = R"({{"nodeName":"kuberhealthy-dev","restartPolicy":"{}","containers":[{{"name":"main",
        "image":"busybox","command":["sleep","86400"]}}]}})";
    const auto status = json::parse(R"({"phase":"Running","startTime":"2026-11-23T13:50:00Z","containerStatuses":[
        {"name":"main","restartCount":0,"containerID":"process://1","state":{"running":{"startedAt":"2026-11-23T13:50:01Z"}}}]})");
    for (auto policy : {"Never", "Always"}) {
        api.create(policy, fmt::format(fmt::runtime(running_pod), policy));
        api.pods.at(policy)["status"] = status;
    }
    api.create("done", fmt::format(fmt::runtime(running_pod), "Never"));
    api.pods.at("done")["status"].get_object()["phase"] = "Succeeded";
    api.create("leaving", fmt::format(fmt::runtime(running_pod), "Never"));
    api.pods.at("leaving")["status"] = status;
    api.remove("leaving", 30);
    start();
    BOOST_TEST(until_phase("Never", "Failed"));
    BOOST_TEST(container("Never", "/state/terminated/reason") == "ContainerStatusUnknown");
    BOOST_TEST(logs(asking("Never")) == "400: container \"main\" in pod \"Never\" is terminated");
    BOOST_TEST(until([&] { return !container("Always", "/state/running").empty(); }));
    BOOST_TEST(container("Always", "/restartCount") == "1");
    BOOST_TEST(container("Always", "/lastState/terminated/exitCode") == "137");
    BOOST_TEST(until_phase("leaving", "gone"));
    BOOST_TEST(phase("done") == "Succeeded");
    BOOST_TEST(logs(asking("done")).starts_with("404: "));
}

BOOST_AUTO_TEST_CASE(a_node_that_stops_leaves_no_process) {
    auto argument = fmt::format("86400.{}903", ::getpid());
    start();
    for (auto name : {"a", "b"})
        create(name, fmt::format("trap '' TERM; setsid sleep {0} & while :; do sleep {0}; done", argument));
    BOOST_TEST_REQUIRE(until([&] { return test_support::count_processes(argument) == 4; }));
    stop();
    BOOST_TEST(test_support::count_processes(argument) == 0U);
}

BOOST_AUTO_TEST_CASE(a_node_that_is_killed_leaves_no_process) {
    auto argument = fmt::format("86400.{}904", ::getpid());
    pid_t other = ::fork();
    if (other == 0) {
        auto* own = new fixture;
        own->start();
        own->create("p",
                    fmt::format("trap '' TERM HUP; setsid sleep {0} & (sleep {0} &) ; while :; do sleep {0}; done", argument));
        while (true)
            own->until([] { return false; });
    }
    BOOST_TEST(test_support::poll_until([&] { return test_support::count_processes(argument) == 3; }));
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
    BOOST_TEST(test_support::poll_until([&] { return test_support::count_processes(argument) == 0; }));
}

BOOST_AUTO_TEST_CASE(a_missing_shim_is_a_start_error) {
    settings.shim_path = "/nowhere/pod-shim";
    start();
    create("p", "true");
    BOOST_TEST_REQUIRE(until_phase("p", "Failed"));
    BOOST_TEST(container("p", "/state/terminated/message") == "/nowhere/pod-shim: No such file or directory");
}

BOOST_AUTO_TEST_SUITE_END()
