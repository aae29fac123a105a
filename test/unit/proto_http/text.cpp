#include "proto_http/text.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(a_cut_never_splits_a_character) {
    const std::string umlauts = "a\u00e4\u20ac\U0001F600z"; // 1 + 2 + 3 + 4 + 1 bytes
    const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (std::size_t size = 0; size < std::size(expected); ++size)
        BOOST_TEST(proto_http::cut_utf8(umlauts, size).size() == expected[size]);
}

BOOST_AUTO_TEST_CASE(a_cut_through_bytes_that_are_no_utf_8_still_cuts) {
    BOOST_TEST(proto_http::cut_utf8("\x80\x80\x80\x80\x80\x80", 5).size() == 5u);
}

BOOST_AUTO_TEST_CASE(a_marked_cut_fits_and_cut_again_is_the_same) {
    const std::string full(100, 'x');
    const auto cut = proto_http::cut_and_mark(full, 20);
    BOOST_TEST(cut == "xxxxxxxxxxx\u2026 (cut)");
    BOOST_TEST(cut.size() == 20u);
    BOOST_TEST(proto_http::cut_and_mark(cut, 20) == cut);
    BOOST_TEST(proto_http::cut_and_mark(full, 100) == full);
    BOOST_TEST(proto_http::cut_and_mark(full, 4) == "xxxx");
}

BOOST_AUTO_TEST_CASE(lines_and_control_characters_become_one_line) {
    BOOST_TEST(proto_http::one_line("  a\r\n\tb \x01 c\x7f\n", 100) == "a b c");
    BOOST_TEST(proto_http::one_line("", 100) == "");
    BOOST_TEST(proto_http::one_line("\n\n", 100) == "");
    BOOST_TEST(proto_http::one_line(std::string(1000, 'x'), 512).size() == 512u);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf_8_are_replaced_one_by_one) {
    const std::pair<std::string_view, std::string_view> table[] = {
        {"", ""},
        {"a\u00e9\U0001F600", "a\u00e9\U0001F600"},
        {"\xFF\xFE", "\uFFFD\uFFFD"},
        {"a\xE2\x82", "a\uFFFD\uFFFD"},
        {"\xED\xA0\x80z", "\uFFFD\uFFFD\uFFFDz"}, // a surrogate
    };
    for (const auto& [text, valid] : table) {
        BOOST_TEST(proto_http::valid_utf8(text) == valid);
        BOOST_TEST(proto_http::is_utf8(text) == (text == valid));
        BOOST_TEST(proto_http::is_utf8(valid));
    }
}

BOOST_AUTO_TEST_CASE(well_formed_sequences_are_told_from_others) {
    const struct {
        std::string_view bytes;
        std::size_t size;
    } table[] = {
        {"", 0},
        {"a", 1},
        {std::string_view("\0", 1), 1},
        {"\xC3\xA4", 2},
        {"\xE2\x82\xAC", 3},
        {"\xF0\x9F\x98\x80", 4},
        {"\xC0\x80", 0},
        {"\xC3", 0},
        {"\xE0\x80\x80", 0},
        {"\xED\xA0\x80", 0},
        {"\xE2\x82", 0},
        {"\xF0\x80\x80\x80", 0},
        {"\x80", 0},
        {"\xF4\x90\x80\x80", 0},
        {"\xF5\x80\x80\x80", 0},
        {"\xFF", 0},
    };
    for (const auto& row : table)
        BOOST_TEST(proto_http::utf8_sequence_size(row.bytes) == row.size, row.bytes);
}

BOOST_AUTO_TEST_SUITE_END()
