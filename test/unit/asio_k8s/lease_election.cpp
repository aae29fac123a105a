#include "asio_k8s/lease_election.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <map>

// The election against a lease that a test keeps: every rule without a clock and without a server.

using namespace std::chrono_literals;
using k8s::election_rules;
using k8s::lease_election;
using k8s::lease_record;
using outcome = lease_election::outcome;
using proto_http::time_point;

namespace {

election_rules rules_of(std::string identity) {
    election_rules rules;
    rules.identity = std::move(identity);
    return rules;
}

/// The API server's view: compare and set by resource version.
struct world {
    time_point now{1000s};
    proto_http::wall_time wall{1'795'442'080s};
    std::optional<lease_record> stored;
    int version = 10;

    void pass(proto_http::duration time) {
        now += time;
        wall += time;
    }

    outcome take(const lease_election::attempt& what) {
        if (what.resource_version.empty() ? stored.has_value() : !stored || stored->resource_version != what.resource_version)
            return what.resource_version.empty() || stored ? outcome::conflict : outcome::missing;
        stored = what.record;
        stored->resource_version = std::to_string(++version);
        return outcome::written;
    }

    /// Lets this candidate do what is due, with an answer; whether it wrote.
    bool act(lease_election& who) {
        const auto what = who.due(now, wall);
        if (!what)
            return false;
        return finish(who, *what);
    }

    bool finish(lease_election& who, const lease_election::attempt& what) {
        const outcome how = take(what);
        who.ended(now, how, how == outcome::written ? stored->resource_version : std::string());
        return how == outcome::written;
    }

    void show(lease_election& who) { who.observed(now, stored); }
    bool leads(const lease_election& who) const { return now < who.leads_until(); }

    lease_record by(std::string holder, std::chrono::seconds duration = 15s) {
        return {std::move(holder), duration, "then", "then", 5, std::to_string(++version)};
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_lease_election)

BOOST_AUTO_TEST_CASE(nothing_is_written_before_the_lease_was_looked_at) {
    world w;
    lease_election a(rules_of("a"));
    BOOST_TEST(!w.act(a));
    BOOST_TEST((a.next_due() == proto_http::never));
}

BOOST_AUTO_TEST_CASE(a_lease_that_does_not_exist_is_created_and_renewed) {
    world w;
    lease_election a(rules_of("a"));
    w.show(a);
    BOOST_TEST(w.act(a));
    BOOST_TEST(w.leads(a));
    BOOST_TEST((a.leads_until() == w.now + 10s));
    BOOST_TEST(w.stored->holder == "a");
    BOOST_TEST((w.stored->duration == 15s));
    BOOST_TEST(w.stored->transitions == 0);
    const std::string acquired = w.stored->acquire_time;
    BOOST_TEST(!w.act(a));
    BOOST_TEST((a.next_due() == w.now + 2s));
    w.pass(2s);
    BOOST_TEST(w.act(a));
    BOOST_TEST((a.leads_until() == w.now + 10s));
    BOOST_TEST(w.stored->acquire_time == acquired);
    BOOST_TEST(w.stored->renew_time != acquired);
    BOOST_TEST(w.stored->transitions == 0);
}

BOOST_AUTO_TEST_CASE(a_lease_of_another_is_taken_when_it_did_not_change_for_its_duration_here) {
    for (const auto duration : {15s, 3s}) {
        world w;
        w.stored = w.by("other", duration);
        lease_election a(rules_of("a"));
        w.show(a);
        BOOST_TEST((a.next_due() == w.now + duration));
        w.pass(duration - 1ms);
        BOOST_TEST(!w.act(a));
        w.pass(1ms);
        BOOST_TEST(w.act(a));
        BOOST_TEST(w.leads(a));
        BOOST_TEST(w.stored->transitions == 6);
    }
}

BOOST_AUTO_TEST_CASE(each_renewal_of_another_starts_the_wait_anew_whatever_its_clock_says) {
    world w;
    w.stored = w.by("other");
    lease_election a(rules_of("a"));
    w.show(a);
    for (int i = 0; i < 10; ++i) {
        w.pass(14s);
        w.stored->renew_time = i % 2 == 0 ? "1970-01-01T00:00:00.000000Z" : "2100-01-01T00:00:00.000000Z";
        w.stored->resource_version = std::to_string(++w.version);
        w.show(a);
        BOOST_TEST(!w.act(a));
        BOOST_TEST((a.next_due() == w.now + 15s));
    }
}

BOOST_AUTO_TEST_CASE(a_released_lease_is_taken_at_once) {
    world w;
    w.stored = w.by("other");
    lease_election a(rules_of("a"));
    w.show(a);
    w.pass(1s);
    w.stored = w.by("");
    w.show(a);
    BOOST_TEST(w.act(a));
    BOOST_TEST(w.leads(a));
    BOOST_TEST(w.stored->transitions == 6);
}

BOOST_AUTO_TEST_CASE(transitions_are_counted_as_far_as_the_api_can_hold_them) {
    for (const std::int64_t written : {std::int64_t{2'147'483'647}, std::numeric_limits<std::int64_t>::max()}) {
        world w;
        w.stored = w.by("");
        w.stored->transitions = written;
        lease_election a(rules_of("a"));
        w.show(a);
        BOOST_TEST(w.act(a));
        BOOST_TEST(w.stored->transitions == written);
    }
}

BOOST_AUTO_TEST_CASE(of_two_candidates_one_wins_and_they_never_lead_at_once) {
    world w;
    lease_election a(rules_of("a")), b(rules_of("b"));
    w.show(a);
    w.show(b);
    const auto of_a = a.due(w.now, w.wall);
    const auto of_b = b.due(w.now, w.wall);
    BOOST_TEST_REQUIRE((of_a && of_b));
    BOOST_TEST(w.finish(b, *of_b));
    BOOST_TEST(!w.finish(a, *of_a));
    BOOST_TEST(w.leads(b));
    BOOST_TEST(!w.leads(a));
    // b is stopped for ever; a sees what it wrote last a little later.
    w.pass(700ms);
    w.show(a);
    bool a_leads = false;
    for (int i = 0; i < 200 && !a_leads; ++i) {
        w.pass(100ms);
        w.act(a);
        a_leads = w.leads(a);
        BOOST_TEST(!(a_leads && w.leads(b)));
    }
    BOOST_TEST(a_leads);
    // b goes on: it does not lead, and its next write is refused.
    BOOST_TEST(!w.leads(b));
    BOOST_TEST(!w.act(b));
    BOOST_TEST(!w.leads(b));
    w.show(b);
    BOOST_TEST(b.holder() == "a");
}

BOOST_AUTO_TEST_CASE(a_stopped_leader_whose_lease_nobody_took_leads_again_after_a_renewal_and_not_before) {
    world w;
    lease_election a(rules_of("a"));
    w.show(a);
    w.act(a);
    w.pass(60s);
    BOOST_TEST(!w.leads(a));
    BOOST_TEST(w.act(a));
    BOOST_TEST(w.leads(a));
}

BOOST_AUTO_TEST_CASE(leadership_ends_by_itself_when_renewals_are_not_answered) {
    world w;
    lease_election a(rules_of("a"));
    w.show(a);
    w.act(a);
    int attempts = 0;
    for (int i = 0; i < 100; ++i) {
        w.pass(100ms);
        if (a.due(w.now, w.wall)) {
            ++attempts;
            a.ended(w.now, outcome::failed, {});
        }
    }
    BOOST_TEST(!w.leads(a));
    BOOST_TEST(attempts == 5); // and it goes on trying
    BOOST_TEST((a.next_due() <= w.now + 2s));
}

BOOST_AUTO_TEST_CASE(a_renewal_whose_answer_was_lost_counts_from_when_it_was_sent) {
    world w;
    lease_election a(rules_of("a"));
    w.show(a);
    w.act(a);
    w.pass(2s);
    const time_point sent = w.now;
    const auto renewal = a.due(w.now, w.wall);
    BOOST_TEST_REQUIRE(renewal.has_value());
    w.take(*renewal);
    w.pass(2500ms);
    a.ended(w.now, outcome::failed, {});
    w.show(a);
    BOOST_TEST((a.leads_until() == sent + 10s));
    w.pass(2s);
    BOOST_TEST(w.act(a)); // on the version that the watch told
}

BOOST_AUTO_TEST_CASE(a_watch_that_lags_behind_our_own_writes_changes_nothing) {
    world w;
    lease_election a(rules_of("a"));
    w.show(a);
    w.act(a);
    const auto first = w.stored;
    w.pass(2s);
    w.act(a);
    a.observed(w.now, first);
    w.pass(2s);
    BOOST_TEST(w.act(a));
    BOOST_TEST(w.leads(a));
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_found_under_our_name_is_taken_over_at_once) {
    world w;
    w.stored = w.by("a"); // by the process before us, in the same pod
    lease_election a(rules_of("a"));
    w.show(a);
    BOOST_TEST(!w.leads(a));
    BOOST_TEST(w.act(a));
    BOOST_TEST(w.leads(a));
    BOOST_TEST(w.stored->transitions == 5);
}

BOOST_AUTO_TEST_CASE(a_namesake_that_took_our_lease_is_another) {
    world w;
    lease_election first(rules_of("a")), second(rules_of("a"));
    w.show(first);
    w.act(first);
    w.show(second);
    w.pass(1s);
    BOOST_TEST(w.act(second));
    w.show(first);
    BOOST_TEST(!w.leads(first));
    w.pass(14s);
    BOOST_TEST(!w.act(first));
    w.pass(1s);
    BOOST_TEST(w.act(first));
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_deleted_is_created_again) {
    world w;
    lease_election a(rules_of("a"));
    w.show(a);
    w.act(a);
    w.stored.reset();
    w.pass(2s);
    BOOST_TEST(!w.act(a)); // 404
    BOOST_TEST(w.act(a));
    BOOST_TEST(w.leads(a));
}

BOOST_AUTO_TEST_CASE(releasing_ends_leadership_before_anything_is_written) {
    world w;
    lease_election a(rules_of("a")), b(rules_of("b"));
    w.show(a);
    w.show(b);
    w.act(a);
    w.show(b);
    const auto last = a.release(w.now, w.wall);
    BOOST_TEST(!w.leads(a));
    BOOST_TEST_REQUIRE(last.has_value());
    BOOST_TEST((w.take(*last) == outcome::written));
    BOOST_TEST(w.stored->holder == "");
    BOOST_TEST((w.stored->duration == 1s));
    w.show(a);
    BOOST_TEST((a.next_due() == proto_http::never));
    w.show(b);
    BOOST_TEST(w.act(b));
    BOOST_TEST(w.leads(b));
    BOOST_TEST(w.stored->transitions == 1);
}

BOOST_AUTO_TEST_CASE(a_follower_releases_nothing) {
    world w;
    w.stored = w.by("other");
    lease_election a(rules_of("a"));
    w.show(a);
    BOOST_TEST(!a.release(w.now, w.wall).has_value());
}

BOOST_AUTO_TEST_CASE(the_time_that_a_server_asks_for_is_kept) {
    world w;
    lease_election a(rules_of("a"));
    w.show(a);
    BOOST_TEST_REQUIRE(a.due(w.now, w.wall).has_value());
    a.ended(w.now, outcome::failed, {}, 7s);
    BOOST_TEST((a.next_due() == w.now + 7s));
}

BOOST_AUTO_TEST_SUITE_END()
