#include "tools/devcluster/api/schema.hpp"

#include "recorded_causes.hpp"
#include "tools/devcluster/api/core_schemas.hpp"

#include <boost/test/unit_test.hpp>

namespace json = boost::json;
using devcluster::schema;

namespace {

json::object parsed(std::string_view text) {
    return json::parse(json::string_view(text.data(), text.size())).as_object();
}

std::shared_ptr<const schema> compiled(std::string_view text) {
    return schema::compile(parsed(text), nullptr);
}

/// As the API server does with what it is given.
struct thing {
    std::shared_ptr<const schema> of = schema::compile(recorded::load("schema.json").as_object(), nullptr);
    std::vector<std::string> unknown;
    json::object stored;

    explicit thing(const json::value& spec) {
        stored = {{"apiVersion", "test.io/v1"}, {"kind", "Thing"}, {"metadata", {{"name", "a"}}}, {"spec", spec}};
        unknown = of->prune(stored);
        of->apply_defaults(stored);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(structural_schema)

BOOST_AUTO_TEST_CASE(values_are_judged_as_kube_apiserver_judges_them) {
    auto cases = recorded::load("values.json");
    BOOST_TEST_REQUIRE(cases.as_array().size() > 100U);
    for (const auto& one : cases.as_array()) {
        BOOST_TEST_CONTEXT(json::serialize(one.at("given"))) {
            thing made(one.at("given"));
            BOOST_TEST(recorded::lines(made.of->validate(made.stored)) == recorded::lines(one.at("causes")));
        }
    }
}

BOOST_AUTO_TEST_CASE(unknown_members_go_and_defaults_come) {
    auto cases = recorded::load("unknown.json");
    for (const auto& one : cases.as_array()) {
        BOOST_TEST_CONTEXT(json::serialize(one.at("given"))) {
            thing made(one.at("given"));
            BOOST_TEST(made.stored.at("spec") == one.at("stored"));
            std::string told;
            for (const auto& path : made.unknown)
                told += fmt::format("{}unknown field \"{}\"", told.empty() ? "" : ", ", path);
            if (!told.empty())
                told.insert(0, "Thing in version \"v1\" cannot be handled as a Thing: strict decoding error: ");
            BOOST_TEST(told == recorded::text(one.at("strict")));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_in_the_order_of_the_recorded_answer) {
    // status/422-invalid.json: types first, then what is required, in the order of `required`.
    auto of = compiled(R"({"type":"object","properties":{"spec":{"type":"object","required":["z","a"],"properties":
                           {"OK":{"type":"boolean"},"a":{"type":"string"},"z":{"type":"string"}}}}})");
    auto found = of->validate(parsed(R"({"spec":{"OK":"yes"}})"));
    BOOST_TEST_REQUIRE(found.size() == 3U);
    BOOST_TEST(found[0].field == "spec.OK");
    BOOST_TEST(found[1].field == "spec.z");
    BOOST_TEST(found[2].field == "spec.a");
}

BOOST_AUTO_TEST_CASE(metadata_is_that_of_all_objects) {
    auto of = compiled(R"({"type":"object","properties":{"metadata":{"type":"object"}}})");
    auto given =
        parsed(R"({"kind":"T","metadata":{"name":"a","foo":1,"labels":null,"managedFields":[{"fieldsV1":{"f:x":{}}}]},"top":1})");
    auto removed = of->prune(given);
    BOOST_TEST(removed == (std::vector<std::string>{"metadata.foo", "top"}), boost::test_tools::per_element());
    BOOST_TEST(json::value(given) ==
               json::parse(R"({"kind":"T","metadata":{"name":"a","managedFields":[{"fieldsV1":{"f:x":{}}}]}})"));
}

BOOST_AUTO_TEST_CASE(a_pattern_takes_time_linear_in_the_text) {
    auto of = compiled(R"({"type":"object","properties":{"a":{"type":"string","pattern":"^(a+)+$"}}})");
    json::object given{{"a", std::string(1'000'000, 'a') + "!"}};
    BOOST_TEST(of->validate(given).size() == 1U);
}

BOOST_AUTO_TEST_CASE(many_mistakes_take_time_linear_in_their_number) {
    auto of = compiled(R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"string"}}}})");
    constexpr std::size_t count = 100'000;
    json::object given{{"a", json::array(count, json::value(1))}};
    BOOST_TEST(of->validate(given).size() == count);
}

