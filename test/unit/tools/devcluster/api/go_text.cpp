#include "tools/devcluster/api/go_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

namespace {

BOOST_AUTO_TEST_SUITE(go_texts)

// As Go 1.26 prints what encoding/json made of the left one (integers kept as such).
BOOST_AUTO_TEST_CASE(values_are_written_as_go_writes_them) {
    const struct {
        const char* value;
        const char* text;
        const char* json;
    } table[] = {
        {"null", "<nil>", "null"},
        {"true", "true", "true"},
        {"-5", "-5", "-5"},
        {"18446744073709551615", "18446744073709551615", "18446744073709551615"},
        {"1.5", "1.5", "1.5"},
        {"2.0", "2", "2"},
        {"123456.5", "123456.5", "123456.5"},
        {"1234567.5", "1.2345675e+06", "1234567.5"},
        {"1e21", "1e+21", "1e+21"},
        {"1e-7", "1e-07", "1e-7"},
        {"1e-5", "1e-05", "0.00001"},
        {"1e-4", "0.0001", "0.0001"},
        {"1e-300", "1e-300", "1e-300"},
        {R"("a b")", "a b", R"("a b")"},
        {R"("<&>\"\u2028\u2029")", "<&>\"\u2028\u2029", R"("\u003c\u0026\u003e\"\u2028\u2029")"},
        {R"(["a", 1, null])", "[a 1 <nil>]", R"(["a",1,null])"},
        {R"({"b": {"c": []}, "a": [{}]})", "map[a:[map[]] b:map[c:[]]]", R"({"a":[{}],"b":{"c":[]}})"},
    };
    for (const auto& row : table) {
        const auto value = boost::json::parse(row.value);
        BOOST_TEST(devcluster::go_text(value) == row.text);
        BOOST_TEST(devcluster::go_json(value) == row.json);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
