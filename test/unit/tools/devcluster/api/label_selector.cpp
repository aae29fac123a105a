#include "recorded.hpp"
#include "tools/devcluster/api/selector.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using devcluster::label_selector;
namespace json = boost::json;

BOOST_AUTO_TEST_SUITE(label_selectors)

BOOST_AUTO_TEST_CASE(what_parses_and_what_is_said_of_the_rest_is_what_kube_apiserver_says) {
    for (const auto& row : test_support::recorded("selectors/label-selectors.json")) {
        const auto selector = test_support::text(row.at("selector"));
        const auto parsed = label_selector::parse(selector);
        BOOST_TEST((parsed ? "" : parsed.error().message) == test_support::text(row.at("message")), "selector: " << selector);
        if (!parsed) {
            BOOST_TEST(parsed.error().code == 400U);
            BOOST_TEST(parsed.error().reason == "BadRequest");
        }
    }
}

BOOST_AUTO_TEST_CASE(objects_are_selected_by_their_labels) {
    const auto labels = json::parse(R"({"app": "web", "tier": "", "size": "10", "odd": "x1", "a.b/c": "d"})").as_object();
    const struct {
        const char* selector;
        bool matches;
        bool matches_none; ///< an object without labels
    } table[] = {
        {"", true, true},
        {" ", true, true},
        {"app=web", true, false},
        {"app==web", true, false},
        {"app=db", false, false},
        {"app!=db", true, true},
        {"app!=web", false, true},
        {"app", true, false},
        {"!app", false, true},
        {"!nope", true, true},
        {"app in (db,web)", true, false},
        {"app in (db)", false, false},
        {"app notin (db)", true, true},
        {"app notin (web,db)", false, true},
        {"tier=", true, false},
        {"tier in (,x)", true, false},
        {"app in ()", false, false},
        {"nope=", false, false},
        {"size>9", true, false},
        {"size>10", false, false},
        {"size<11", true, false},
        {"size<9", false, false},
        {"odd>0", false, false},
        {"nope>0", false, false},
        {"a.b/c=d,app=web", true, false},
        {"a.b/c=d,app=db", false, false},
        {"app in (in)", false, false},
    };
    for (const auto& row : table) {
        const auto parsed = label_selector::parse(row.selector);
        BOOST_REQUIRE(parsed);
        BOOST_TEST(parsed->matches(&labels) == row.matches, row.selector);
        BOOST_TEST(parsed->matches(nullptr) == row.matches_none, row.selector);
    }
    BOOST_TEST(label_selector::parse(" ")->selects_everything());
    BOOST_TEST(!label_selector::parse("a")->selects_everything());
}

BOOST_AUTO_TEST_CASE(hostile_text_is_refused_and_nothing_worse) {
    for (const auto& text : {std::string("a\0b", 3), std::string("\xff\xfe=\xff"), std::string(100'000, '('),
                             std::string(100'000, '!'), "a in (" + std::string(100'000, ','), std::string(100'000, 'a')})
        BOOST_TEST(!label_selector::parse(text));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
