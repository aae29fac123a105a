#include "tools/devcluster/api/metadata_validation.hpp"

#include "recorded_causes.hpp"

#include <boost/test/unit_test.hpp>

namespace json = boost::json;
using namespace devcluster;

namespace {

std::vector<cause> validated(std::string_view kind, json::object metadata) {
    bool is_core = kind != "Thing" && kind != "Lease";
    bool namespaced = kind != "Namespace";
    if (namespaced)
        metadata["namespace"] = "default"; // from the URL
    if (auto* prefix = metadata.if_contains("generateName"); prefix != nullptr && !prefix->as_string().empty())
        metadata["name"] = std::string(prefix->as_string()) + "x1234";
    if (kind == "Namespace") // which the API server adds
        metadata["labels"] = {{"kubernetes.io/metadata.name", metadata["name"]}};
    auto found = validate_metadata(metadata, namespaced, name_rule_of(is_core ? "" : "some.io", kind));
    if (is_core && kind != "Event")
        for (auto& one : validate_core_finalizers(metadata))
            found.push_back(std::move(one));
    return found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(metadata_validation)

BOOST_AUTO_TEST_CASE(metadata_is_judged_as_kube_apiserver_judges_it) {
    auto cases = recorded::load("metadata.json");
    BOOST_TEST_REQUIRE(cases.as_array().size() > 30U);
    for (const auto& one : cases.as_array()) {
        BOOST_TEST_CONTEXT(json::serialize(one.at("metadata")).substr(0, 200)) {
            auto found = validated(recorded::text(one.at("kind")), one.at("metadata").as_object());
            BOOST_TEST(recorded::lines(found) == recorded::lines(one.at("causes")));
        }
    }
}

BOOST_AUTO_TEST_CASE(annotations_are_limited_in_all) {
    json::object metadata{{"name", "a"}, {"annotations", {{"a", std::string(256 * 1024 - 1, 'x')}}}};
    BOOST_TEST(validated("ConfigMap", metadata).empty());
    metadata["annotations"].as_object()["b"] = "";
    auto found = validated("ConfigMap", metadata);
    BOOST_TEST_REQUIRE(found.size() == 1U);
    // Recorded from kube-apiserver 1.36.3.
    BOOST_TEST(found[0].reason == "FieldValueTooLong");
    BOOST_TEST(found[0].message == "Too long: may not be more than 262144 bytes");
}

BOOST_AUTO_TEST_CASE(a_cluster_wide_object_has_no_namespace) {
    auto found = validate_metadata({{"name", "a"}, {"namespace", "b"}}, false, name_rule::dns_subdomain);
    BOOST_TEST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].message == "Forbidden: not allowed on this type");
}

BOOST_AUTO_TEST_CASE(an_object_that_is_being_deleted_gets_no_new_finalizer) {
    json::object old{{"name", "u"}, {"deletionTimestamp", "2026-01-01T00:00:00Z"}, {"finalizers", {"a.b/c"}}};
    json::object metadata{{"name", "u"}, {"finalizers", {"a.b/c", "d/e", "c/d"}}};
    auto found = validate_metadata_update(metadata, old);
    BOOST_TEST_REQUIRE(found.size() == 1U);
    // Recorded from kube-apiserver 1.36.3.
    BOOST_TEST(found[0].message ==
               "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
               "[]string{\"c/d\", \"d/e\"}");
    old.erase("deletionTimestamp");
    BOOST_TEST(validate_metadata_update(metadata, old).empty());
}

BOOST_AUTO_TEST_CASE(names_do_not_change) {
    auto found = validate_metadata_update({{"name", "b"}, {"uid", "1"}}, {{"name", "a"}, {"uid", "1"}});
    BOOST_TEST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].field == "metadata.name");
    BOOST_TEST(found[0].message == "Invalid value: \"b\": field is immutable");
}

BOOST_AUTO_TEST_SUITE_END()
