#include "proto_http/mutation.hpp"
#include "simulation/core_world.hpp"
#include "simulation/mutations.hpp"
#include "simulation/world.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>

// The test of the simulation itself: a seed replays, and a check that cannot fail is a defect. The seeds that every build runs
// are ranges of tools/simulate (CMakeLists.txt).

namespace proto_http {
std::string_view active_mutation;
} // namespace proto_http

namespace {

using simulation::outcome_of_seed;
using simulation::trace_for;

#ifdef SIMULATION_SANITIZED
constexpr bool with_mutations = false;
#else
constexpr bool with_mutations = true;
#endif

struct tier {
    const char* name;
    outcome_of_seed (*run)(std::uint64_t, trace_for);
    std::uint64_t simulation::mutation::*seeds_max;
};

constexpr tier tiers[] = {{"stack", simulation::simulate, &simulation::mutation::stack_seeds_max},
                          {"core", simulation::simulate_core, &simulation::mutation::core_seeds_max}};

/// The first seed that breaks a promise; 0: none does.
std::uint64_t first_broken(const tier& in, std::uint64_t last) {
    for (std::uint64_t seed = 1; seed <= last; ++seed)
        if (!in.run(seed, trace_for::nobody).violation.empty())
            return seed;
    return 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(determinism)

BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_trace_twice_in_one_process) {
    for (const auto& in : tiers)
        for (std::uint64_t seed : {3u, 18u, 50u, 194u, 586u}) {
            const auto once = in.run(seed, trace_for::hash);
            const auto again = in.run(seed, trace_for::hash);
            BOOST_TEST(once.hash == again.hash, in.name << " seed " << seed);
            BOOST_TEST(once.requests == again.requests);
            BOOST_TEST(once.acknowledged > 0u); // it was about something
            // Whoever looks on changes nothing.
            BOOST_TEST(in.run(seed, trace_for::nobody).requests == once.requests);
        }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mutations)

BOOST_AUTO_TEST_CASE(each_deliberate_bug_is_caught) {
    if (!with_mutations)
        return; // the default build says it
    for (const auto& in : tiers)
        for (const auto& each : simulation::mutations) {
            const auto seeds_max = each.*in.seeds_max;
            if (seeds_max == 0)
                continue;
            proto_http::active_mutation = each.name;
            const auto seed = first_broken(in, seeds_max);
            proto_http::active_mutation = {};
            BOOST_TEST(seed != 0u, each.name << " is not caught within " << seeds_max << " seeds of the " << in.name << " tier");
            BOOST_TEST_MESSAGE(each.name << " is caught by seed " << seed << " of the " << in.name << " tier");
            // The same seed without the bug is green: it is the bug that was caught.
            if (seed != 0)
                BOOST_TEST(in.run(seed, trace_for::nobody).violation.empty());
        }
}

BOOST_AUTO_TEST_SUITE_END()
