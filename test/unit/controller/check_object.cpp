#include "controller/check_object.hpp"

#include "asio_k8s/rfc3339.hpp"
#include "controller/pod_builder.hpp"
#include "support/test_data.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace json = boost::json;
using namespace std::chrono_literals;
using kh::core::workload;

namespace {

json::object object_of(const std::string& text) {
    return json::parse(text).as_object();
}

// A check with this spec.
json::object check_with(const std::string& spec) {
    return object_of(R"({"metadata":{"name":"dns","namespace":"default","uid":"u-1","generation":3,
                         "creationTimestamp":"2026-11-23T13:54:43Z"},"spec":)" +
                     spec + "}");
}

std::string error_of(const std::string& spec, workload kind = workload::check) {
    return kh::v1::parse_check(check_with(spec), kind).view.spec_error;
}

const std::string good_pod = R"("podSpec":{"containers":[{"name":"main","image":"i:1"}]})";

kh::core::run_result some_result() {
    kh::core::run_result result;
    result.key = {"default", "dns"};
    result.check_uid = "u-1";
    result.slot = 1795442080;
    result.generation = 3;
    result.run_id = "c85f95cb-87e2-5ff5-b513-e02b3d25973a";
    result.how = kh::core::outcome::failed;
    result.content = {false, {"a \"quote\"", "b"}};
    result.node = "node-1";
    result.start = 1795442081;
    result.finished = 1795442083;
    result.run_duration = 2479381us;
    return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(check_object)

BOOST_AUTO_TEST_CASE(a_check_of_v2_s_documentation_is_read) {
    const auto parsed = kh::v1::parse_check(
        check_with(R"({"runInterval":"30s","timeout":"2m","extraAnnotations":{"comcast.com/testAnnotation":"test.annotation"},
            "extraLabels":{"testLabel":"testLabel"},"podSpec":{"containers":[{"name":"main","image":"kuberhealthy/test-check:v1.4.0",
            "env":[{"name":"REPORT_FAILURE","value":"false"}]}]}})"),
        workload::check);
    BOOST_TEST(parsed.view.spec_error == "");
    BOOST_TEST(parsed.view.key.text() == "default/dns");
    BOOST_TEST(parsed.view.uid == "u-1");
    BOOST_TEST(parsed.view.generation == 3);
    BOOST_TEST(parsed.view.created == 1795442083);
    BOOST_TEST((parsed.view.interval == 30s));
    BOOST_TEST((parsed.view.timeout == 2min));
    BOOST_TEST(
        parsed.pod_template ==
        R"({"podSpec":{"containers":[{"name":"main","image":"kuberhealthy/test-check:v1.4.0","env":[{"name":"REPORT_FAILURE","value":"false"}]}]},"extraLabels":{"testLabel":"testLabel"},"extraAnnotations":{"comcast.com/testAnnotation":"test.annotation"}})");
}

BOOST_AUTO_TEST_CASE(v2_s_defaults_hold_where_the_spec_is_silent) {
    for (const std::string& spec : {"{" + good_pod + "}", R"({"runInterval":"","timeout":" ",)" + good_pod + "}",
                                    R"({"runInterval":null,"timeout":null,"extraLabels":null,)" + good_pod + "}"}) {
        const auto view = kh::v1::parse_check(check_with(spec), workload::check).view;
        BOOST_TEST(view.spec_error == "");
        BOOST_TEST((view.interval == 10min));
        BOOST_TEST((view.timeout == 5min));
    }
}

BOOST_AUTO_TEST_CASE(a_job_has_a_phase_and_no_interval) {
    const auto view =
        kh::v1::parse_check(check_with(R"({"phase":"Running","timeout":"90s","runInterval":"nonsense",)" + good_pod + "}"),
                            workload::job)
            .view;
    BOOST_TEST(view.spec_error == "");
    BOOST_TEST(view.phase == "Running");
    BOOST_TEST((view.kind == workload::job));
    BOOST_TEST((view.timeout == 90s));
}

