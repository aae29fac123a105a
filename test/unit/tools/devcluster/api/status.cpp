#include "tools/devcluster/api/status.hpp"

#include "support/test_data.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

namespace json = boost::json;
using namespace devcluster;

namespace {

const object_name dns{"comcast.github.io", "khstates", "KuberhealthyState", "dns"};

object_name named(std::string name) {
    auto made = dns;
    made.name = std::move(name);
    return made;
}

status_error invalid_state() {
    std::vector<cause> causes{
        {"FieldValueTypeInvalid", "Invalid value: \"string\": spec.OK in body must be of type boolean: \"string\"", "spec.OK"}};
    for (const char* name : {"AuthoritativePod", "Errors", "Namespace", "Node", "RunDuration", "uuid"})
        causes.push_back({"FieldValueRequired", "Required value", fmt::format("spec.{}", name)});
    return invalid(named("bad"), causes);
}

} // namespace

BOOST_AUTO_TEST_SUITE(status)

BOOST_AUTO_TEST_CASE(refusals_are_those_that_were_recorded) {
    const std::pair<const char*, status_error> cases[] = {
        {"400-bad-selector.json", bad_request("found '==', expected: !, identifier, or 'end of string'")},
        {"403-forbidden.json",
         forbidden({"", "configmaps", "ConfigMap", ""}, "User \"system:node:labnode\" cannot list resource \"configmaps\" in API "
                                                        "group \"\" in the namespace \"default\": No "
                                                        "Object name found")},
        {"404-not-found.json", not_found(named("none"))},
        {"409-already-exists.json", already_exists(dns)},
        {"409-conflict.json",
         conflict(dns, "the object has been modified; please apply your changes to the latest version and try again")},
        {"415-unsupported-media-type.json",
         unsupported_media_type("application/json, application/yaml, application/vnd.kubernetes.protobuf")},
        {"422-invalid.json", invalid_state()},
    };
    for (const auto& [file, error] : cases) {
        BOOST_TEST_CONTEXT(file) {
            auto expected = json::parse(test_support::read_test_data(fmt::format("kube-1.36.3/status/{}", file)));
            BOOST_TEST(json::serialize(to_json(error)) == json::serialize(expected));
        }
    }
}

BOOST_AUTO_TEST_CASE(one_cause_has_no_brackets_and_a_repeated_one_is_written_once) {
    cause one{"FieldValueRequired", "Required value", "spec.a"};
    BOOST_TEST(invalid(dns, {one}).message == "KuberhealthyState.comcast.github.io \"dns\" is invalid: spec.a: Required value");
    BOOST_TEST(invalid(dns, {one, one}).message ==
               "KuberhealthyState.comcast.github.io \"dns\" is invalid: spec.a: Required value");
    BOOST_TEST(invalid(dns, {one, one}).causes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_answer_is_utf_8_whatever_was_asked_for) {
    auto asked = named("\xFE");
    asked.resource = "a\xFF";
    auto refused = invalid(asked, {{"FieldValueInvalid", "Invalid value: \xFF", "spec.\xFF"}});
    for (const auto& error : {bad_request("found '\xFF'"), not_found(asked), refused}) {
        boost::system::error_code failure;
        auto parsed = json::parse(json::serialize(to_json(error)), failure);
        BOOST_TEST(!failure, error.message);
    }
    BOOST_TEST(to_json(bad_request("found '\xFF'"))["message"].as_string() == "found '\uFFFD'");
}

BOOST_AUTO_TEST_CASE(the_core_group_has_no_suffix) {
    BOOST_TEST(not_found({"", "pods", "Pod", "a\nb"}).message == "pods \"a\\nb\" not found");
}

BOOST_AUTO_TEST_CASE(other_codes_have_their_reasons) {
    BOOST_TEST(expired("too old").code == 410U);
    BOOST_TEST(expired("too old").reason == "Expired");
    BOOST_TEST(method_not_allowed("no").code == 405U);
    BOOST_TEST(not_implemented("no").code == 501U);
    auto throttled = bad_request("wait");
    throttled.retry_after_seconds = 3;
    BOOST_TEST(to_json(throttled).at("details").at("retryAfterSeconds") == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
