#include "asio_k8s/line_splitter.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

std::vector<std::string> lines_of(std::string_view body, std::size_t piece_size, std::size_t limit = 1000) {
    k8s::line_splitter splitter(limit);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < body.size(); at += piece_size) {
        // A copy of its own, so that a view that outlives its piece is found by the sanitizer.
        std::string piece(body.substr(at, piece_size));
        splitter.feed(piece);
        while (auto line = splitter.next())
            lines.emplace_back(*line);
    }
    return lines;
}

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_line_splitter)

BOOST_AUTO_TEST_CASE(lines_are_the_same_whatever_the_pieces_are) {
    const std::string body = "one\ntwo\n\nthree and more\n\n\nx\n";
    const std::vector<std::string> expected{"one", "two", "three and more", "x"};
    for (std::size_t piece_size = 1; piece_size <= body.size(); ++piece_size)
        BOOST_TEST(lines_of(body, piece_size) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_has_no_newline_is_no_line) {
    for (std::size_t piece_size : {1U, 3U, 100U}) {
        auto lines = lines_of("whole\nhal", piece_size);
        BOOST_TEST(lines.size() == 1U);
        BOOST_TEST(lines.front() == "whole");
    }
}

BOOST_AUTO_TEST_CASE(a_line_over_the_limit_ends_it_and_the_lines_before_it_are_told) {
    for (std::size_t piece_size : {1U, 4U, 100U}) {
        k8s::line_splitter splitter(5);
        std::vector<std::string> lines;
        const std::string body = "12345\n123456\nmore\n";
        for (std::size_t at = 0; at < body.size(); at += piece_size) {
            splitter.feed(std::string_view(body).substr(at, piece_size));
            while (auto line = splitter.next())
                lines.emplace_back(*line);
        }
        BOOST_TEST(splitter.too_long());
        BOOST_TEST(lines.size() == 1U);
        BOOST_TEST(lines.front() == "12345");
    }
}

BOOST_AUTO_TEST_SUITE_END()