BOOST_AUTO_TEST_CASE(the_hash_of_a_job_is_of_all_of_its_spec_but_the_phase) {
    const auto hash_of = [](const std::string& spec) {
        return kh::v1::parse_check(check_with(spec), workload::job).view.spec_hash;
    };
    const auto plain = hash_of("{\"extraLabels\":{}," + good_pod + ",\"timeout\":\"1m\"}");
    BOOST_TEST(plain != 0u);
    BOOST_TEST(plain == hash_of("{\"extraLabels\":{},\"phase\":\"Running\"," + good_pod + ",\"timeout\":\"1m\"}"));
    BOOST_TEST(plain == hash_of("{\"extraLabels\":{}," + good_pod + ",\"timeout\":\"1m\",\"phase\":\"Completed\"}"));
    BOOST_TEST(plain != hash_of("{\"extraLabels\":{}," + good_pod + ",\"timeout\":\"2m\"}"));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_spec_names_the_field) {
    const struct {
        std::string spec;
        const char* error;
    } table[] = {
        {R"({"runInterval":"10 minutes",)" + good_pod + "}",
         R"(spec.runInterval: "10 minutes" is not a duration (want e.g. 90s, 10m, 1h30m))"},
        {R"({"runInterval":"0s",)" + good_pod + "}", R"(spec.runInterval: "0s" is not longer than zero)"},
        {R"({"runInterval":"-5m",)" + good_pod + "}", R"(spec.runInterval: "-5m" is not longer than zero)"},
        {R"({"runInterval":"87601h",)" + good_pod + "}", R"(spec.runInterval: "87601h" is longer than 10 years (87600h))"},
        {R"({"runInterval":300,)" + good_pod + "}", R"(spec.runInterval: not a string (want e.g. "90s", "10m", "1h30m"))"},
        {R"({"timeout":"5",)" + good_pod + "}", R"(spec.timeout: "5" is not a duration (want e.g. 90s, 10m, 1h30m))"},
        {R"({"timeout":"0",)" + good_pod + "}", R"(spec.timeout: "0" is not longer than zero)"},
        {R"({"timeout":"100000h",)" + good_pod + "}", R"(spec.timeout: "100000h" is longer than 10 years (87600h))"},
        {R"({"timeout":"1\nm",)" + good_pod + "}", R"(spec.timeout: "1 m" is not a duration (want e.g. 90s, 10m, 1h30m))"},
        {R"({})", "no containers found in checks PodSpec (spec.podSpec is missing)"},
        {R"(null)", "no containers found in checks PodSpec (spec.podSpec is missing)"},
        {R"([])", "spec: not an object"},
        {R"({"podSpec":"x"})", "spec.podSpec: not an object"},
        {R"({"podSpec":{}})", "no containers found in checks PodSpec (spec.podSpec.containers)"},
        {R"({"podSpec":{"containers":[]}})", "no containers found in checks PodSpec (spec.podSpec.containers)"},
        {R"({"podSpec":{"containers":{}}})", "spec.podSpec.containers: not a list"},
        {R"({"podSpec":{"containers":["x"]}})", "spec.podSpec.containers[0]: not an object"},
        {R"({"podSpec":{"containers":[{"name":"a","image":"i"},{"name":"X","image":" "}]}})",
         "no image found in check's PodSpec for container X. (spec.podSpec.containers[1].image)"},
        {R"({"podSpec":{"containers":[{"name":"X","image":1}]}})",
         "no image found in check's PodSpec for container X. (spec.podSpec.containers[0].image)"},
        {R"({"extraLabels":{"a":1},)" + good_pod + "}", "spec.extraLabels.a: not a string"},
        {R"({"extraLabels":[],)" + good_pod + "}", "spec.extraLabels: not a map of strings"},
        {R"({"extraAnnotations":{"a/b":null},)" + good_pod + "}", "spec.extraAnnotations.a/b: not a string"},
        {R"({"runInterval":"x","timeout":"y"})", "spec.runInterval: \"x\" is not a duration (want e.g. 90s, 10m, 1h30m); "
                                                 "spec.timeout: \"y\" is not a duration (want e.g. 90s, 10m, "
                                                 "1h30m); no containers found in checks PodSpec (spec.podSpec is missing)"},
    };
    for (const auto& row : table) {
        BOOST_TEST(error_of(row.spec) == row.error);
        BOOST_TEST(kh::v1::parse_check(check_with(row.spec), workload::check).pod_template == "");
    }
}

