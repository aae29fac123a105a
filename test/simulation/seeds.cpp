#include "proto_http/mutation.hpp"
#include "simulation/mutations.hpp"
#include "simulation/world.hpp"

#include <boost/test/unit_test.hpp>

// The seeds that every build runs, and the test of the simulation itself: a check that cannot fail is a defect.

namespace proto_http {
std::string_view active_mutation;
} // namespace proto_http

namespace {

#ifdef SIMULATION_SANITIZED
constexpr std::uint64_t seeds_max = 30;
constexpr bool with_mutations = false;
#else
constexpr std::uint64_t seeds_max = 400;
constexpr bool with_mutations = true;
#endif

/// The first seed that breaks a promise; 0: none does.
std::uint64_t first_broken(std::uint64_t last) {
    for (std::uint64_t seed = 1; seed <= last; ++seed)
        if (!simulation::simulate(seed).violation.empty())
            return seed;
    return 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(seeds)

BOOST_AUTO_TEST_CASE(every_promise_holds_in_every_seed) {
    std::uint64_t runs = 0, acknowledged = 0;
    for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
        const auto end = simulation::simulate(seed);
        runs += end.runs;
        acknowledged += end.acknowledged;
        BOOST_TEST(end.violation.empty(), "seed " << seed << ": " << end.violation << "; replay: tools/simulate --seed " << seed);
    }
    BOOST_TEST_MESSAGE(runs << " runs, " << acknowledged << " acknowledged reports");
    BOOST_TEST(acknowledged > seeds_max); // it was about something
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(determinism)

BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_trace_twice_in_one_process) {
    for (std::uint64_t seed : {3u, 18u, 50u, 194u, 586u}) {
        const auto once = simulation::simulate(seed);
        const auto again = simulation::simulate(seed);
        BOOST_TEST(once.hash == again.hash, "seed " << seed);
        BOOST_TEST(once.requests == again.requests);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutations)

BOOST_AUTO_TEST_CASE(each_deliberate_bug_is_caught) {
    if (!with_mutations)
        return; // the default build says it
    for (const auto& each : simulation::mutations) {
        proto_http::active_mutation = each.name;
        const auto seed = first_broken(each.seeds_max);
        proto_http::active_mutation = {};
        BOOST_TEST(seed != 0u, each.name << " is not caught within " << each.seeds_max << " seeds");
        BOOST_TEST_MESSAGE(each.name << " is caught by seed " << seed);
        // The same seed without the bug is green: it is the bug that was caught.
        if (seed != 0)
            BOOST_TEST(simulation::simulate(seed).violation.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
