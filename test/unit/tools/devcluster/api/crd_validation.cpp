#include "tools/devcluster/api/crd_validation.hpp"

#include "recorded_causes.hpp"

#include <boost/test/unit_test.hpp>

namespace json = boost::json;
using namespace devcluster;

namespace {

json::object crd_of(std::string_view spec_part, std::string_view version_part = "") {
    auto text = fmt::format(R"({{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
        "metadata":{{"name":"things.test.io"}},"spec":{{"group":"test.io","scope":"Namespaced",
        "names":{{"plural":"things","kind":"Thing","shortNames":["th"],"categories":["all"]}},
        "versions":[{{"name":"v1","served":true,"storage":true,"schema":{{"openAPIV3Schema":{{"type":"object","properties":
            {{"spec":{{"type":"object","properties":{{"color":{{"type":"string"}}}}}}}}}}}}{}}}]{}}}}})",
                            version_part, spec_part);
    auto made = json::parse(text).as_object();
    apply_crd_defaults(made);
    return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(crd_validation)

BOOST_AUTO_TEST_CASE(definitions_are_judged_as_kube_apiserver_judges_them) {
    auto cases = recorded::load("crds.json");
    BOOST_TEST_REQUIRE(cases.as_array().size() > 50U);
    for (const auto& one : cases.as_array()) {
        BOOST_TEST_CONTEXT(recorded::text(one.at("case"))) {
            auto crd = one.at("crd").as_object();
            apply_crd_defaults(crd);
            auto read = read_crd(crd);
            BOOST_TEST(recorded::lines(read ? std::vector<cause>() : read.error().causes) == recorded::lines(one.at("causes")));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_pattern_must_compile) {
    auto schema = json::parse(R"({"type":"object","properties":{"a":{"type":"string","pattern":"(a"}}})");
    auto found = validate_crd_schema(schema.as_object(), "spec.validation.openAPIV3Schema");
    BOOST_TEST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].field == "spec.validation.openAPIV3Schema.properties[a].pattern");
    BOOST_TEST(found[0].message.starts_with(
        "Invalid value: \"(a\": must be a valid regular expression, but isn't: error parsing regexp: missing"));
}

BOOST_AUTO_TEST_CASE(a_definition_is_taken_apart) {
    auto read = read_crd(crd_of("", R"(,"deprecated":true,"deprecationWarning":"old","subresources":{"status":{}},
        "additionalPrinterColumns":[{"name":"C","type":"string","jsonPath":".spec.color"}],
        "selectableFields":[{"jsonPath":".spec.color"}])"));
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(read->group == "test.io");
    BOOST_TEST(read->namespaced);
    BOOST_TEST(read->names.plural == "things");
    BOOST_TEST(read->names.singular == "thing");
    BOOST_TEST(read->names.list_kind == "ThingList");
    BOOST_TEST(read->names.short_names.at(0) == "th");
    BOOST_TEST(read->names.categories.at(0) == "all");
    BOOST_TEST_REQUIRE(read->versions.size() == 1U);
    const auto& version = read->versions[0];
    BOOST_TEST((version.served && version.storage && version.deprecated && version.has_status && !version.has_scale));
    BOOST_TEST(version.deprecation_warning == "old");
    BOOST_TEST(version.printer_columns.size() == 1U);
    BOOST_TEST(version.selectable_fields.at(0) == "spec.color");
    BOOST_TEST((version.structural->member("spec")->member("color") != nullptr));
}

BOOST_AUTO_TEST_CASE(a_refusal_tells_the_kind_and_all_causes) {
    auto read = read_crd(crd_of(R"(,"scope":"Galaxy")"));
    BOOST_TEST_REQUIRE(read.has_error());
    BOOST_TEST(read.error().code == 422U);
    BOOST_TEST(
        read.error().message ==
        "CustomResourceDefinition.apiextensions.k8s.io \"things.test.io\" is invalid: spec.scope: Unsupported value: \"Galaxy\": "
        "supported values: \"Cluster\", \"Namespaced\"");
}

BOOST_AUTO_TEST_CASE(what_is_knowingly_missing_is_told) {
    const std::pair<json::object, std::string_view> cases[] = {
        {crd_of(
             R"(,"conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":{"url":"https://a"}}})"),
         "Webhook"},
        {crd_of("", R"(,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-validations":[{"rule":"self.a > 1"}]}})"),
         "CEL"},
    };
    for (const auto& [crd, word] : cases) {
        auto read = read_crd(crd);
        BOOST_TEST_REQUIRE(read.has_error());
        BOOST_TEST(read.error().code == 501U);
        BOOST_TEST(read.error().message.find(word) != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_identifies_the_resource_does_not_change) {
    auto found = validate_crd_update(crd_of(R"(,"scope":"Cluster")"), crd_of(""));
    BOOST_TEST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].field == "spec.scope");
    BOOST_TEST(found[0].message == "Invalid value: \"Cluster\": field is immutable");
}

BOOST_AUTO_TEST_SUITE_END()