BOOST_AUTO_TEST_CASE(a_name_that_no_label_holds_is_an_error_of_metadata_name) {
    auto object = check_with("{" + good_pod + "}");
    object["metadata"].as_object()["name"] = std::string(63, 'n');
    BOOST_TEST(kh::v1::parse_check(object, workload::check).view.spec_error == "");
    object["metadata"].as_object()["name"] = std::string(64, 'n');
    BOOST_TEST(kh::v1::parse_check(object, workload::check).view.spec_error ==
               "metadata.name: 64 characters; a checker pod carries it as a label, which holds 63");
}

BOOST_AUTO_TEST_CASE(a_pod_spec_is_carried_whole_or_refused_for_its_depth) {
    const auto nested = [](std::size_t depth) {
        return R"({"podSpec":{"containers":[{"name":"main","image":"i:1"}],"x":)" + std::string(depth, '[') +
               std::string(depth, ']') + "}}";
    };
    const auto carried = kh::v1::parse_check(check_with(nested(20)), workload::check);
    BOOST_TEST(carried.view.spec_error == "");
    BOOST_TEST(kh::build_pod(carried.pod_template, {}, "").find("i:1") != std::string::npos);

    json::parse_options deep;
    deep.max_depth = 10'000;
    for (const std::size_t depth : {30U, 40U, 9'000U}) {
        json::error_code failure;
        const auto text = R"({"metadata":{"name":"a","namespace":"b","uid":"c"},"spec":)" + nested(depth) + "}";
        const auto object = json::parse(text, failure, json::make_shared_resource<json::monotonic_resource>(), deep);
        BOOST_TEST_REQUIRE(!failure);
        BOOST_TEST(kh::v1::parse_check(object.as_object(), workload::check).view.spec_error ==
                   "spec.podSpec: nested more than 30 levels deep");
    }
}

BOOST_AUTO_TEST_CASE(objects_of_any_shape_are_survived) {
    for (const char* text :
         {"{}", R"({"metadata":null,"spec":null})", R"({"metadata":[],"spec":7})", R"({"metadata":{"name":1,"uid":{}}})",
          R"({"metadata":{"annotations":[1]},"spec":{"Errors":{"a":1},"OK":"yes","LastRun":5}})",
          R"({"metadata":{"annotations":{"kuberhealthy.github.io/slot":"x","kuberhealthy.github.io/generation":7,
                                 "kuberhealthy.github.io/start":"","kuberhealthy.github.io/outcome":"Nonsense"}}})"}) {
        const auto object = object_of(text);
        BOOST_TEST(!kh::v1::parse_check(object, workload::check).view.spec_error.empty());
        const auto state = kh::v1::parse_state(object);
        BOOST_TEST(!state.ok);
        BOOST_TEST(state.errors.empty());
        BOOST_TEST(!state.slot.has_value());
        BOOST_TEST(!state.how.has_value());
        BOOST_TEST(state.generation == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_state_of_v2_is_read_and_has_nothing_of_ours) {
    const auto state = kh::v1::parse_state(object_of(test_support::read_test_data("kube-1.36.3/objects/khstate-created.json")));
    kh::core::state_view expected;
    expected.key = {"default", "dns"};
    expected.uid = "f2834c80-278a-4275-8151-e6ec3a53323b";
    expected.resource_version = "574";
    expected.ok = true;
    expected.run_duration = "1.5s";
    expected.node = "labnode";
    expected.last_run = k8s::parse_rfc3339("2026-11-23T13:00:00Z");
    expected.authoritative_pod = "kuberhealthy-0";
    expected.run_id = "00000000-0000-4000-8000-000000000000";
    BOOST_TEST((state == expected));
}

