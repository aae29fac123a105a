#include "tools/devcluster/api/openapi.hpp"

#include "support/test_data.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

namespace json = boost::json;
using namespace devcluster;

namespace {

served_resource resource(std::string group, std::string kind, std::string plural, bool namespaced, const json::object* schema) {
    served_resource made;
    made.group = std::move(group);
    made.version = "v1";
    made.kind = std::move(kind);
    made.plural = std::move(plural);
    made.namespaced = namespaced;
    made.schema = schema;
    return made;
}

struct served {
    json::object schema =
        json::parse(R"({"type":"object","description":"A state.","properties":{"spec":{"type":"object"}}})").as_object();
    std::vector<served_resource> all{resource("", "Pod", "pods", true, nullptr),
                                     resource("", "Namespace", "namespaces", false, nullptr),
                                     resource("coordination.k8s.io", "Lease", "leases", true, nullptr),
                                     resource("comcast.github.io", "KuberhealthyState", "khstates", true, &schema)};
    json::value of(std::string_view group) const { return openapi_document(all, group, "v1"); }
};

std::vector<std::string> parameters_of(const json::value& operation) {
    std::vector<std::string> made;
    for (const auto& one : operation.at("parameters").as_array())
        made.push_back(json::value_to<std::string>(one.at("name")));
    return made;
}

/// Every "#/components/schemas/NAME" in a document.
void collect_references(const json::value& in, std::vector<std::string>& to) {
    if (const auto* object = in.if_object())
        for (const auto& [key, value] : *object) {
            if (key == "$ref" && value.is_string())
                to.push_back(json::value_to<std::string>(value).substr(std::string_view("#/components/schemas/").size()));
            collect_references(value, to);
        }
    else if (const auto* array = in.if_array())
        for (const auto& element : *array)
            collect_references(element, to);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(openapi, served)

BOOST_AUTO_TEST_CASE(the_index_names_each_group_and_version_once_with_a_hash_of_its_document) {
    auto paths = json::value(openapi_index(all)).at("paths");
    BOOST_TEST_REQUIRE(paths.as_object().size() == 3U);
    auto address = json::value_to<std::string>(paths.at("apis/comcast.github.io/v1").at("serverRelativeURL"));
    BOOST_TEST(address.starts_with("/openapi/v3/apis/comcast.github.io/v1?hash="));
    BOOST_TEST(paths.as_object().contains("api/v1"));

    schema["description"] = "Another.";
    auto changed = json::value(openapi_index(all)).at("paths");
    BOOST_TEST((changed.at("apis/comcast.github.io/v1") != paths.at("apis/comcast.github.io/v1")));
    BOOST_TEST((changed.at("api/v1") == paths.at("api/v1")));
}

BOOST_AUTO_TEST_CASE(kubectl_finds_that_the_server_validates_fields) {
    auto patch = of("").at("paths").at("/api/v1/namespaces/{namespace}/pods/{name}").at("patch");
    auto names = parameters_of(patch);
    BOOST_TEST((std::find(names.begin(), names.end(), "fieldValidation") != names.end()));
    BOOST_TEST((std::find(names.begin(), names.end(), "dryRun") != names.end()));
    BOOST_TEST(patch.at("x-kubernetes-group-version-kind") == json::parse(R"({"group":"","version":"v1","kind":"Pod"})"));
    BOOST_TEST(patch.at("requestBody").at("content").as_object().contains("application/strategic-merge-patch+json"));
}

BOOST_AUTO_TEST_CASE(custom_resources_take_no_strategic_merge_patch) {
    auto patch =
        of("comcast.github.io").at("paths").at("/apis/comcast.github.io/v1/namespaces/{namespace}/khstates/{name}").at("patch");
    BOOST_TEST(!patch.at("requestBody").at("content").as_object().contains("application/strategic-merge-patch+json"));
}

BOOST_AUTO_TEST_CASE(a_custom_resource_has_the_paths_and_the_form_that_were_recorded) {
    auto made = of("comcast.github.io");
    auto recorded = json::parse(test_support::read_test_data("kube-1.36.3/discovery/openapi-v3-comcast.json"));
    for (const auto& path : recorded.at("paths").as_object())
        BOOST_TEST(made.at("paths").as_object().contains(path.key()), path.key());
    const char* name = "io.github.comcast.v1.KuberhealthyState";
    const auto& schema_made = made.at("components").at("schemas").at(name);
    const auto& schema_recorded = recorded.at("components").at("schemas").at(name);
    BOOST_TEST(schema_made.at("x-kubernetes-group-version-kind").at(0) ==
               schema_recorded.at("x-kubernetes-group-version-kind").at(0));
    for (const char* member : {"apiVersion", "kind", "metadata"})
        BOOST_TEST(schema_made.at("properties").at(member).at("description") ==
                   schema_recorded.at("properties").at(member).at("description"));
    BOOST_TEST(schema_made.at("description") == "A state.");
    BOOST_TEST(made.at("components").at("schemas").as_object().contains("io.github.comcast.v1.KuberhealthyStateList"));
}

BOOST_AUTO_TEST_CASE(a_document_has_all_that_it_refers_to_and_not_the_rest) {
    for (const char* group : {"", "coordination.k8s.io", "comcast.github.io"}) {
        auto document = of(group);
        const auto& schemas = document.at("components").at("schemas").as_object();
        std::vector<std::string> references;
        collect_references(document, references);
        BOOST_TEST(!references.empty());
        for (const auto& one : references)
            BOOST_TEST(schemas.contains(one), one);
    }
    BOOST_TEST(!of("coordination.k8s.io").at("components").at("schemas").as_object().contains("io.k8s.api.core.v1.Pod"));
}

BOOST_AUTO_TEST_CASE(a_status_has_a_path_where_it_is_served) {
    all[0].has_status = true;
    auto made = of("");
    const auto& paths = made.at("paths").as_object();
    BOOST_TEST(paths.contains("/api/v1/namespaces/{namespace}/pods/{name}/status"));
    BOOST_TEST(!paths.contains("/api/v1/namespaces/{name}/status"));
    BOOST_TEST(!paths.at("/api/v1/namespaces/{namespace}/pods/{name}/status").as_object().contains("delete"));
}

BOOST_AUTO_TEST_SUITE_END()
