#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// The deliberate bugs (proto_http/mutation.hpp), and how many seeds the simulation may take to catch each. Zero: that tier cannot
// see it, because the bug is in what it leaves out.

namespace simulation {

struct mutation {
    std::string_view name;
    std::uint64_t stack_seeds_max;
    std::uint64_t core_seeds_max;
};

inline constexpr std::array mutations{
    mutation{"answer_before_the_write", 200, 200},
    mutation{"accept_a_late_report", 400, 400},
    mutation{"refuse_an_unknown_secret", 400, 400},
    mutation{"take_a_second_report", 400, 400},
    mutation{"lose_the_retry_of_a_write", 200, 200},
    mutation{"lose_the_retry_of_a_create", 200, 200},
    mutation{"never_end_at_the_deadline", 200, 200},
    mutation{"keep_superseded_pods", 200, 200},
    mutation{"two_pods_for_one_slot", 400, 400},
    mutation{"write_without_a_version", 1500, 0},
    mutation{"ignore_a_410", 400, 0},
    mutation{"know_a_check_by_its_name", 400, 400},
    mutation{"believe_void_slots", 400, 400},
    mutation{"leak_held_reports", 200, 0},
    mutation{"overlook_edits", 200, 200},
    mutation{"forget_recovered_pods", 400, 400},
    mutation{"judge_a_slot_again", 200, 200},
    mutation{"start_without_leading", 400, 0},
    mutation{"overlook_stalls", 1500, 0},
    mutation{"lead_for_ever", 1500, 0},
    mutation{"take_a_lease_that_is_held", 1500, 0},
};

} // namespace simulation
