#include "controller/core/types.hpp"

#include <array>
#include <utility>

namespace kh::core {

namespace {

constexpr std::array<std::pair<outcome, std::string_view>, 9> outcome_names{{
    {outcome::passed, "Passed"},
    {outcome::failed, "Failed"},
    {outcome::invalid, "Invalid"},
    {outcome::could_not_start, "CouldNotStart"},
    {outcome::timed_out_before_start, "TimedOutBeforeStart"},
    {outcome::timed_out_before_report, "TimedOutBeforeReport"},
    {outcome::ended_without_report, "EndedWithoutReport"},
    {outcome::pod_deleted, "PodDeleted"},
    {outcome::infrastructure, "Infrastructure"},
}};

} // namespace

std::string_view to_text(outcome value) {
    for (const auto& [known, name] : outcome_names)
        if (known == value)
            return name;
    return "Unknown";
}

std::optional<outcome> outcome_from_text(std::string_view text) {
    for (const auto& [known, name] : outcome_names)
        if (name == text)
            return known;
    return std::nullopt;
}

} // namespace kh::core
