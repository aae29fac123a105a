#include "controller/event_recorder.hpp"

#include "support/scripted_client.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

namespace json = boost::json;
using k8s::errc;
using namespace std::chrono_literals;

namespace {

constexpr const char* events_path = "/api/v1/namespaces/default/events";

k8s::api_error refused(errc code, unsigned status) {
    k8s::api_error error;
    error.code = code;
    error.http_status = status;
    return error;
}

k8s::api_error unanswered() {
    k8s::api_error error;
    error.code = make_error_code(boost::system::errc::connection_refused);
    return error;
}

kh::core::record_event event_of(std::string message) {
    kh::core::record_event event;
    event.key = {"default", "web"};
    event.kind = kh::core::workload::job;
    event.uid = "uid-1";
    event.is_warning = true;
    event.reason = "Failed";
    event.message = std::move(message);
    return event;
}

struct recorder_fixture {
    test_support::fake_runtime rt;
    test_support::scripted_client api{rt};
    kh::capture_log log;
    proto_http::task_group tasks{rt, [](const std::string& name, std::exception_ptr) { BOOST_ERROR("exception in " + name); }};
    kh::event_recorder recorder{api, tasks, log};

    void record(std::string message) {
        recorder.record(event_of(std::move(message)));
        rt.drive();
    }
    json::value body(std::size_t index) const { return json::parse(api.bodies.at(index)); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(event_recorder)

BOOST_AUTO_TEST_CASE(an_event_names_its_object_as_kubectl_describe_looks_for_it) {
    recorder_fixture f;
    f.api.answers(events_path, "{}");
    f.record("no");
    BOOST_TEST(f.api.verdict() == "");
    const json::value event = f.body(0);
    const auto& about = event.at("involvedObject");
    BOOST_TEST(about.at("kind").as_string() == "KuberhealthyJob");
    BOOST_TEST(about.at("apiVersion").as_string() == "comcast.github.io/v1");
    BOOST_TEST(about.at("name").as_string() == "web");
    BOOST_TEST(about.at("namespace").as_string() == "default");
    BOOST_TEST(about.at("uid").as_string() == "uid-1");
    BOOST_TEST(event.at("type").as_string() == "Warning");
    BOOST_TEST(event.at("reason").as_string() == "Failed");
    BOOST_TEST(event.at("message").as_string() == "no");
    BOOST_TEST(event.at("source").at("component").as_string() == "kuberhealthy");
    BOOST_TEST(event.at("count").to_number<int>() == 1);
    BOOST_TEST(event.at("firstTimestamp") == event.at("lastTimestamp"));
    BOOST_TEST(f.tasks.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_repeat_is_a_patch_and_where_its_event_is_gone_a_create) {
    recorder_fixture f;
    f.api.answers(events_path, "{}")
        .answers("/events/web.", "{}")
        .fails("/events/web.", refused(errc::not_found, 404))
        .answers(events_path, "{}");
    f.record("no");
    f.record("no");
    f.record("no");
    BOOST_TEST(f.api.verdict() == "");
    BOOST_TEST(f.body(1).at("count").to_number<int>() == 2);
    BOOST_TEST(!f.body(1).as_object().contains("involvedObject"));
    BOOST_TEST(f.body(3).at("count").to_number<int>() == 3);
    BOOST_TEST(f.body(3).at("metadata").at("name") == f.body(0).at("metadata").at("name"));
}

BOOST_AUTO_TEST_CASE(a_refused_event_is_dropped_with_one_line_a_minute) {
    recorder_fixture f;
    for (int i = 0; i < 3; ++i)
        f.api.fails("/events", refused(errc::forbidden, 403));
    for (int i = 0; i < 3; ++i)
        f.record(std::to_string(i));
    BOOST_TEST(f.api.verdict() == "");
    BOOST_TEST(f.log.count("an Event is dropped") == 1u);
    f.rt.run_for(1min);
    f.api.fails("/events", refused(errc::forbidden, 403));
    f.record("later");
    BOOST_TEST(f.log.count("an Event is dropped") == 2u);
    BOOST_TEST(f.log.lines().back().fields.at("more") == "2");
}

BOOST_AUTO_TEST_CASE(while_nobody_answers_an_event_is_tried_for_two_minutes) {
    recorder_fixture f;
    for (int i = 0; i < 12; ++i)
        f.api.fails(events_path, unanswered());
    const auto begin = f.rt.now();
    f.record("no");
    BOOST_TEST((f.rt.now() - begin == 110s));
    BOOST_TEST(f.api.verdict() == "");
    BOOST_TEST(f.log.count("an Event is dropped") == 1u);
    BOOST_TEST(f.tasks.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_create_whose_answer_was_lost_is_not_done_twice) {
    recorder_fixture f;
    f.api.fails(events_path, unanswered()).fails(events_path, refused(errc::already_exists, 409));
    f.record("no");
    BOOST_TEST(f.api.verdict() == "");
    BOOST_TEST(f.log.lines().empty());
}

BOOST_AUTO_TEST_CASE(at_most_a_thousand_wait_and_one_is_under_way) {
    recorder_fixture f; // it never answers
    for (int i = 0; i < 1200; ++i) {
        kh::core::record_event event = event_of("no");
        event.uid = std::to_string(i);
        f.recorder.record(std::move(event));
    }
    f.rt.drive();
    BOOST_TEST(f.tasks.size() == 1u);
    BOOST_TEST(f.log.count("an Event is dropped") == 1u);
    f.tasks.cancel();
    f.rt.drive();
    BOOST_TEST(f.tasks.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
