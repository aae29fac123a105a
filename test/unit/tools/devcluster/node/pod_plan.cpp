#include "tools/devcluster/node/pod_plan.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace devcluster;
using namespace std::chrono_literals;
using role = container_record::role;
using phase = container_record::phase;

namespace {

const proto_http::time_point start_time(1h);

container_record waiting(role is_a = role::regular) {
    container_record one;
    one.is_a = is_a;
    return one;
}

container_record running(role is_a = role::regular) {
    auto one = waiting(is_a);
    one.now = phase::running;
    return one;
}

container_record ended(int exit_code, role is_a = role::regular) {
    auto one = waiting(is_a);
    one.now = phase::ended;
    one.end.emplace().exit_code = exit_code;
    one.ended_at = start_time;
    return one;
}

container_record told(container_record one) {
    one.was_told_to_end = true;
    return one;
}

pod_record pod_of(restart_policy restarts, std::vector<container_record> containers) {
    pod_record pod;
    pod.restarts = restarts;
    pod.containers = std::move(containers);
    return pod;
}

/// "start 0, back off [1], SIGTERM [2], SIGKILL [], over, again in 10"
std::string text_of(const pod_step& step, proto_http::time_point now = start_time) {
    std::vector<std::string> parts;
    if (step.start)
        parts.push_back(fmt::format("start {}", *step.start));
    if (!step.back_off.empty())
        parts.push_back(fmt::format("back off {}", step.back_off));
    if (!step.terminate.empty())
        parts.push_back(fmt::format("SIGTERM {}", step.terminate));
    if (!step.kill.empty())
        parts.push_back(fmt::format("SIGKILL {}", step.kill));
    if (step.is_over)
        parts.push_back("over");
    if (step.again != proto_http::never)
        parts.push_back(fmt::format("again in {}", (step.again - now) / 1s));
    return fmt::format("{}", fmt::join(parts, ", "));
}

} // namespace

BOOST_AUTO_TEST_SUITE(pod_plan_)

BOOST_AUTO_TEST_CASE(containers_start_in_their_order_and_end_the_pod) {
    constexpr auto always = restart_policy::always, on_failure = restart_policy::on_failure, once = restart_policy::never;
    struct {
        const char* what;
        pod_record pod;
        const char* expected;
    } cases[] = {
        {"a new pod", pod_of(once, {waiting()}), "start 0"},
        {"the second container does not wait for the first", pod_of(once, {running(), waiting()}), "start 1"},
        {"all run", pod_of(once, {running(), running()}), ""},
        {"all ended", pod_of(once, {ended(0), ended(3)}), "over"},
        {"one still runs", pod_of(once, {ended(0), running()}), ""},
        {"restarts at once after the first end", pod_of(always, {ended(0)}), "start 0"},
        {"restarts after a failure only", pod_of(on_failure, {ended(0), ended(1)}), "start 1"},
        {"no restart of success", pod_of(on_failure, {ended(0)}), "over"},
        {"an init container goes first", pod_of(once, {waiting(role::init), waiting()}), "start 0"},
        {"and is waited for", pod_of(once, {running(role::init), waiting()}), ""},
        {"until it has succeeded", pod_of(once, {ended(0, role::init), waiting(role::init), waiting()}), "start 1"},
        {"a failed one ends the pod", pod_of(once, {ended(1, role::init), waiting()}), "over"},
        {"or is started again", pod_of(always, {ended(1, role::init), waiting()}), "start 0"},
        {"but not after success", pod_of(always, {ended(0, role::init), running()}), ""},
        {"a sidecar starts in its turn", pod_of(once, {waiting(role::sidecar), waiting()}), "start 0"},
        {"and lets the next run once it runs", pod_of(once, {running(role::sidecar), waiting()}), "start 1"},
        {"it is restarted with any policy", pod_of(once, {ended(0, role::sidecar), running()}), "start 0"},
        {"it is told to end with the others", pod_of(once, {running(role::sidecar), ended(0)}), "SIGTERM [0]"},
        {"and is waited for then", pod_of(once, {told(running(role::sidecar)), ended(0)}), ""},
        {"and not restarted", pod_of(once, {ended(143, role::sidecar), ended(0)}), "over"},
    };
    for (const auto& each : cases)
        BOOST_TEST(text_of(next_step(each.pod, start_time)) == each.expected, each.what);
}

BOOST_AUTO_TEST_CASE(restarts_back_off_from_ten_seconds_to_five_minutes) {
    auto pod = pod_of(restart_policy::always, {waiting()});
    auto& one = pod.containers[0];
    auto now = start_time;
    note_start(one, now); // the first start is no restart
    for (int expected : {0, 10, 20, 40, 80, 160, 300, 300}) {
        one.now = phase::ended;
        one.end.emplace().exit_code = 1;
        one.ended_at = now;
        auto wanted = expected == 0 ? std::string("start 0") : fmt::format("back off [0], again in {}", expected);
        BOOST_TEST(text_of(next_step(pod, now), now) == wanted);
        now += std::chrono::seconds(expected);
        BOOST_TEST(text_of(next_step(pod, now), now) == "start 0");
        note_start(one, now);
    }
    // A long run is forgiven.
    now += 10min + 1s;
    one.ended_at = now;
    BOOST_TEST(text_of(next_step(pod, now), now) == "start 0");
    note_start(one, now);
    BOOST_TEST((one.back_off == 10s));
}

BOOST_AUTO_TEST_CASE(a_container_that_could_not_be_made_is_tried_again_later) {
    auto pod = pod_of(restart_policy::never, {waiting(), waiting()});
    pod.containers[0].retry_at = start_time + 10s;
    BOOST_TEST(text_of(next_step(pod, start_time)) == "start 1, again in 10");
    pod.containers[1].now = phase::running;
    BOOST_TEST(text_of(next_step(pod, start_time)) == "again in 10");
    BOOST_TEST(text_of(next_step(pod, start_time + 10s)) == "start 0");
}

BOOST_AUTO_TEST_CASE(a_pod_past_its_deadline_is_stopped) {
    auto pod = pod_of(restart_policy::always, {running(), waiting()});
    pod.containers[1].retry_at = start_time + 1min;
    pod.deadline = start_time + 5s;
    BOOST_TEST(text_of(next_step(pod, start_time)) == "again in 5");
    BOOST_TEST(text_of(next_step(pod, start_time + 5s)) == "SIGTERM [0]");
}

BOOST_AUTO_TEST_CASE(what_does_not_end_when_it_is_told_is_killed) {
    auto pod = pod_of(restart_policy::always, {running(role::sidecar), running(), ended(0)});
    pod.stopping = stop_cause::deleted;
    BOOST_TEST(text_of(next_step(pod, start_time)) == "SIGTERM [1]"); // the sidecar comes last
    pod.containers[1].was_told_to_end = true;
    pod.kill_at = start_time + 2s;
    BOOST_TEST(text_of(next_step(pod, start_time)) == "again in 2");
    BOOST_TEST(text_of(next_step(pod, start_time + 2s)) == "SIGKILL [1]");
    pod.containers[1].was_killed = true;
    BOOST_TEST(text_of(next_step(pod, start_time + 2s)) == "");
    pod.containers[1] = ended(137);
    BOOST_TEST(text_of(next_step(pod, start_time + 2s)) == "SIGTERM [0], SIGKILL [0]");
    pod.containers[0] = ended(137, role::sidecar);
    BOOST_TEST(text_of(next_step(pod, start_time + 2s)) == "over");
}

BOOST_AUTO_TEST_SUITE_END()
