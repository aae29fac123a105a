#include "controller/report_body.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

using kh::core::report_content;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(report_body)

BOOST_AUTO_TEST_CASE(bodies_of_v2_s_clients_are_read) {
    const struct {
        const char* body;
        report_content content;
    } table[] = {
        {R"({"OK":true,"Errors":[]})", {true, {}}},
        {R"({"Errors":[],"OK":true})", {true, {}}},
        {R"({"Errors":["x"],"OK":false})", {false, {"x"}}},
        {R"({"OK":true})", {true, {}}},
        {R"({"OK":true,"Errors":null})", {true, {}}},
        {R"({"ok":true,"errors":[]})", {true, {}}},
        {R"({"oK":false,"ERRORS":["a","b"]})", {false, {"a", "b"}}},
        {R"({"Errors":["no OK at all"]})", {false, {"no OK at all"}}},
        {R"({"OK":null,"Errors":["OK is null"]})", {false, {"OK is null"}}},
        {" \r\n\t{ \"OK\" : true } \n", {true, {}}},
        {R"({"OK":true,"Node":"n1","Extra":{"OK":false,"Errors":[1]},"List":[["x"]],"n":1e3,"z":null})", {true, {}}},
        {R"({"OK":false,"Errors":["\u00e4 \ud83d\ude00 \"q\" \\ \n"]})", {false, {"\u00e4 \U0001F600 \"q\" \\ \n"}}},
        {R"({"\u004fK":true})", {true, {}}},
        // The last one wins, in the order of the document and whatever its case.
        {R"({"OK":false,"OK":true})", {true, {}}},
        {R"({"OK":true,"ok":false,"Errors":["e"]})", {false, {"e"}}},
        {R"({"OK":false,"ok":false,"OK":true})", {true, {}}},
        {R"({"Errors":["a"],"OK":false,"errors":["b","c"]})", {false, {"b", "c"}}},
        {R"({"Errors":["a"],"OK":true,"errors":null})", {true, {}}},
        {R"({"OK":true,"OK":null})", {true, {}}},
    };
    for (const auto& row : table) {
        const auto parsed = kh::parse_report(row.body);
        BOOST_TEST_CONTEXT(row.body << " -> " << parsed.reason) {
            BOOST_REQUIRE(parsed.content);
            BOOST_TEST((*parsed.content == row.content));
            BOOST_TEST(parsed.reason == "");
        }
    }
}

