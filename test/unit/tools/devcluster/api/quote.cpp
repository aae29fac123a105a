#include "tools/devcluster/api/quote.hpp"

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

BOOST_AUTO_TEST_SUITE_END()
