#pragma once

#include "simulation/dice.hpp"

#include <chrono>
#include <cstdint>
#include <string>

// What one seed is about: how long, how many checks, and which faults are on. Not every fault in every seed (swarm testing): a
// mix that has all of them at once rarely lets one get far.

namespace simulation {

/// Probabilities are per request, rates are mean times between two (zero: never).
struct fault_mix {
    proto_http::duration latency_max{}; ///< of a request, before and after it takes effect
    double slow = 0;                    ///< a request that is far slower: seconds
    double refused = 0;                 ///< 429, 500, 503, nothing has happened
    double conflict = 0;                ///< 409 for a write that nothing speaks against
    double unstorable = 0;              ///< 413 or 422 for the write of a result
    double closing = 0;                 ///< 403 for a create: the namespace is being deleted
    double told_otherwise = 0;          ///< it has taken effect, and 500 or 504 is answered
    double reset_before = 0;
    double reset_after = 0; ///< it has taken effect, the answer is lost
    double cut = 0;         ///< the body of the answer is cut off: half a JSON, half a watch
    double gone = 0;        ///< 410 for a watch or list
    double bookmarks = 0;   ///< a watch that is flooded with them
    double dial_fails = 0;

    std::chrono::seconds kill{};    ///< kill -9 of the controller
    double kill_at_request = 0;     ///< per request: the controller dies some handlers after it was sent
    std::chrono::seconds restart{}; ///< SIGTERM, drained, started again
    std::chrono::seconds overlap{}; ///< a second controller beside the first for a while
    std::chrono::seconds pause{};  ///< SIGSTOP of a controller, for as long as up to three leases; only where they elect a leader
    std::chrono::seconds outage{}; ///< the API server is away
    std::chrono::seconds wire{};   ///< one connection is reset or stalls
    std::chrono::seconds
        partition{};                ///< the network between one controller and the API server drops everything; with an election
    std::chrono::seconds compact{}; ///< the API server forgets its history
    std::chrono::seconds clock{};   ///< the controller's wall clock jumps, up to an hour both ways
    std::chrono::seconds skew{};    ///< how far the wall clocks of two controllers differ at most; with an election
    std::chrono::seconds user{};    ///< somebody edits, deletes, recreates
    bool states_by_hand = false;    ///< the user also deletes states
    bool pods_by_hand = false;      ///< ... and pods
};

/// What becomes of pods, as probabilities; the rest reports once, in time, and ends.
struct fate_mix {
    double never_starts = 0; ///< unschedulable, image errors (some of them final)
    double silent = 0;       ///< ends without a report
    double hangs = 0;        ///< never ends, never reports
    double late = 0;         ///< reports around or after its deadline
    double repeats = 0;      ///< the same report again
    double contradicts = 0;  ///< another report of the same run
    double wrong_secret = 0; ///< reports with somebody else's secret first
    double no_header = 0;    ///< v2's JavaScript and Python clients: known by the address
    double vanishes = 0;     ///< deleted by somebody
    double evicted = 0;      ///< lost to its infrastructure
    double sidecar = 0;      ///< a second container lives on
    double lingers = 0;      ///< takes its time from its delete to its end
    double slow_start = 0;
    double patient = 0.5; ///< clients that dial again; the others are v2's, which cannot resend on a new connection
};

struct plan {
    std::uint64_t seed = 0;
    fault_mix faults;
    fate_mix fates;
    bool is_calm = false; ///< no faults at all: every bound holds from the start
    int checks = 1;
    int jobs = 0;
    bool has_v2_objects = false;
    bool has_election = false;  ///< replicas elect a leader by the Lease (stack tier); otherwise each of them leads
    bool has_same_name = false; ///< a check and a job of one name
    std::chrono::seconds chaos{};
    std::chrono::seconds interval_max{};
    unsigned succeeded_pods_max = 4;
    unsigned failed_pods_max = 4;

    bool jumps() const { return faults.clock.count() != 0; }
    /// What is sent may arrive much later.
    bool stalls() const { return faults.wire.count() != 0 || faults.partition.count() != 0; }
};

plan draw_plan(std::uint64_t seed);

/// One line for readers: what is on.
std::string describe(const plan& of);

} // namespace simulation
