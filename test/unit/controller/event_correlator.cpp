#include "controller/event_correlator.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

// The cases of client-go's events_cache_test.go, and what bounds the memory.

using namespace std::chrono_literals;

namespace {

kh::core::record_event event_of(std::string reason, std::string message, std::string uid = "uid-1") {
    kh::core::record_event event;
    event.key = {"default", "web"};
    event.uid = std::move(uid);
    event.is_warning = true;
    event.reason = std::move(reason);
    event.message = std::move(message);
    return event;
}

struct correlator_fixture {
    kh::event_correlator correlator;
    proto_http::time_point now{1h};
    proto_http::wall_time wall{std::chrono::seconds(1'700'000'000)};

    std::optional<kh::event_write> take(kh::core::record_event what, proto_http::duration after = 1s) {
        now += after;
        wall += after;
        return correlator.correlate(std::move(what), now, wall);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(event_correlator)

BOOST_AUTO_TEST_CASE(the_same_again_counts_up_the_one_that_is_there) {
    correlator_fixture f;
    const auto first = f.take(event_of("Failed", "no"));
    BOOST_TEST(!first.value().is_repeat);
    BOOST_TEST(first->count == 1u);
    BOOST_TEST(first->name == "web.17979cfe71c4ca00");
    const auto again = f.take(event_of("Failed", "no"), 60s);
    BOOST_TEST(again.value().is_repeat);
    BOOST_TEST(again->name == first->name);
    BOOST_TEST(again->count == 2u);
    BOOST_TEST(again->first == first->first);
    BOOST_TEST(again->last == first->last + 60);
}

BOOST_AUTO_TEST_CASE(another_reason_message_or_object_is_another_event) {
    correlator_fixture f;
    std::set<std::string> names;
    for (const auto& event : {event_of("Failed", "no"), event_of("Failed", "never"), event_of("Recovered", "no"),
                              event_of("Failed", "no", "uid-2")}) {
        const auto write = f.take(event, 0s); // at the same moment
        BOOST_TEST(!write.value().is_repeat);
        names.insert(write->name);
    }
    BOOST_TEST(names.size() == 4u);
}

BOOST_AUTO_TEST_CASE(many_of_one_reason_that_differ_in_their_message_become_one) {
    correlator_fixture f;
    for (int i = 1; i < 10; ++i)
        BOOST_TEST(!f.take(event_of("Failed", "after " + std::to_string(i) + " ms")).value().is_repeat);
    const auto tenth = f.take(event_of("Failed", "after 10 ms"));
    BOOST_TEST(!tenth.value().is_repeat);
    BOOST_TEST(tenth->what.message == "(combined from similar events): after 10 ms");
    const auto next = f.take(event_of("Failed", "after 11 ms"));
    BOOST_TEST(next.value().is_repeat);
    BOOST_TEST(next->name == tenth->name);
    BOOST_TEST(next->count == 2u);
    BOOST_TEST(next->what.message == "(combined from similar events): after 11 ms");
    // Ten minutes without one, and they are told apart again.
    BOOST_TEST(f.take(event_of("Failed", "after 12 ms"), 11min).value().what.message == "after 12 ms");
}

BOOST_AUTO_TEST_CASE(an_object_gets_twenty_five_and_then_one_in_five_minutes) {
    correlator_fixture f;
    for (int i = 0; i < 25; ++i)
        BOOST_TEST(f.take(event_of("Failed", "no"), 1ms).has_value());
    BOOST_TEST(!f.take(event_of("Failed", "no")).has_value());
    BOOST_TEST(!f.take(event_of("Recovered", "yes")).has_value());
    BOOST_TEST(f.take(event_of("Failed", "no", "uid-2")).has_value());
    const auto later = f.take(event_of("Failed", "no"), 5min);
    BOOST_TEST(later.value().count == 27u); // what was held back is counted
    BOOST_TEST(!f.take(event_of("Failed", "no"), 4min).has_value());
}

BOOST_AUTO_TEST_CASE(starts_of_runs_leave_the_outcomes_their_share) {
    correlator_fixture f;
    for (int i = 0; i < 100; ++i)
        f.take(event_of(std::string(kh::core::run_started_reason), "run " + std::to_string(i)));
    BOOST_TEST(f.take(event_of("Failed", "no")).has_value());
}

BOOST_AUTO_TEST_CASE(the_object_that_was_not_heard_of_for_longest_is_forgotten) {
    kh::correlation_rules rules;
    rules.objects_max = 2;
    correlator_fixture f{kh::event_correlator(rules)};
    f.take(event_of("Failed", "no", "a"));
    f.take(event_of("Failed", "no", "b"));
    f.take(event_of("Failed", "no", "a"));
    f.take(event_of("Failed", "no", "c"));
    BOOST_TEST(f.correlator.objects() == 2u);
    BOOST_TEST(f.take(event_of("Failed", "no", "a")).value().count == 3u);
    BOOST_TEST(f.take(event_of("Failed", "no", "b")).value().count == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
