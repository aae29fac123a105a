#include "asio_k8s/request.hpp"

#include <boost/test/unit_test.hpp>

using namespace k8s;

namespace {

const resource pods{"", "v1", "pods", true};
const resource states{"comcast.github.io", "v1", "khstates", true};
const resource nodes{"", "v1", "nodes", false};
const object_key dns{"kuberhealthy", "dns"};

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_request)

BOOST_AUTO_TEST_CASE(paths_follow_group_namespace_and_subresource) {
    BOOST_TEST(pods.api_version() == "v1");
    BOOST_TEST(states.api_version() == "comcast.github.io/v1");
    BOOST_TEST(collection_path(pods, "") == "/api/v1/pods");
    BOOST_TEST(collection_path(pods, "kube-system") == "/api/v1/namespaces/kube-system/pods");
    BOOST_TEST(collection_path(states, "a") == "/apis/comcast.github.io/v1/namespaces/a/khstates");
    BOOST_TEST(collection_path(nodes, "ignored") == "/api/v1/nodes");
    BOOST_TEST(object_path(states, dns) == "/apis/comcast.github.io/v1/namespaces/kuberhealthy/khstates/dns");
    BOOST_TEST(object_path(pods, dns, "log") == "/api/v1/namespaces/kuberhealthy/pods/dns/log");
    object_key node;
    node.name = "system:node/1";
    BOOST_TEST(object_path(nodes, node) == "/api/v1/nodes/system%3Anode%2F1");
}

BOOST_AUTO_TEST_CASE(a_get_asks_for_json) {
    auto made = get_request(states, dns);
    BOOST_TEST(made.method == "GET");
    BOOST_TEST(made.target == "/apis/comcast.github.io/v1/namespaces/kuberhealthy/khstates/dns");
    BOOST_TEST(made.headers.get("Accept") == "application/json");
    BOOST_TEST(!made.headers.has("Content-Type"));
    BOOST_TEST(made.body.empty());
    BOOST_TEST(made.replayable);
}

BOOST_AUTO_TEST_CASE(a_list_is_paged_and_selected_with_encoded_selectors) {
    list_options options;
    options.label_selector = "app=kuberhealthy-check,kind in (a, b)";
    options.field_selector = "status.phase!=Failed";
    auto made = list_request(pods, "", options);
    BOOST_TEST(made.method == "GET");
    BOOST_TEST(made.target == "/api/v1/pods?labelSelector=app%3Dkuberhealthy-check%2Ckind%20in%20%28a%2C%20b%29"
                              "&fieldSelector=status.phase%21%3DFailed&limit=500");
    BOOST_TEST(made.replayable);
}

BOOST_AUTO_TEST_CASE(a_list_without_a_limit_has_no_limit) {
    list_options options;
    options.limit = 0;
    BOOST_TEST(list_request(pods, "a", options).target == "/api/v1/namespaces/a/pods");
}

BOOST_AUTO_TEST_CASE(a_further_page_never_names_a_version_beside_its_token) {
    list_options options;
    options.resource_version = "7";
    BOOST_TEST(list_request(pods, "", options).target == "/api/v1/pods?limit=500&resourceVersion=7");
    options.continue_token = "eyJ2=";
    BOOST_TEST(list_request(pods, "", options).target == "/api/v1/pods?limit=500&continue=eyJ2%3D");
}

BOOST_AUTO_TEST_CASE(a_watch_names_its_version_its_time_and_bookmarks) {
    watch_options options;
    options.resource_version = "4711";
    options.label_selector = "a=b";
    BOOST_TEST(watch_request(pods, "x", options).target ==
               "/api/v1/namespaces/x/"
               "pods?watch=true&allowWatchBookmarks=true&resourceVersion=4711&timeoutSeconds=270&labelSelector=a%3Db");
    options.bookmarks = false;
    options.label_selector.clear();
    options.timeout = std::chrono::seconds(5);
    BOOST_TEST(watch_request(pods, "", options).target == "/api/v1/pods?watch=true&resourceVersion=4711&timeoutSeconds=5");
}

BOOST_AUTO_TEST_CASE(writes_carry_body_and_media_type) {
    struct expected {
        proto_http::request made;
        std::string method;
        std::string target;
        std::string type;
    };
    const std::string base = "/apis/comcast.github.io/v1/namespaces/kuberhealthy/khstates";
    const expected table[] = {
        {create_request(states, "kuberhealthy", "{}"), "POST", base, "application/json"},
        {replace_request(states, dns, "{}"), "PUT", base + "/dns", "application/json"},
        {replace_request(states, dns, "{}", "status"), "PUT", base + "/dns/status", "application/json"},
        {merge_patch_request(states, dns, "{}"), "PATCH", base + "/dns", "application/merge-patch+json"},
        {merge_patch_request(states, dns, "{}", "status"), "PATCH", base + "/dns/status", "application/merge-patch+json"},
    };
    for (const auto& one : table) {
        BOOST_TEST(one.made.method == one.method);
        BOOST_TEST(one.made.target == one.target);
        BOOST_TEST(one.made.headers.get("Content-Type") == one.type);
        BOOST_TEST(one.made.headers.get("Accept") == "application/json");
        BOOST_TEST(one.made.body == "{}");
        BOOST_TEST(one.made.replayable);
    }
}

BOOST_AUTO_TEST_CASE(a_delete_carries_its_options_in_the_body) {
    auto plain = delete_request(pods, dns, {});
    BOOST_TEST(plain.method == "DELETE");
    BOOST_TEST(plain.target == "/api/v1/namespaces/kuberhealthy/pods/dns");
    BOOST_TEST(plain.headers.get("Content-Type") == "application/json");
    BOOST_TEST(plain.body == R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"})");

    delete_options options;
    options.uid = "u-1";
    options.resource_version = "9";
    options.grace_period = std::chrono::seconds(0);
    options.propagation = "";
    BOOST_TEST(
        delete_request(pods, dns, options).body ==
        R"({"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u-1","resourceVersion":"9"},"gracePeriodSeconds":0})");
    BOOST_TEST(delete_request(pods, dns, options).replayable);
}

BOOST_AUTO_TEST_SUITE_END()
