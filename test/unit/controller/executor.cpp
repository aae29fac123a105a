#include "controller/executor.hpp"

#include "support/scripted_client.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

// Each action as API calls, and what the core is told of their end.

namespace core = kh::core;
using k8s::errc;

namespace {

k8s::api_error refused(errc code, unsigned status, std::string message = "as told") {
    k8s::api_error error;
    error.code = code;
    error.http_status = status;
    error.message = std::move(message);
    return error;
}

k8s::api_error unanswered() {
    k8s::api_error error;
    error.code = make_error_code(boost::system::errc::connection_refused);
    return error;
}

struct executor_fixture {
    test_support::fake_runtime rt;
    test_support::scripted_client api{rt};
    proto_http::task_group tasks{rt, [](const std::string& name, std::exception_ptr) { BOOST_ERROR("exception in " + name); }};
    std::vector<core::event> told;
    std::shared_ptr<const std::string> pod_template =
        std::make_shared<const std::string>(R"({"podSpec":{"containers":[{"name":"main","image":"a"}]}})");
    kh::executor executor{api, tasks, settings(), [this](const core::check_key&, core::workload) { return pod_template; },
                          [this](core::event what) { told.push_back(std::move(what)); }};

    static kh::executor_settings settings() {
        kh::executor_settings s;
        s.reporting_url = "http://kuberhealthy/externalCheckStatus";
        s.authoritative_pod = "kuberhealthy-0";
        return s;
    }

    template <class Event>
    Event run(auto action) {
        executor.start(std::move(action));
        rt.drive();
        BOOST_TEST(api.verdict() == "");
        BOOST_TEST(executor.in_flight() == 0u);
        BOOST_TEST_REQUIRE(told.size() == 1u);
        return std::get<Event>(told.front());
    }
};

const core::check_key key{"default", "web"};

core::create_pod create_order() {
    core::create_pod order;
    order.id = 7;
    order.key = key;
    order.check_uid = "uid-1";
    order.slot = 1'700'000'000;
    order.run_id = "run";
    order.pod_name = "web-1700000000";
    return order;
}

core::write_result write_order(std::string version = {}) {
    core::write_result order;
    order.id = 8;
    order.result.key = key;
    order.result.check_uid = "uid-1";
    order.result.slot = 1'700'000'000;
    order.resource_version = std::move(version);
    return order;
}

constexpr const char* pod_answer = R"({"metadata":{"name":"web-1700000000","namespace":"default","uid":"pod-uid",
    "annotations":{"comcast.github.io/check-name":"web","kuberhealthy.github.io/check-uid":"uid-1"}}})";
constexpr const char* state_answer = R"({"metadata":{"name":"web","namespace":"default","uid":"s","resourceVersion":"9"},
    "spec":{"OK":true,"Errors":[]}})";

} // namespace

BOOST_AUTO_TEST_SUITE(executor)

BOOST_AUTO_TEST_CASE(a_created_pod_is_told_with_its_secret) {
    executor_fixture f;
    f.api.answers("/api/v1/namespaces/default/pods", pod_answer);
    const auto done = f.run<core::create_done>(create_order());
    BOOST_TEST(done.id == 7u);
    BOOST_TEST((done.answer == core::create_answer::created));
    BOOST_TEST(done.pod.value().uid == "pod-uid");
}

BOOST_AUTO_TEST_CASE(a_pod_that_exists_is_read_and_told) {
    executor_fixture f;
    f.api.fails("/pods", refused(errc::already_exists, 409)).answers("/pods/web-1700000000", pod_answer);
    const auto done = f.run<core::create_done>(create_order());
    BOOST_TEST((done.answer == core::create_answer::exists));
    BOOST_TEST(done.pod.has_value());
}

BOOST_AUTO_TEST_CASE(a_pod_that_exists_but_cannot_be_read_leaves_the_create_without_an_answer) {
    executor_fixture f;
    f.api.fails("/pods", refused(errc::already_exists, 409)).fails("/pods/web-1700000000", refused(errc::not_found, 404));
    BOOST_TEST((f.run<core::create_done>(create_order()).answer == core::create_answer::unanswered));
}

