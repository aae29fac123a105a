#include "tools/devcluster/dev/results.hpp"

#include "tools/devcluster/dev/options.hpp"
#include "tools/devcluster/dev/terminal.hpp"

#include <boost/test/unit_test.hpp>

using namespace devcluster;

namespace {

check_result result(std::string name, bool ok, std::vector<std::string> errors = {}) {
    check_result made;
    made.ns = "team";
    made.name = std::move(name);
    made.has_ended = true;
    made.ok = ok;
    made.outcome = ok ? "Passed" : "Failed";
    made.run_duration = "1.5s";
    made.errors = std::move(errors);
    return made;
}

check_result waiting(std::string name) {
    check_result made;
    made.ns = "team";
    made.name = std::move(name);
    return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(results_suite)

BOOST_AUTO_TEST_CASE(the_table_says_how_each_check_ended_and_why) {
    BOOST_TEST(results_table({result("a", true), result("longer-name", false, {"it said 503", "and 504"}), waiting("c")}) ==
               "CHECK             RESULT   OUTCOME  DURATION\n"
               "team/a            ok       Passed   1.5s\n"
               "team/longer-name  FAILED   Failed   1.5s\n"
               "    it said 503\n"
               "    and 504\n"
               "team/c            waiting           \n");
}

BOOST_AUTO_TEST_CASE(junit_tells_failures_from_what_has_no_result) {
    BOOST_TEST(results_junit({result("a", true), result("b", false, {"<said> \"no\" & \x01"}), waiting("c")}, 1'700'000'000,
                             12.3456) == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                         "<testsuites tests=\"3\" failures=\"1\" errors=\"1\" time=\"12.346\">\n"
                                         "  <testsuite name=\"kuberhealthy\" timestamp=\"2023-11-14T22:13:20Z\" tests=\"3\" "
                                         "failures=\"1\" errors=\"1\" time=\"12.346\">\n"
                                         "    <testcase classname=\"team\" name=\"a\" time=\"1.500\"/>\n"
                                         "    <testcase classname=\"team\" name=\"b\" time=\"1.500\">\n"
                                         "      <failure type=\"Failed\" message=\"&lt;said&gt; &quot;no&quot; &amp;  "
                                         "\">&lt;said&gt; &quot;no&quot; &amp;  </failure>\n"
                                         "    </testcase>\n"
                                         "    <testcase classname=\"team\" name=\"c\" time=\"0.000\">\n"
                                         "      <error type=\"\" message=\"it has no result\">it has no result</error>\n"
                                         "    </testcase>\n"
                                         "  </testsuite>\n"
                                         "</testsuites>\n");
}

BOOST_AUTO_TEST_CASE(the_summary_names_only_what_there_is) {
    BOOST_TEST(results_summary({}, 0) == "0 checks: 0 ok");
    BOOST_TEST(results_summary({result("a", true)}, 1) == "1 check: 1 ok, 1 pod running");
    BOOST_TEST(results_summary({result("a", true), result("b", false), waiting("c")}, 0) ==
               "3 checks: 1 ok, 1 failing, 1 waiting for a first result");
}

BOOST_AUTO_TEST_CASE(a_line_is_told_for_first_results_and_for_changes) {
    auto good = result("a", true), bad = result("a", false, {"no"}), none = waiting("a");
    BOOST_TEST(change_line(none, nullptr) == "");
    BOOST_TEST(change_line(good, &none) == "team/a ok in 1.5s");
    BOOST_TEST(change_line(good, &good) == "");
    BOOST_TEST(change_line(bad, &good) == "team/a FAILED (Failed): no");
    BOOST_TEST(change_line(bad, &bad) == "");
    BOOST_TEST(change_line(good, &bad) == "team/a ok in 1.5s");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(dev_options_suite)

namespace {

dev_options_parse parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "kuberhealthy-dev");
    return parse_dev_options(static_cast<int>(arguments.size()), arguments.data());
}

} // namespace

BOOST_AUTO_TEST_CASE(the_defaults_are_loopback) {
    auto parsed = parse({"a.yaml", "b.yaml"});
    BOOST_TEST_REQUIRE(parsed.value.has_value());
    BOOST_TEST(parsed.value->api.host == "127.0.0.1");
    BOOST_TEST(parsed.value->page.host == "127.0.0.1");
    BOOST_TEST(parsed.value->files.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_image_takes_one_word_and_files_follow_it) {
    auto parsed = parse({"--image", "a=b", "--image", "c=d e", "x.yaml"});
    BOOST_TEST_REQUIRE(parsed.value.has_value());
    BOOST_TEST(parsed.value->images == std::vector<std::string>({"a=b", "c=d e"}), boost::test_tools::per_element());
    BOOST_TEST(parsed.value->files == std::vector<std::string>({"x.yaml"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_with_the_flag_and_ends_with_2) {
    struct {
        std::vector<const char*> arguments;
        const char* told;
    } cases[] = {
        {{"--listen", "nonsense"}, "--listen"},         {{"--page", "127.0.0.1:0"}, "--page"},
        {{"--log-level", "loud"}, "--log-level"},       {{"--once"}, "--once"},
        {{"--junit", "x.xml", "a.yaml"}, "--junit"},    {{"--once", "--data", "d", "a.yaml"}, "--data"},
        {{"--once", "--api-only", "a.yaml"}, "--once"}, {{"--no-such-flag"}, "--no-such-flag"},
    };
    for (const auto& one : cases) {
        auto parsed = parse(one.arguments);
        BOOST_TEST(!parsed.value.has_value());
        BOOST_TEST(parsed.exit_code == 2);
        BOOST_TEST(parsed.output.find(one.told) != std::string::npos, parsed.output);
    }
}

BOOST_AUTO_TEST_CASE(help_teaches_and_is_no_error) {
    auto parsed = parse({"--help"});
    BOOST_TEST(!parsed.value.has_value());
    BOOST_TEST(parsed.exit_code == 0);
    BOOST_TEST(parsed.output.find("kuberhealthy-dev --once") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
