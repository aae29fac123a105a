#include "proto_http/go_duration.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

BOOST_AUTO_TEST_SUITE(go_duration)

// The table of Go's own tests (src/time/time_test.go, parseDurationTests), and some.
BOOST_AUTO_TEST_CASE(what_go_parses_is_parsed_alike) {
    const struct {
        const char* text;
        nanoseconds value;
    } table[] = {
        {"0", 0ns},
        {"5s", 5s},
        {"30s", 30s},
        {"1478s", 1478s},
        {"-5s", -5s},
        {"+5s", 5s},
        {"-0", 0ns},
        {"+0", 0ns},
        {"5.0s", 5s},
        {"5.6s", 5600ms},
        {"5.s", 5s},
        {".5s", 500ms},
        {"1.0s", 1s},
        {"1.00s", 1s},
        {"1.004s", 1004ms},
        {"1.0040s", 1004ms},
        {"100.00100s", 100001ms},
        {"10ns", 10ns},
        {"11us", 11us},
        {"12\u00b5s", 12us},
        {"12\u03bcs", 12us},
        {"13ms", 13ms},
        {"14s", 14s},
        {"15m", 15min},
        {"16h", 16h},
        {"3h30m", 210min},
        {"10.5s4m", 250500ms},
        {"-2m3.4s", -123400ms},
        {"1h2m3s4ms5us6ns", 1h + 2min + 3s + 4ms + 5us + 6ns},
        {"39h9m14.425s", 39h + 9min + 14425ms},
        {"52763797000ns", 52763797000ns},
        {"0.3333333333333333333h", 20min},
        {"9007199254740993ns", 9007199254740993ns},
        {"9223372036854775807ns", nanoseconds(std::numeric_limits<std::int64_t>::max())},
        {"9223372036854775.807us", nanoseconds(std::numeric_limits<std::int64_t>::max())},
        {"9223372036s854ms775us807ns", nanoseconds(std::numeric_limits<std::int64_t>::max())},
        {"-9223372036854775808ns", nanoseconds(std::numeric_limits<std::int64_t>::min())},
        {"0.100000000000000000000h", 6min},
        {"0.830103483285477580700h", 49min + 48372539827ns},
        {"1h30m", 90min},
        {"1.5h", 90min},
    };
    for (const auto& row : table) {
        const auto parsed = proto_http::parse_go_duration(row.text);
        BOOST_TEST_CONTEXT(row.text) {
            BOOST_REQUIRE(parsed);
            BOOST_TEST(parsed->count() == row.value.count());
        }
    }
}

BOOST_AUTO_TEST_CASE(what_go_refuses_is_refused) {
    for (const char* text : {"",
                             "3",
                             "-",
                             "s",
                             ".",
                             "-.",
                             ".s",
                             "+.s",
                             "1d",
                             "1 h",
                             " 1h",
                             "1h ",
                             "10 minutes",
                             "1H",
                             "1.2.3s",
                             "--1s",
                             "9223372036854775810ns",
                             "9223372036854775808ns",
                             "-9223372036854775809ns",
                             "9223372036854776us",
                             "3000000h",
                             "9223372036854775808",
                             "99999999999999999999s",
                             "-9223372036854775808000ns",
                             "1\xff"})
        BOOST_TEST(!proto_http::parse_go_duration(text), text);
}

BOOST_AUTO_TEST_CASE(text_is_go_s) {
    const struct {
        nanoseconds value;
        const char* text;
    } table[] = {
        {0ns, "0s"},
        {1ns, "1ns"},
        {1us, "1\u00b5s"},
        {1100ns, "1.1\u00b5s"},
        {2200us, "2.2ms"},
        {3300ms, "3.3s"},
        {4min + 5s, "4m5s"},
        {4min + 5001ms, "4m5.001s"},
        {5h + 6min + 7001ms, "5h6m7.001s"},
        {8min + 1ns, "8m0.000000001s"},
        {72h, "72h0m0s"},
        {2479381us, "2.479381s"},
        {68812782420ns, "1m8.81278242s"},
        {-500ms, "-500ms"},
        {-90s, "-1m30s"},
        {nanoseconds(std::numeric_limits<std::int64_t>::max()), "2562047h47m16.854775807s"},
        {nanoseconds(std::numeric_limits<std::int64_t>::min()), "-2562047h47m16.854775808s"},
    };
    for (const auto& row : table)
        BOOST_TEST(proto_http::format_go_duration(row.value) == row.text);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back_exactly) {
    std::uint64_t bits = 0x9E3779B97F4A7C15u;
    for (int i = 0; i < 2000; ++i) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        // Go's parser is exact up to 2^53 nanoseconds of fraction; a fraction is always below one second here.
        const auto value = nanoseconds(static_cast<std::int64_t>(bits >> (i % 60)));
        const auto text = proto_http::format_go_duration(value);
        const auto parsed = proto_http::parse_go_duration(text);
        BOOST_TEST_CONTEXT(text) {
            BOOST_REQUIRE(parsed);
            BOOST_TEST(parsed->count() == value.count());
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
