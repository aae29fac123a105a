#include "recorded.hpp"
#include "tools/devcluster/api/selector.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using devcluster::field_selector;
namespace json = boost::json;

const std::vector<std::string> of_pods{"spec.nodeName", "spec.restartPolicy", "spec.hostNetwork", "status.phase"};

BOOST_AUTO_TEST_SUITE(field_selectors)

BOOST_AUTO_TEST_CASE(what_parses_and_what_is_said_of_the_rest_is_what_kube_apiserver_says) {
    for (const auto& row : test_support::recorded("selectors/field-selectors.json")) {
        const auto selector = test_support::text(row.at("selector"));
        const auto parsed = field_selector::parse(selector, of_pods);
        BOOST_TEST((parsed ? "" : parsed.error().message) == test_support::text(row.at("message")), "selector: " << selector);
        if (!parsed)
            BOOST_TEST(parsed.error().code == 400U);
    }
}

BOOST_AUTO_TEST_CASE(kinds_without_fields_of_their_own_say_so) {
    BOOST_TEST(field_selector::parse_metadata_only("metadata.name=a,metadata.namespace!=b").has_value());
    const auto refused = field_selector::parse_metadata_only("spec.foo=a");
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().message ==
               R"("spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace")");
}

BOOST_AUTO_TEST_CASE(objects_are_selected_by_their_fields) {
    const auto pod =
        json::parse(R"({"metadata": {"name": "a,b=c\\d", "namespace": "n"}, "spec": {"nodeName": "node", "restartPolicy": 5},
                                     "status": {"phase": "Running"}})")
            .as_object();
    const struct {
        const char* selector;
        bool matches;
    } table[] = {
        {"", true},
        {"=", true},
        {"metadata.name=a\\,b\\=c\\\\d", true},
        {"metadata.name=a", false},
        {"metadata.name!=a", true},
        {"metadata.namespace==n,spec.nodeName=node", true},
        {"metadata.namespace=n,spec.nodeName!=node", false},
        {"status.phase=Running,", true},
        {"status.phase!=Succeeded,status.phase!=Failed", true},
        {"spec.restartPolicy=5", true},
        {"spec.hostNetwork=false", true},
        {"spec.hostNetwork=true", false},
        {"spec.nodeName=", false},
    };
    for (const auto& row : table) {
        const auto parsed = field_selector::parse(row.selector, of_pods);
        BOOST_REQUIRE(parsed);
        BOOST_TEST(parsed->matches(pod) == row.matches, row.selector);
    }
    BOOST_TEST(field_selector::parse("spec.nodeName=", of_pods)->matches({}));
    BOOST_TEST(field_selector::parse("status.phase!=x", of_pods)->matches(json::parse(R"({"status": "odd"})").as_object()));
}

BOOST_AUTO_TEST_CASE(an_events_source_is_its_component) {
    const std::vector<std::string> of_events{"source"};
    const auto selector = field_selector::parse("source=kubelet", of_events).value();
    BOOST_TEST(selector.matches(json::parse(R"({"source": {"component": "kubelet", "host": "n"}})").as_object()));
    BOOST_TEST(selector.matches(json::parse(R"({"source": {}, "reportingComponent": "kubelet"})").as_object()));
    BOOST_TEST(!selector.matches(json::parse(R"({"source": {"component": "x"}, "reportingComponent": "kubelet"})").as_object()));
}

BOOST_AUTO_TEST_CASE(the_one_object_that_is_asked_for_is_known) {
    const auto name = [](const char* selector) { return field_selector::parse(selector, of_pods)->name().value_or("-"); };
    BOOST_TEST(name("metadata.name=a") == "a");
    BOOST_TEST(name("status.phase=x,metadata.name==b") == "b");
    BOOST_TEST(name("metadata.name!=a") == "-");
    BOOST_TEST(name("") == "-");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
