#include "tools/devcluster/api/body.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace devcluster;
namespace json = boost::json;

namespace {

std::string yaml(std::string_view text) {
    auto parsed = parse_yaml(text);
    return parsed ? json::serialize(*parsed) : "error " + std::to_string(parsed.error().code);
}

} // namespace

BOOST_AUTO_TEST_SUITE(body_suite)

BOOST_AUTO_TEST_CASE(plain_scalars_are_what_manifests_mean) {
    struct {
        const char* text;
        const char* json;
    } cases[] = {
        {"1", "1"},
        {"-7", "-7"},
        {"1.5", "1.5E0"},
        {"true", "true"},
        {"False", "false"},
        {"~", "null"},
        {"null", "null"},
        {"yes", "true"},
        {"on", "true"},
        {"'1'", "\"1\""},
        {"\"true\"", "\"true\""},
        {"1.2.3", "\"1.2.3\""},
        {"30s", "\"30s\""},
        {"0x1F", "31"},
        {"1e3", "1000"},
        {"2024-01-01", "\"2024-01-01\""},
        {"nan", "\"nan\""},
        {".inf", "\".inf\""},
        {"No", "false"},
        {"y", "true"},
        {"oN", "\"oN\""},
        {"017", "15"},
        {"0o17", "15"},
        {"0b11", "3"},
        {"08", "8"},
        {"-0x10", "-16"},
        {"1_000", "1000"},
        {"1:30", "\"1:30\""},
        {"+5", "5"},
        {"-x", "\"-x\""},
        {"18446744073709551615", "18446744073709551615"},
        {"-9223372036854775808", "-9223372036854775808"},
        {R"("\u00e9\N\_\x85\L")", "\"\u00e9\u0085\u00a0\u0085\u2028\""},
    };
    for (const auto& one : cases)
        BOOST_TEST(yaml(std::string("a: ") + one.text) == std::string("{\"a\":") + one.json + "}", one.text);
}

BOOST_AUTO_TEST_CASE(keys_are_texts_whatever_they_look_like) {
    BOOST_TEST(yaml("yes: 1\n0x10: 2\n'on': 3") == R"({"true":1,"16":2,"on":3})");
}

BOOST_AUTO_TEST_CASE(a_key_that_stands_twice_in_yaml_is_told_with_its_line_and_the_last_one_counts) {
    constexpr auto text = "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n";
    BOOST_TEST(yaml(text) == R"({"a":3,"b":{"c":2}})");
    BOOST_TEST(duplicate_yaml_keys(text) ==
                   (std::vector<std::string>{R"(line 4: key "c" already set in map)", R"(line 5: key "a" already set in map)"}),
               boost::test_tools::per_element());
    BOOST_TEST(duplicate_yaml_keys("a: [").empty());
}

BOOST_AUTO_TEST_CASE(what_is_written_as_yaml_is_read_as_the_same) {
    auto value = json::parse(R"({"a":"1","b":"yes","c":[{"d":null,"e":[]},[1,true]],"f":{},"g":"two\nlines","h":"x: y","1":""})");
    BOOST_TEST(yaml(to_yaml(value)) == json::serialize(value));
    BOOST_TEST(to_yaml(json::parse(R"({"data":{"a":"1"}})")) == "data:\n  a: \"1\"\n");
}

BOOST_AUTO_TEST_CASE(documents_without_content_are_left_out) {
    auto parsed = parse_yaml_documents("# nothing\n---\na: 1\n---\n---\nb: [x, {c: d}]\n");
    BOOST_TEST_REQUIRE(parsed.has_value());
    BOOST_TEST_REQUIRE(parsed->size() == 2u);
    BOOST_TEST(json::serialize((*parsed)[1]) == R"({"b":["x",{"c":"d"}]})");
}

BOOST_AUTO_TEST_CASE(json_is_yaml_too) {
    BOOST_TEST(yaml(R"({"a": [1, "b", null, {"c": false}]})") == R"({"a":[1,"b",null,{"c":false}]})");
}

BOOST_AUTO_TEST_CASE(what_does_not_parse_is_a_bad_request_that_names_the_line) {
    auto parsed = parse_yaml("a: 1\nb: [1, 2\n");
    BOOST_TEST_REQUIRE(parsed.has_error());
    BOOST_TEST(parsed.error().code == 400u);
    BOOST_TEST(parsed.error().message.starts_with("yaml: line 3"));
    BOOST_TEST(yaml("? [a]\n: 1\n") == "error 400");
    BOOST_TEST(yaml("a: 1\n---\nb: 2\n") == "error 400");
    // At which yaml-cpp never comes to an end.
    for (auto text : {",*", "a: 1\n---\n,", "]", "--- }"})
        BOOST_TEST(yaml(text) == "error 400", text);
    BOOST_TEST(parse_json("{\"a\":").has_error());
    BOOST_TEST(parse_json("{} x").has_error());
}

BOOST_AUTO_TEST_CASE(aliases_do_not_make_a_short_text_a_huge_one) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        auto before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int k = 0; k < 9; ++k)
            bomb += ", " + before;
        bomb += "]\n";
    }
    BOOST_TEST(yaml(bomb) == "error 400");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_again_is_not_read) {
    // A double that there is not, and bytes that are no UTF-8: an object with one could be stored and never be answered.
    for (auto text : {"{\"a\":1e400}", "{\"a\":[{\"b\":-1e999}]}", "555555111119e1111110"})
        BOOST_TEST(parse_json(text).has_error(), text);
    BOOST_TEST(json::serialize(*parse_json("[0e555,-0.0e400]")) == "[0E0,0E0]");
    for (auto text : {"a: \xFF", "\xE2\x82: b", "- 'c\xED\xA0\x80'"})
        BOOST_TEST(yaml(text) == "error 400", text);
    BOOST_TEST(yaml(std::string_view("\0\0\0\n  ext", 9)) == "error 400");
}

BOOST_AUTO_TEST_CASE(nesting_is_bounded) {
    std::string deep(body_depth_max + 50, '[');
    BOOST_TEST(parse_json(deep + std::string(body_depth_max + 50, ']')).has_error());
    std::string allowed(body_depth_max - 50, '[');
    BOOST_TEST(parse_json(allowed + std::string(body_depth_max - 50, ']')).has_value());
}

BOOST_AUTO_TEST_CASE(members_that_stand_twice_are_found_with_their_paths) {
    struct {
        const char* text;
        std::vector<std::string> paths;
    } cases[] = {
        {R"({"a":1,"b":2})", {}},
        {R"({"a":1,"a":2})", {"a"}},
        {R"({"spec":{"x":1,"y":[{"n":1},{"n":1,"m":{},"n":2}],"x":3}})", {"spec.y[1].n", "spec.x"}},
        {R"([{"a":1},{"a":1}])", {}},
        {R"({"a":1,"a":)", {}},
        {R"({"0":{"a":1},"1":{"a":1,"b":1,"a":1},"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9,"10":10,"11":11,"12":12,"13":13,
             "14":14,"15":15,"16":16,"17":{"a":1},"0":0,"17":17,"18":18,"19":19,"18":{"a":1,"a":1}})",
         {"1.a", "0", "17", "18", "18.a"}},
    };
    for (const auto& one : cases)
        BOOST_TEST(duplicate_fields(one.text) == one.paths, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