BOOST_AUTO_TEST_CASE(a_created_state_is_v2_s_with_our_annotations_and_owner) {
    BOOST_TEST(
        kh::v1::state_create_body(some_result(), "kuberhealthy-0") ==
        R"({"apiVersion":"comcast.github.io/v1","kind":"KuberhealthyState","metadata":{"name":"dns","namespace":"default",)"
        R"("annotations":{"kuberhealthy.github.io/owner-uid":"u-1","kuberhealthy.github.io/slot":"1795442080",)"
        R"("kuberhealthy.github.io/generation":"3","kuberhealthy.github.io/start":"1795442081","kuberhealthy.github.io/outcome":"Failed"},)"
        R"("ownerReferences":[{"apiVersion":"comcast.github.io/v1","kind":"KuberhealthyCheck","name":"dns","uid":"u-1",)"
        R"("controller":false,"blockOwnerDeletion":false}]},)"
        R"("spec":{"OK":false,"Errors":["a \"quote\"","b"],"RunDuration":"2.479381s","Namespace":"default","Node":"node-1",)"
        R"("LastRun":"2026-11-23T13:54:43Z","AuthoritativePod":"kuberhealthy-0","uuid":"c85f95cb-87e2-5ff5-b513-e02b3d25973a"}})");
}

BOOST_AUTO_TEST_CASE(a_patched_state_carries_the_version_it_was_decided_on) {
    auto result = some_result();
    result.kind = workload::job;
    result.how = kh::core::outcome::passed;
    result.content = {true, {}};
    result.generation = 0;
    BOOST_TEST(
        kh::v1::state_patch_body(result, "kuberhealthy-0", "574") ==
        R"({"metadata":{"resourceVersion":"574","annotations":{"kuberhealthy.github.io/owner-uid":"u-1",)"
        R"("kuberhealthy.github.io/slot":"1795442080","kuberhealthy.github.io/generation":null,"kuberhealthy.github.io/start":"1795442081",)"
        R"("kuberhealthy.github.io/outcome":"Passed"},"ownerReferences":[{"apiVersion":"comcast.github.io/v1","kind":"KuberhealthyJob",)"
        R"("name":"dns","uid":"u-1","controller":false,"blockOwnerDeletion":false}]},)"
        R"("spec":{"OK":true,"Errors":[],"RunDuration":"2.479381s","Namespace":"default","Node":"node-1",)"
        R"("LastRun":"2026-11-23T13:54:43Z","AuthoritativePod":"kuberhealthy-0","uuid":"c85f95cb-87e2-5ff5-b513-e02b3d25973a"}})");
}

BOOST_AUTO_TEST_CASE(what_is_written_to_a_state_is_read_back) {
    const auto result = some_result();
    const auto state = kh::v1::parse_state(object_of(kh::v1::state_create_body(result, "kuberhealthy-0")));
    BOOST_TEST((state.key == result.key));
    BOOST_TEST(state.owner_uid == result.check_uid);
    BOOST_TEST((state.slot == result.slot));
    BOOST_TEST(state.generation == result.generation);
    BOOST_TEST((state.start == result.start));
    BOOST_TEST((state.how == result.how));
    BOOST_TEST(state.errors == result.content.errors, boost::test_tools::per_element());
    BOOST_TEST((state.last_run == result.finished));
    BOOST_TEST(state.run_id == result.run_id);
}

BOOST_AUTO_TEST_CASE(a_phase_is_patched_alone) {
    BOOST_TEST(kh::v1::job_phase_patch_body("Completed", "") == R"({"spec":{"phase":"Completed"}})");
    BOOST_TEST(kh::v1::job_phase_patch_body("Running", "7") ==
               R"({"metadata":{"resourceVersion":"7"},"spec":{"phase":"Running"}})");
}

BOOST_AUTO_TEST_CASE(resources_are_v2_s) {
    BOOST_TEST(kh::v1::khchecks.api_version() == "comcast.github.io/v1");
    BOOST_TEST(kh::v1::khchecks.plural == "khchecks");
    BOOST_TEST(kh::v1::khjobs.plural == "khjobs");
    BOOST_TEST(kh::v1::khstates.plural == "khstates");
}

BOOST_AUTO_TEST_SUITE_END()
