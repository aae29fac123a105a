#include "controller/influx_line.hpp"

#include <boost/test/unit_test.hpp>

namespace {

kh::core::state_view make_result() {
    kh::core::state_view state;
    state.key = {"kuberhealthy", "dns-status-internal"};
    state.ok = true;
    state.run_duration = "2.43940936s";
    state.last_run = 1'647'992'044;
    return state;
}

} // namespace

BOOST_AUTO_TEST_SUITE(influx_line)

// As influxdb1-client writes the points of v2.7.1, and with the time of the result.
BOOST_AUTO_TEST_CASE(a_pass_is_two_points_of_v2) {
    BOOST_TEST(kh::influx_lines(make_result()) ==
               "dns-status-internal.kuberhealthy,Name=dns-status-internal,Namespace=kuberhealthy value=1i 1647992044\n"
               "RunDuration.dns-status-internal.kuberhealthy,Name=dns-status-internal,Namespace=kuberhealthy value=2.43940936 "
               "1647992044\n");
}

BOOST_AUTO_TEST_CASE(a_failure_has_its_errors_as_a_tag) {
    auto state = make_result();
    state.ok = false;
    state.errors = {"it said 503, twice", "a=b"};
    state.run_duration = "";
    BOOST_TEST(kh::influx_lines(state) ==
               "dns-status-internal.kuberhealthy,Errors=it\\ said\\ 503\\,\\ twice\\,a\\=b,Name=dns-status-internal,"
               "Namespace=kuberhealthy value=0i 1647992044\n"
               "RunDuration.dns-status-internal.kuberhealthy,Errors=it\\ said\\ 503\\,\\ twice\\,a\\=b,Name=dns-status-internal,"
               "Namespace=kuberhealthy value=0 1647992044\n");
}

BOOST_AUTO_TEST_CASE(tag_values_are_escaped_and_made_sayable) {
    const struct {
        const char* text;
        const char* written;
    } table[] = {
        {"plain", "plain"},
        {"a b", "a\\ b"},
        {"a,b=c", "a\\,b\\=c"},
        {"\"quoted\"", "\"quoted\""},
        {"two\nlines\r\nand\ttabs", "two\\ lines\\ and\\ tabs"},
        {"C:\\dir", "C:\\dir"},
        {"C:\\dir\\", "C:\\dir"},
        {"\\\\", ""},
        {"C:\\ x", "C:\\\\ x"},
        {"  ", ""},
        {"\n", ""},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xff", "\xef\xbf\xbd"},
        {"", ""},
    };
    for (const auto& row : table) {
        std::string out;
        kh::append_influx_tag_value(out, row.text);
        BOOST_TEST(out == row.written, row.text);
    }
}

BOOST_AUTO_TEST_CASE(measurements_are_v2_s) {
    const struct {
        const char* text;
        const char* written;
    } table[] = {{"a.b", "a.b"}, {"a b.c", "a_b.c"}, {"a,b", "a\\,b"}, {"a=b", "a=b"}, {"a\nb", "a_b"}, {"a\\", "a"}};
    for (const auto& row : table) {
        std::string out;
        kh::append_influx_measurement(out, row.text);
        BOOST_TEST(out == row.written, row.text);
    }
}

BOOST_AUTO_TEST_CASE(errors_that_say_nothing_are_no_tag) {
    auto state = make_result();
    state.errors = {"\n"};
    BOOST_TEST(kh::influx_lines(state) == kh::influx_lines(make_result()));
}

BOOST_AUTO_TEST_CASE(long_errors_are_cut_on_a_character) {
    auto state = make_result();
    state.errors = {std::string(4095, 'x') + "\xc3\xa9"};
    const std::string lines = kh::influx_lines(state);
    BOOST_TEST(lines.find("Errors=" + std::string(4095, 'x') + ",Name") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_result_without_a_time_leaves_it_to_the_server) {
    auto state = make_result();
    state.last_run.reset();
    BOOST_TEST(kh::influx_lines(state).find("value=1i\n") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
