#include "asio_k8s/rfc3339.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

BOOST_AUTO_TEST_SUITE(rfc3339)

BOOST_AUTO_TEST_CASE(timestamps_of_the_api_are_read) {
    const struct {
        const char* text;
        std::int64_t value;
    } table[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59Z", -1},
        {"2026-11-23T13:54:43Z", 1795442083},
        {"2026-11-23T13:54:43.999999Z", 1795442083},
        {"2026-11-23T14:54:43+01:00", 1795442083},
        {"2026-11-23T03:24:43-10:30", 1795442083},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"2000-02-29T12:00:00Z", 951825600},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"0001-01-01T00:00:00Z", -62135596800},
    };
    for (const auto& row : table) {
        const auto parsed = k8s::parse_rfc3339(row.text);
        BOOST_TEST_CONTEXT(row.text) {
            BOOST_REQUIRE(parsed);
            BOOST_TEST(*parsed == row.value);
        }
    }
}

BOOST_AUTO_TEST_CASE(anything_else_is_refused) {
    for (const char* text : {"",
                             "now",
                             "2026-11-23",
                             "2026-11-23 13:54:43Z",
                             "2026-11-23T13:54:43",
                             "2026-11-23t13:54:43z",
                             "2026-13-01T00:00:00Z",
                             "2026-02-29T00:00:00Z",
                             "1900-02-29T00:00:00Z",
                             "2026-04-31T00:00:00Z",
                             "2026-11-23T24:00:00Z",
                             "2026-11-23T13:60:00Z",
                             "2026-11-23T13:54:60Z",
                             "2026-11-23T13:54:43.Z",
                             "2026-11-23T13:54:43+1:00",
                             "2026-11-23T13:54:43Z ",
                             "0000-01-01T00:00:00Z",
                             "2026-11-23T13:54:43+24:00",
                             "-026-11-23T13:54:43Z",
                             "2026-11-23T13:54:43*01:00",
                             "2026-1\xff-23T13:54:43Z"})
        BOOST_TEST(!k8s::parse_rfc3339(text), text);
}

BOOST_AUTO_TEST_CASE(text_is_utc_with_seconds) {
    BOOST_TEST(k8s::format_rfc3339(1795442083) == "2026-11-23T13:54:43Z");
    BOOST_TEST(k8s::format_rfc3339(0) == "1970-01-01T00:00:00Z");
    BOOST_TEST(k8s::format_rfc3339(-1) == "1969-12-31T23:59:59Z");
    BOOST_TEST(k8s::format_rfc3339(std::numeric_limits<std::int64_t>::max()) == "9999-12-31T23:59:59Z");
    BOOST_TEST(k8s::format_rfc3339(std::numeric_limits<std::int64_t>::min()) == "0001-01-01T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
    for (std::int64_t value = -5'000'000'000; value < 20'000'000'000; value += 12'345'677)
        BOOST_TEST((k8s::parse_rfc3339(k8s::format_rfc3339(value)) == value));
}

BOOST_AUTO_TEST_SUITE_END()
