#include "controller/log.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>

using namespace std::chrono_literals;
using kh::log_field;
using kh::log_format;
using kh::log_level;

namespace {

std::string line(log_format format, std::string_view message, std::initializer_list<log_field> fields) {
    const proto_http::wall_time time{1795442083s + 123456789ns};
    return kh::format_log_line(format, time, log_level::warning, message, std::span(fields.begin(), fields.size()));
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(a_text_line_looks_like_logrus) {
    BOOST_TEST(
        line(log_format::text, "run ended",
             {{"check", "ns/dns"},
              {"outcome", std::string("Failed")},
              {"seconds", 2.5},
              {"attempt", 1},
              {"slot", std::int64_t{-5}},
              {"ok", false},
              {"error", "a \"b\"\nc"},
              {"empty", ""}}) ==
        R"(time="2026-11-23T13:54:43.123Z" level=warning msg="run ended" check=ns/dns outcome=Failed seconds=2.5 attempt=1 slot=-5 ok=false error="a \"b\"\nc" empty="")");
}

BOOST_AUTO_TEST_CASE(a_json_line_is_one_object) {
    const auto text = line(
        log_format::json, "run \"ended\"",
        {{"check", "ns/dns"}, {"n", 7u}, {"bad", "\xff\n"}, {"ok", true}, {"nan", std::numeric_limits<double>::quiet_NaN()}});
    BOOST_TEST(
        text ==
        R"({"time":"2026-11-23T13:54:43.123Z","level":"warning","msg":"run \"ended\"","check":"ns/dns","n":7,"bad":"\ufffd\n","ok":true,"nan":null})");
    BOOST_TEST(boost::json::parse(text).is_object());
}

BOOST_AUTO_TEST_CASE(a_field_cannot_start_a_line_of_its_own) {
    for (const auto format : {log_format::text, log_format::json})
        BOOST_TEST(line(format, "m\nlevel=error", {{"k", "v\nlevel=error msg=forged"}}).find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(levels_are_those_of_logrus) {
    const struct {
        const char* text;
        log_level level;
    } table[] = {{"panic", log_level::panic},     {"fatal", log_level::fatal}, {"error", log_level::error},
                 {"warning", log_level::warning}, {"info", log_level::info},   {"debug", log_level::debug},
                 {"trace", log_level::trace}};
    for (const auto& row : table) {
        BOOST_TEST((kh::log_level_from_text(row.text) == row.level));
        BOOST_TEST(kh::to_text(row.level) == row.text);
    }
    BOOST_TEST((kh::log_level_from_text("WARN") == log_level::warning));
    BOOST_TEST(!kh::log_level_from_text("verbose").has_value());
    BOOST_TEST(!kh::log_level_from_text("").has_value());
}

BOOST_AUTO_TEST_CASE(lines_below_the_level_are_not_written) {
    kh::capture_log log;
    log.set_level(log_level::info);
    log.debug("hidden");
    log.info("shown", {{"n", 1}});
    log.error("worse");
    BOOST_TEST(log.lines().size() == 2u);
    BOOST_TEST(log.count("hidden") == 0u);
    BOOST_TEST(log.count("shown") == 1u);
    BOOST_TEST(log.lines()[0].fields.at("n") == "1");
    log.set_level(log_level::debug);
    log.debug("hidden");
    BOOST_TEST(log.count("hidden") == 1u);
}

BOOST_AUTO_TEST_CASE(one_line_per_key_and_period_passes_and_the_others_are_counted) {
    kh::log_limiter limiter(10s);
    const proto_http::time_point start{};
    BOOST_TEST((limiter.allow("a", start) == 0u));
    BOOST_TEST(!limiter.allow("a", start + 1s).has_value());
    BOOST_TEST(!limiter.allow("a", start + 9s).has_value());
    BOOST_TEST((limiter.allow("b", start + 9s) == 0u));
    BOOST_TEST((limiter.allow("a", start + 10s) == 2u));
    BOOST_TEST(!limiter.allow("a", start + 11s).has_value());
    BOOST_TEST((limiter.allow("a", start + 30s) == 1u));
}

BOOST_AUTO_TEST_CASE(a_flood_of_keys_shares_one_budget_and_is_forgotten) {
    kh::log_limiter limiter(10s, 3);
    const proto_http::time_point start{};
    std::size_t passed = 0;
    for (int i = 0; i < 1000; ++i)
        passed += limiter.allow("key " + std::to_string(i), start).has_value();
    BOOST_TEST(passed == 4u);
    BOOST_TEST((limiter.allow("late", start + 30s) == 0u));
    BOOST_TEST((limiter.allow("later", start + 30s) == 0u));
}

BOOST_AUTO_TEST_SUITE_END()