BOOST_AUTO_TEST_CASE(other_bodies_are_refused_with_a_reason_that_does_not_quote_them) {
    const struct {
        std::string body;
        const char* reason;
    } table[] = {
        {"", "the body is empty"},
        {" \n", "the body is empty"},
        {"leak", "the body is not JSON in UTF-8"},
        {R"({"OK":true)", "the body is not JSON in UTF-8"},
        {R"({"OK":true,})", "the body is not JSON in UTF-8"},
        {R"({"OK":True})", "the body is not JSON in UTF-8"},
        {R"({'OK':true})", "the body is not JSON in UTF-8"},
        {"{\"OK\":false,\"Errors\":[\"\xff leak\"]}", "the body is not JSON in UTF-8"},
        {"{\"OK\":false,\"Errors\":[\"\xed\xa0\x80\"]}", "the body is not JSON in UTF-8"},
        {R"({"OK":false,"Errors":["\ud800"]})", "the body is not JSON in UTF-8"},
        {"{\"OK\":false,\"Errors\":[\"raw\nline\"]}", "the body is not JSON in UTF-8"},
        {"\xEF\xBB\xBF{\"OK\":true}", "the body is not JSON in UTF-8"},
        {R"({"OK":true} leak)", "there is data after the JSON object"},
        {R"({"OK":true}{"OK":true})", "there is data after the JSON object"},
        {std::string("{\"OK\":true}\0", 12), "there is data after the JSON object"},
        {"[]", "the body is not a JSON object"},
        {"null", "the body is not a JSON object"},
        {"true", "the body is not a JSON object"},
        {"\"leak\"", "the body is not a JSON object"},
        {"1", "the body is not a JSON object"},
        {R"([{"OK":true}])", "the body is not a JSON object"},
        {R"({"OK":"true"})", "OK is not true or false"},
        {R"({"OK":1})", "OK is not true or false"},
        {R"({"OK":{}})", "OK is not true or false"},
        {R"({"OK":[true]})", "OK is not true or false"},
        {R"({"OK":"leak","OK":true})", "OK is not true or false"},
        {R"({"OK":false,"Errors":"leak"})", "Errors is not a list of strings"},
        {R"({"OK":false,"Errors":{"leak":1}})", "Errors is not a list of strings"},
        {R"({"OK":false,"Errors":[1]})", "Errors is not a list of strings"},
        {R"({"OK":false,"Errors":[null]})", "Errors is not a list of strings"},
        {R"({"OK":false,"Errors":[["leak"]]})", "Errors is not a list of strings"},
        {R"({"OK":false,"Errors":[{"leak":"a"}]})", "Errors is not a list of strings"},
        {R"({"OK":false,"Errors":[true]})", "Errors is not a list of strings"},
        {R"({"OK":false})", "OK is false or absent, but there are no Errors that say why"},
        {R"({})", "OK is false or absent, but there are no Errors that say why"},
        {R"({"OK":false,"Errors":[]})", "OK is false or absent, but there are no Errors that say why"},
        {R"({"OK":false,"Errors":[""]})", "Errors contains a blank error"},
        {R"({"OK":false,"Errors":["leak"," \t\n"]})", "Errors contains a blank error"},
        {R"({"OK":true,"Errors":["leak"]})", "OK is true, but there are Errors"},
        {R"({"OK":true,"Errors":[""]})", "OK is true, but there are Errors"},
        {std::string(40, '['), "the body is nested too deeply"},
        {R"({"x":)" + std::string(32, '[') + std::string(32, ']') + "}", "the body is nested too deeply"},
        {std::string(1'000'000, '{'), "the body is not JSON in UTF-8"},
        {std::string(1'000'000, '['), "the body is nested too deeply"},
    };
    for (const auto& row : table) {
        const auto parsed = kh::parse_report(row.body);
        BOOST_TEST_CONTEXT(row.body.substr(0, 60)) {
            BOOST_TEST(!parsed.content);
            BOOST_TEST(parsed.reason == row.reason);
            BOOST_TEST(parsed.reason.find("leak") == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(nesting_up_to_the_limit_is_read) {
    const auto body = R"({"OK":true,"x":)" + std::string(31, '[') + std::string(31, ']') + "}";
    BOOST_TEST(kh::parse_report(body).content.has_value());
}

// Every cut and every changed byte of good bodies: an answer comes, and it is consistent.
BOOST_AUTO_TEST_CASE(no_body_makes_it_crash) {
    const std::string good = R"({"OK":false,"Errors":["a\u00e4\ud83d\ude00","b"],"x":[{"y":-1.5e10}]})";
    std::vector<std::string> bodies;
    for (std::size_t at = 0; at <= good.size(); ++at) {
        bodies.push_back(good.substr(0, at));
        for (const char c : "\0\"\\{}[],:0-eu\xff\x80 "s) {
            bodies.push_back(good);
            bodies.back().insert(at, 1, c);
        }
    }
    std::size_t accepted = 0;
    for (const auto& body : bodies) {
        const auto parsed = kh::parse_report(body);
        BOOST_TEST(parsed.content.has_value() == parsed.reason.empty());
        accepted += parsed.content.has_value();
    }
    BOOST_TEST(accepted > 20u);
    BOOST_TEST(accepted < bodies.size() / 2);
}

BOOST_AUTO_TEST_CASE(a_small_report_is_stored_as_it_is) {
    const report_content content{false, {"a", "b"}};
    BOOST_TEST((kh::bound_report(content) == content));
    BOOST_TEST((kh::bound_report({true, {}}) == report_content{true, {}}));
}

BOOST_AUTO_TEST_CASE(a_long_error_is_cut_between_characters_and_marked) {
    report_content content{false, {std::string(4096, 'x'), std::string(4097, 'x'), "x"}};
    for (int i = 0; i < 3000; ++i)
        content.errors[2] += "\u20ac";
    const auto bound = kh::bound_report(content);
    BOOST_TEST(bound.errors[0] == content.errors[0]);
    BOOST_TEST(bound.errors[1] == std::string(4087, 'x') + "\u2026 (cut)");
    BOOST_TEST(bound.errors[2].size() <= 4096u);
    BOOST_TEST(bound.errors[2].ends_with("\u20ac\u2026 (cut)"));
    BOOST_TEST((kh::bound_report(bound) == bound));
}

BOOST_AUTO_TEST_CASE(a_long_list_ends_with_how_many_are_missing) {
    const struct {
        std::size_t count;
        std::size_t size;
    } table[] = {{20, 5000}, {16, 4096}, {17, 4000}, {300'000, 1}, {1000, 100}, {16384, 1}, {16385, 1}, {15, 4365}};
    for (const auto& row : table) {
        const report_content content{false, std::vector<std::string>(row.count, std::string(row.size, 'x'))};
        const auto bound = kh::bound_report(content);
        std::size_t total = 0;
        for (const auto& error : bound.errors)
            total += error.size();
        BOOST_TEST_CONTEXT(row.count << " errors of " << row.size) {
            BOOST_TEST(total <= kh::report_errors_size_max);
            BOOST_TEST((kh::bound_report(bound) == bound));
            if (bound.errors.size() != row.count || bound.errors.back().front() != 'x') {
                const auto missing = row.count - (bound.errors.size() - 1);
                BOOST_TEST(bound.errors.back() == "\u2026 (cut: " + std::to_string(missing) + " more errors)");
            }
        }
    }
    const report_content many{false, std::vector<std::string>(300'000, "x")};
    BOOST_TEST(kh::bound_report(many).errors.size() < 16'385u);
    BOOST_TEST(kh::bound_report({false, std::vector<std::string>(15, std::string(4096, 'x'))}).errors.size() == 15u);
}

BOOST_AUTO_TEST_SUITE_END()
