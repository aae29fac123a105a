#include "controller/pod_builder.hpp"
#include "controller/core/run_id.hpp"
#include "controller/pod_object.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace json = boost::json;
using kh::core::workload;

namespace {

kh::pod_order some_order() {
    kh::pod_order order;
    order.key = {"default", "dns"};
    order.check_uid = "u-1";
    order.slot = 1795442080;
    order.attempt = 1;
    order.run_id = "public-id";
    order.secret = "the-secret";
    order.generation = 3;
    order.deadline = 1795442380;
    order.pod_name = kh::core::pod_name(order.key, order.kind, order.slot, order.attempt);
    return order;
}

const std::string url = "http://kuberhealthy.kuberhealthy.svc.cluster.local/externalCheckStatus";

} // namespace

BOOST_AUTO_TEST_SUITE(pod_builder)

BOOST_AUTO_TEST_CASE(the_pod_is_v2_s_but_owned_by_its_check) {
    const std::string pod_template =
        R"({"podSpec":{"restartPolicy":"Always","containers":[{"name":"main","image":"i:1","env":[{"name":"KH_RUN_UUID","value":"mine"},{"name":"A","value":"b"}]},{"name":"proxy","image":"p:1"}],)"
        R"("initContainers":[{"name":"init","image":"x"}]},)"
        R"("extraLabels":{"team":"a","app":"mine","kuberhealthy-run-id":"mine"},"extraAnnotations":{"note":"n","comcast.github.io/check-name":"mine"}})";
    const auto expected = json::parse(R"({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "dns-1795442080-r1", "namespace": "default",
            "labels": {"team": "a", "app": "kuberhealthy-check", "kuberhealthy-run-id": "public-id", "kuberhealthy-check-name": "dns"},
            "annotations": {"note": "n", "comcast.github.io/check-name": "dns", "kuberhealthy.github.io/check-uid": "u-1",
                "kuberhealthy.github.io/slot": "1795442080", "kuberhealthy.github.io/attempt": "1",
                "kuberhealthy.github.io/generation": "3", "kuberhealthy.github.io/deadline": "1795442380"},
            "ownerReferences": [{"apiVersion": "comcast.github.io/v1", "kind": "KuberhealthyCheck", "name": "dns", "uid": "u-1",
                "controller": true, "blockOwnerDeletion": false}]},
        "spec": {"restartPolicy": "Never",
            "containers": [
                {"name": "main", "image": "i:1", "env": [{"name": "A", "value": "b"},
                    {"name": "KH_REPORTING_URL", "value": "http://kuberhealthy.kuberhealthy.svc.cluster.local/externalCheckStatus"},
                    {"name": "KH_RUN_UUID", "value": "the-secret"}, {"name": "KH_CHECK_RUN_DEADLINE", "value": "1795442380"},
                    {"name": "KH_POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]},
                {"name": "proxy", "image": "p:1", "env": [
                    {"name": "KH_REPORTING_URL", "value": "http://kuberhealthy.kuberhealthy.svc.cluster.local/externalCheckStatus"},
                    {"name": "KH_RUN_UUID", "value": "the-secret"}, {"name": "KH_CHECK_RUN_DEADLINE", "value": "1795442380"},
                    {"name": "KH_POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]}],
            "initContainers": [{"name": "init", "image": "x"}]}})");
    const auto built = json::parse(kh::build_pod(pod_template, some_order(), url));
    BOOST_TEST(json::serialize(built) != "");
    BOOST_TEST((built == expected), json::serialize(built));
}

BOOST_AUTO_TEST_CASE(a_job_s_pod_is_owned_by_the_job) {
    auto order = some_order();
    order.kind = workload::job;
    const auto built = json::parse(kh::build_pod(R"({"podSpec":{"containers":[{"image":"i"}]}})", order, url));
    BOOST_TEST(built.at("metadata").at("ownerReferences").at(0).at("kind").as_string() == "KuberhealthyJob");
}

BOOST_AUTO_TEST_CASE(the_secret_stands_in_the_spec_only) {
    const auto built = json::parse(kh::build_pod(R"({"podSpec":{"containers":[{"image":"i"}]}})", some_order(), url));
    BOOST_TEST(json::serialize(built.at("metadata")).find("the-secret") == std::string::npos);
    BOOST_TEST(json::serialize(built.at("spec")).find("the-secret") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_built_pod_is_recognised_as_that_run) {
    const auto order = some_order();
    const auto built = json::parse(kh::build_pod(R"({"podSpec":{"hostNetwork":true,"containers":[{"image":"i"}]}})", order, url));
    const auto pod = kh::parse_pod(built.as_object());
    BOOST_TEST((pod.check == order.key));
    BOOST_TEST(pod.name == order.pod_name);
    BOOST_TEST(pod.check_uid == order.check_uid);
    BOOST_TEST((pod.slot == order.slot));
    BOOST_TEST(pod.attempt == order.attempt);
    BOOST_TEST(pod.run_id == order.run_id);
    BOOST_TEST(pod.generation == order.generation);
    BOOST_TEST((pod.deadline == order.deadline));
    BOOST_TEST(pod.secret == order.secret);
    BOOST_TEST(pod.host_network);
}

BOOST_AUTO_TEST_CASE(templates_of_any_shape_are_survived) {
    for (const char* text :
         {"", "[]", "nonsense", R"({"podSpec":7,"extraLabels":[]})", R"({"podSpec":{"containers":[1,{"env":7},{}]}})",
          R"({"podSpec":{"containers":[{"env":[1,{"name":2}]}]}})"}) {
        const auto built = json::parse(kh::build_pod(text, some_order(), url));
        BOOST_TEST(built.at("spec").at("restartPolicy").as_string() == "Never");
    }
}

BOOST_AUTO_TEST_CASE(a_restart_policy_inside_a_container_is_dropped_as_v2s_crd_did) {
    const auto pod = json::parse(kh::build_pod(
        R"({"podSpec":{"containers":[{"name":"main","image":"a","restartPolicy":"Never"}],"restartPolicy":"Always"}})",
        kh::pod_order(), "http://kuberhealthy"));
    BOOST_TEST(pod.at("spec").at("containers").at(0).as_object().count("restartPolicy") == 0u);
    BOOST_TEST(pod.at("spec").at("restartPolicy").as_string() == "Never");
}

BOOST_AUTO_TEST_CASE(a_proxy_of_the_check_does_not_catch_its_report) {
    struct {
        const char* env;
        const char* expected; ///< before our four
    } const table[] = {
        {R"([])", R"([])"},
        {R"([{"name":"NO_PROXY","value":"a"}])", R"([{"name":"NO_PROXY","value":"a"}])"},
        {R"([{"name":"HTTP_PROXY","value":"p"}])",
         R"([{"name":"HTTP_PROXY","value":"p"},{"name":"NO_PROXY","value":"kuberhealthy.kuberhealthy.svc.cluster.local"}])"},
        {R"([{"name":"all_proxy","valueFrom":{}}])",
         R"([{"name":"all_proxy","valueFrom":{}},{"name":"NO_PROXY","value":"kuberhealthy.kuberhealthy.svc.cluster.local"}])"},
        {R"([{"name":"no_proxy","value":"a,b"},{"name":"http_proxy","value":"p"}])",
         R"([{"name":"no_proxy","value":"a,b,kuberhealthy.kuberhealthy.svc.cluster.local"},{"name":"http_proxy","value":"p"}])"},
        {R"([{"name":"NO_PROXY","value":""},{"name":"HTTP_PROXY","value":"p"}])",
         R"([{"name":"NO_PROXY","value":"kuberhealthy.kuberhealthy.svc.cluster.local"},{"name":"HTTP_PROXY","value":"p"}])"},
        {R"([{"name":"HTTP_PROXY","value":"p"},{"name":"NO_PROXY","valueFrom":{"configMapKeyRef":{"name":"n","key":"k"}}}])",
         R"([{"name":"HTTP_PROXY","value":"p"},{"name":"NO_PROXY","valueFrom":{"configMapKeyRef":{"name":"n","key":"k"}}}])"},
        {R"([{"name":"FTP_PROXY","value":"p"}])", R"([{"name":"FTP_PROXY","value":"p"}])"},
    };
    for (const auto& row : table) {
        const std::string from = std::string(R"({"podSpec":{"containers":[{"name":"main","image":"a","env":)") + row.env + "}]}}";
        auto env = json::parse(kh::build_pod(from, some_order(), url)).at("spec").at("containers").at(0).at("env").as_array();
        BOOST_REQUIRE(env.size() >= 4);
        env.erase(env.end() - 4, env.end());
        BOOST_TEST(json::serialize(env) == json::serialize(json::parse(row.expected)), row.env);
    }
}

BOOST_AUTO_TEST_SUITE_END()
