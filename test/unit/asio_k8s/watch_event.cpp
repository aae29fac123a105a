#include "asio_k8s/watch_event.hpp"

#include "asio_k8s/error.hpp"
#include "asio_k8s/json_access.hpp"

#include <boost/test/unit_test.hpp>

using k8s::watch_event_kind;

BOOST_AUTO_TEST_SUITE(k8s_watch_event)

BOOST_AUTO_TEST_CASE(each_type_is_known) {
    k8s::watch_event_parser parser;
    const std::pair<const char*, watch_event_kind> table[] = {{"ADDED", watch_event_kind::added},
                                                              {"MODIFIED", watch_event_kind::modified},
                                                              {"DELETED", watch_event_kind::deleted},
                                                              {"BOOKMARK", watch_event_kind::bookmark},
                                                              {"ERROR", watch_event_kind::error}};
    for (auto [type, kind] : table) {
        auto event =
            parser.parse(std::string(R"({"type":")") + type + R"(","object":{"metadata":{"name":"a","resourceVersion":"5"}}})");
        BOOST_REQUIRE(event.has_value());
        BOOST_TEST((event->kind == kind));
        BOOST_TEST(k8s::identity_of(*event->object).resource_version == "5");
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_event_is_malformed_and_the_next_line_is_read_as_if_nothing_was) {
    k8s::watch_event_parser parser;
    for (auto line : {"", "{", "[]", "null", R"({"type":"ADDED"})", R"({"type":"ADDED","object":null})",
                      R"({"type":"ADDED","object":[]})", R"({"type":"RENAMED","object":{}})", R"({"object":{}})",
                      R"({"type":7,"object":{}})", R"({"type":"ADDED","object":{}} {"type":"ADDED","object":{}})",
                      R"({"type":"ADDED","object":{"metadata":{"na)", "{\"type\":\"ADDED\",\"object\":{\"a\":\"\xFF\"}}"}) {
        auto event = parser.parse(line);
        BOOST_TEST(event.has_error(), line);
        BOOST_TEST(event.error() == make_error_code(k8s::errc::malformed), line);
        BOOST_TEST(parser.parse(R"({"type":"ADDED","object":{}})").has_value());
    }
}

BOOST_AUTO_TEST_CASE(null_and_absent_fields_of_a_bookmark_read_as_empty) {
    k8s::watch_event_parser parser;
    for (auto line : {R"({"type":"BOOKMARK","object":{}})", R"({"type":"BOOKMARK","object":{"metadata":null}})",
                      R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":null,"name":3}}})"}) {
        auto event = parser.parse(line);
        BOOST_REQUIRE(event.has_value());
        auto identity = k8s::identity_of(*event->object);
        BOOST_TEST(identity.resource_version.empty());
        BOOST_TEST(identity.name.empty());
        BOOST_TEST(identity.uid.empty());
    }
}

BOOST_AUTO_TEST_CASE(nesting_is_read_deep_but_not_without_end) {
    k8s::watch_event_parser parser;
    auto nested = [](std::size_t depth) {
        return R"({"type":"ADDED","object":{"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}}";
    };
    // A podSpec may hold anything: one check that the API server takes must not stop the watch of all.
    BOOST_TEST(parser.parse(nested(9'900)).has_value());
    BOOST_TEST(parser.parse(nested(100'000)).has_error());
}

BOOST_AUTO_TEST_CASE(a_large_object_after_small_ones_is_read_whole) {
    k8s::watch_event_parser parser;
    BOOST_TEST(parser.parse(R"({"type":"ADDED","object":{}})").has_value());
    std::string text(300'000, 'x');
    auto event = parser.parse(R"({"type":"ADDED","object":{"text":")" + text + R"("}})");
    BOOST_REQUIRE(event.has_value());
    BOOST_TEST(k8s::text_at(*event->object, "text") == text);
    parser.forget();
}

BOOST_AUTO_TEST_SUITE_END()
