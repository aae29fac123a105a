#include "tools/devcluster/api/quote.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/go_text.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

using namespace devcluster;

BOOST_AUTO_TEST_SUITE(quote)

BOOST_AUTO_TEST_CASE(text_is_quoted_as_go_quotes_it) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"a", R"("a")"},
        {"a\"b\\", R"("a\"b\\")"},
        {"\x01\n\t\x7f", R"("\x01\n\t\x7f")"},
        {"ö€😀", R"("ö€😀")"},
        {"\xc3(", R"("\xc3(")"},
        {"\xed\xa0\x80", R"("\xed\xa0\x80")"}, // a surrogate
        {"\xc2\x85", R"("\u0085")"},
        {"\xf0\x9f", R"("\xf0\x9f")"},
    };
    for (const auto& [text, expected] : cases)
        BOOST_TEST(quoted(text) == expected);
}

BOOST_AUTO_TEST_CASE(code_points_are_counted) {
    BOOST_TEST(count_code_points("") == 0U);
    BOOST_TEST(count_code_points("aö€😀") == 4U);
    BOOST_TEST(count_code_points("\xff\xff") == 2U);
}

BOOST_AUTO_TEST_CASE(numbers_are_written_as_go_writes_them) {
    const std::pair<double, std::string_view> cases[] = {{1.5, "1.5"},       {5, "5"},           {0, "0"},        {1e6, "1e+06"},
                                                         {999999, "999999"}, {0.00001, "1e-05"}, {-0.25, "-0.25"}};
    for (const auto& [number, expected] : cases)
        BOOST_TEST(go_number(number) == expected);
}

BOOST_AUTO_TEST_CASE(json_has_its_keys_sorted_and_no_html) {
    auto value = boost::json::parse(R"({"b":[1,1.5,1e21,null,true],"a":"<&>\n"})");
    BOOST_TEST(go_json(value) == R"({"a":"\u003c\u0026\u003e\n","b":[1,1.5,1e+21,null,true]})");
}

BOOST_AUTO_TEST_SUITE_END()