BOOST_AUTO_TEST_CASE(each_refusal_of_a_create_is_final_or_may_pass) {
    const struct {
        k8s::api_error error;
        core::create_answer answer;
    } cases[] = {
        {refused(errc::bad_request, 400), core::create_answer::refused_final},
        {refused(errc::invalid, 422), core::create_answer::refused_final},
        {refused(errc::forbidden, 403), core::create_answer::refused},
        {refused(errc::not_found, 404), core::create_answer::refused},
        {refused(errc::conflict, 409), core::create_answer::refused},
        {refused(errc::throttled, 429), core::create_answer::refused},
        {refused(errc::server_error, 500), core::create_answer::refused},
        {unanswered(), core::create_answer::unanswered},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.error.text()) {
            executor_fixture f;
            f.api.fails("/pods", c.error);
            const auto done = f.run<core::create_done>(create_order());
            BOOST_TEST((done.answer == c.answer));
            BOOST_TEST(!done.message.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_cancelled_create_tells_nothing) {
    executor_fixture f;
    f.executor.start(create_order()); // the script is empty: no answer, for ever
    f.executor.cancel(core::cancel_operation{7});
    f.rt.drive();
    BOOST_TEST(f.told.empty());
    BOOST_TEST(f.executor.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(a_state_is_created_only_for_an_owner_that_exists) {
    const struct {
        const char* name;
        const char* owner;
        core::write_answer answer;
    } cases[] = {
        {"the owner", R"({"metadata":{"uid":"uid-1"}})", core::write_answer::written},
        {"a namesake", R"({"metadata":{"uid":"uid-2"}})", core::write_answer::owner_gone},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.name) {
            executor_fixture f;
            f.api.answers("/khchecks/web", c.owner);
            if (c.answer == core::write_answer::written)
                f.api.answers("/khstates", state_answer);
            const auto done = f.run<core::write_done>(write_order());
            BOOST_TEST((done.answer == c.answer));
            BOOST_TEST(done.state.has_value() == (c.answer == core::write_answer::written));
        }
    }
    executor_fixture gone;
    gone.api.fails("/khchecks/web", refused(errc::not_found, 404));
    BOOST_TEST((gone.run<core::write_done>(write_order()).answer == core::write_answer::owner_gone));
    executor_fixture away;
    away.api.fails("/khchecks/web", unanswered());
    BOOST_TEST((away.run<core::write_done>(write_order()).answer == core::write_answer::failed));
}

BOOST_AUTO_TEST_CASE(a_patch_that_does_not_fit_is_read_again_and_told_as_a_conflict) {
    for (const auto& error : {refused(errc::conflict, 409), refused(errc::not_found, 404)}) {
        executor_fixture f;
        f.api.fails("/khstates/web", error).answers("/khstates/web", state_answer);
        const auto done = f.run<core::write_done>(write_order("5"));
        BOOST_TEST((done.answer == core::write_answer::conflict));
        BOOST_TEST(done.state.value().resource_version == "9");
    }
    executor_fixture gone;
    gone.api.fails("/khstates/web", refused(errc::not_found, 404)).fails("/khstates/web", refused(errc::not_found, 404));
    const auto done = gone.run<core::write_done>(write_order("5"));
    BOOST_TEST((done.answer == core::write_answer::conflict));
    BOOST_TEST(!done.state.has_value());
    executor_fixture away;
    away.api.fails("/khstates/web", refused(errc::conflict, 409)).fails("/khstates/web", unanswered());
    BOOST_TEST((away.run<core::write_done>(write_order("5")).answer == core::write_answer::failed));
}

BOOST_AUTO_TEST_CASE(each_refusal_of_a_write_is_final_or_may_pass) {
    const struct {
        k8s::api_error error;
        core::write_answer answer;
    } cases[] = {
        {refused(errc::too_large, 413), core::write_answer::refused_final},
        {refused(errc::invalid, 422), core::write_answer::refused_final},
        {refused(errc::forbidden, 403), core::write_answer::failed},
        {refused(errc::throttled, 429), core::write_answer::failed},
        {refused(errc::server_error, 503), core::write_answer::failed},
        {unanswered(), core::write_answer::failed},
    };
    for (const auto& c : cases) {
        BOOST_TEST_CONTEXT(c.error.text()) {
            executor_fixture f;
            f.api.fails("/khstates/web", c.error);
            BOOST_TEST((f.run<core::write_done>(write_order("5")).answer == c.answer));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_pod_that_is_gone_already_is_told_as_gone) {
    core::delete_pod order;
    order.id = 3;
    order.key = key;
    order.pod_name = "web-1";
    order.pod_uid = "u";
    executor_fixture missing;
    missing.api.fails("/pods/web-1", refused(errc::not_found, 404));
    BOOST_TEST((missing.run<core::pod_delete_done>(order).answer == core::remove_answer::gone));
    executor_fixture other;
    other.api.fails("/pods/web-1", refused(errc::conflict, 409)).answers("/pods/web-1", R"({"metadata":{"uid":"another"}})");
    BOOST_TEST((other.run<core::pod_delete_done>(order).answer == core::remove_answer::gone));
    executor_fixture away;
    away.api.fails("/pods/web-1", unanswered());
    BOOST_TEST((away.run<core::pod_delete_done>(order).answer == core::remove_answer::failed));
}

BOOST_AUTO_TEST_CASE(a_conflict_alone_does_not_say_that_the_pod_is_gone) {
    core::delete_pod order;
    order.id = 3;
    order.key = key;
    order.pod_name = "web-1";
    order.pod_uid = "u";
    executor_fixture f;
    f.api.fails("/pods/web-1", refused(errc::conflict, 409)).answers("/pods/web-1", R"({"metadata":{"uid":"u"}})");
    BOOST_TEST((f.run<core::pod_delete_done>(order).answer == core::remove_answer::failed));
}

BOOST_AUTO_TEST_CASE(an_orphan_is_kept_if_a_look_finds_its_owner) {
    core::delete_pod order;
    order.id = 3;
    order.key = key;
    order.pod_name = "web-1";
    order.verify_owner_uid = "job-uid";
    executor_fixture f;
    f.api.fails("/khchecks/web", refused(errc::not_found, 404)).answers("/khjobs/web", R"({"metadata":{"uid":"job-uid"}})");
    BOOST_TEST((f.run<core::pod_delete_done>(order).answer == core::remove_answer::kept));
}

BOOST_AUTO_TEST_CASE(a_state_is_deleted_only_after_a_look_for_its_owner) {
    core::delete_state order;
    order.id = 4;
    order.key = key;
    order.owner_uid = "uid-1";
    executor_fixture gone;
    gone.api.answers("/khchecks/web", R"({"metadata":{"uid":"uid-2"}})")
        .fails("/khjobs/web", refused(errc::not_found, 404))
        .answers("/khstates/web", "{}");
    BOOST_TEST((gone.run<core::state_delete_done>(order).answer == core::remove_answer::removed));
    executor_fixture there;
    there.api.answers("/khchecks/web", R"({"metadata":{"uid":"uid-1"}})");
    BOOST_TEST((there.run<core::state_delete_done>(order).answer == core::remove_answer::kept));
    executor_fixture away;
    away.api.fails("/khchecks/web", unanswered());
    BOOST_TEST((away.run<core::state_delete_done>(order).answer == core::remove_answer::failed));
}

BOOST_AUTO_TEST_CASE(a_phase_is_patched) {
    core::set_phase order;
    order.id = 5;
    order.key = key;
    order.phase = "Running";
    order.resource_version = "41";
    executor_fixture f;
    f.api.answers("/khjobs/web", "{}");
    BOOST_TEST(f.run<core::phase_done>(order).written);
    BOOST_TEST(boost::json::parse(f.api.bodies.at(0)).at("metadata").at("resourceVersion").as_string() == "41");
    executor_fixture away;
    away.api.fails("/khjobs/web", refused(errc::forbidden, 403, "not allowed"));
    const auto done = away.run<core::phase_done>(order);
    BOOST_TEST(!done.written);
    BOOST_TEST(done.message.find("not allowed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_job_is_deleted_in_the_version_that_was_decided_on) {
    core::delete_job order;
    order.id = 6;
    order.key = key;
    order.uid = "job-uid";
    order.resource_version = "70";
    executor_fixture f;
    f.api.answers("/khjobs/web", "{}");
    BOOST_TEST((f.run<core::job_delete_done>(order).answer == core::remove_answer::removed));
    const auto body = boost::json::parse(f.api.bodies.at(0));
    BOOST_TEST(body.at("preconditions").at("uid").as_string() == "job-uid");
    BOOST_TEST(body.at("preconditions").at("resourceVersion").as_string() == "70");
    const struct {
        k8s::api_error error;
        core::remove_answer answer;
    } cases[] = {{refused(errc::not_found, 404), core::remove_answer::gone},
                 {refused(errc::conflict, 409), core::remove_answer::failed},
                 {refused(errc::forbidden, 403), core::remove_answer::failed},
                 {unanswered(), core::remove_answer::failed}};
    for (const auto& c : cases) {
        executor_fixture other;
        other.api.fails("/khjobs/web", c.error);
        BOOST_TEST((other.run<core::job_delete_done>(order).answer == c.answer));
    }
}

BOOST_AUTO_TEST_CASE(a_condition_is_patched_into_the_status_and_what_is_stored_then_is_told) {
    core::set_condition order;
    order.id = 9;
    order.key = key;
    order.resource_version = "70";
    order.ready.status = "True";
    executor_fixture f;
    f.api.answers("/khchecks/web/status", R"({"metadata":{"name":"web","namespace":"default","resourceVersion":"71"},
        "status":{"conditions":[{"type":"Ready","status":"True"}]}})");
    const auto done = f.run<core::condition_done>(order);
    BOOST_TEST((done.answer == core::condition_answer::written));
    BOOST_TEST(done.check.value().resource_version == "71");
    BOOST_TEST(done.check->ready.value().status == "True");
    const struct {
        k8s::api_error error;
        core::condition_answer answer;
        bool has_message;
    } cases[] = {{refused(errc::conflict, 409), core::condition_answer::conflict, true},
                 {refused(errc::forbidden, 403), core::condition_answer::refused, true},
                 {refused(errc::invalid, 422), core::condition_answer::refused, true},
                 {refused(errc::not_found, 404), core::condition_answer::refused, false},
                 {refused(errc::throttled, 429), core::condition_answer::failed, true},
                 {unanswered(), core::condition_answer::failed, true}};
    for (const auto& c : cases) {
        executor_fixture other;
        other.api.fails("/khchecks/web/status", c.error);
        const auto answered = other.run<core::condition_done>(order);
        BOOST_TEST((answered.answer == c.answer));
        BOOST_TEST(answered.message.empty() != c.has_message);
    }
}

BOOST_AUTO_TEST_SUITE_END()