BOOST_AUTO_TEST_CASE(rules_in_cel_are_seen_at_any_depth) {
    BOOST_TEST(!compiled(R"({"type":"object"})")->has_validation_rules());
    BOOST_TEST(compiled(R"({"type":"object","x-kubernetes-validations":[{"rule":"true"}]})")->has_validation_rules());
    BOOST_TEST(
        compiled(R"({"properties":{"a":{"items":{"x-kubernetes-validations":[{"rule":"true"}]}}}})")->has_validation_rules());
}

BOOST_AUTO_TEST_CASE(a_schema_outlives_what_it_was_made_of) {
    std::shared_ptr<const schema> of;
    {
        auto source = parsed(R"({"properties":{"a":{"type":"string","default":"d","enum":["d"]}}})");
        of = schema::compile(source, nullptr);
    }
    json::object given;
    of->apply_defaults(given);
    BOOST_TEST(json::value(given) == json::parse(R"({"a":"d"})"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(core_schemas)

BOOST_AUTO_TEST_CASE(the_kinds_that_are_served_have_one) {
    using devcluster::core_schema;
    for (const char* kind : {"Namespace", "Pod", "Event", "ConfigMap", "Secret", "ServiceAccount", "Node", "PodList", "Status"})
        BOOST_TEST((core_schema("", "v1", kind) != nullptr), kind);
    BOOST_TEST((core_schema("coordination.k8s.io", "v1", "Lease") != nullptr));
    BOOST_TEST((core_schema("apiextensions.k8s.io", "v1", "CustomResourceDefinition") != nullptr));
    BOOST_TEST((core_schema("apps", "v1", "Deployment") == nullptr));
    BOOST_TEST((core_schema("", "v1", "Pod") == core_schema("", "v1", "Pod")));
}

BOOST_AUTO_TEST_CASE(they_know_how_lists_are_merged) {
    auto pod = devcluster::core_schema("", "v1", "Pod");
    const auto* containers = pod->member("spec")->member("containers");
    BOOST_TEST(containers->merge_key() == "name");
    BOOST_TEST(containers->has_patch_strategy("merge"));
    BOOST_TEST(!containers->has_patch_strategy("retainKeys"));
    BOOST_TEST(pod->member("spec")->member("volumes")->has_patch_strategy("retainKeys"));
    BOOST_TEST(containers->items()->member("env")->merge_key() == "name");
    BOOST_TEST((pod->member("spec")->member("nodeSelector")->member("anything") != nullptr));
    BOOST_TEST((pod->member("spec")->member("nonsense") == nullptr));
}

BOOST_AUTO_TEST_CASE(a_pod_gets_what_kube_apiserver_shows_for_empty_structures_and_no_zero_values) {
    auto pod = devcluster::core_schema("", "v1", "Pod");
    auto given = parsed(R"({"kind":"Pod","metadata":{"name":"p","creationTimestamp":null},
                            "spec":{"zz":1,"containers":[{"image":"i","ports":[{"containerPort":1}]}]}})");
    auto removed = pod->prune(given);
    BOOST_TEST(removed == (std::vector<std::string>{"spec.zz"}), boost::test_tools::per_element());
    pod->apply_defaults(given);
    BOOST_TEST(json::value(given) == json::parse(R"({"kind":"Pod","metadata":{"name":"p"},"status":{},"spec":{"containers":[
        {"image":"i","resources":{},"ports":[{"containerPort":1,"protocol":"TCP"}]}]}})"));
    auto found = pod->validate(given);
    BOOST_TEST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].field == "spec.containers[0].name");
    BOOST_TEST(found[0].message == "Required value");
}

BOOST_AUTO_TEST_CASE(a_restart_policy_is_one_of_three) {
    auto pod = devcluster::core_schema("", "v1", "Pod");
    auto found = pod->validate(parsed(R"({"spec":{"restartPolicy":"Perhaps","containers":[{"name":"a"}]}})"));
    BOOST_TEST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].message == R"(Unsupported value: "Perhaps": supported values: "Always", "Never", "OnFailure")");
}

BOOST_AUTO_TEST_CASE(a_schema_that_contains_itself_is_followed) {
    auto crd = devcluster::core_schema("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    auto given = parsed(R"({"metadata":{"name":"a"},"spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object",
        "properties":{"a":{"type":"array","foo":1,"items":{"type":"object","enum":[{"x":1}]}}}}}}]}})");
    auto removed = crd->prune(given);
    BOOST_TEST(removed == (std::vector<std::string>{"spec.versions[0].schema.openAPIV3Schema.properties.a.foo"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
