#include "controller/core/schedule.hpp"

#include "proto_http/mutation.hpp"

#include <algorithm>

namespace kh::core {

namespace {

constexpr unix_seconds void_margin_min = 60;

unix_seconds floor_div(unix_seconds value, unix_seconds by) {
    unix_seconds quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

unix_seconds whole_interval(const check_view& check) {
    return std::max<unix_seconds>(1, std::chrono::ceil<std::chrono::seconds>(check.interval).count());
}

unix_seconds hashed_below(const check_view& check, std::string_view salt, unix_seconds bound) {
    return static_cast<unix_seconds>(stable_hash(check.uid + std::string(salt)) % static_cast<std::uint64_t>(bound));
}

} // namespace

std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t hash = 14695981039346656037u;
    for (char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211u;
    }
    // FNV's low bits are weak where texts differ in their last characters only; uids do not, names in tests do.
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdu;
    hash ^= hash >> 33;
    return hash;
}

unix_seconds grid::at_or_before(unix_seconds at) const {
    return phase + floor_div(at - phase, interval) * interval;
}

unix_seconds grid::at_or_after(unix_seconds at) const {
    unix_seconds point = at_or_before(at);
    return point == at ? point : point + interval;
}

grid grid_of(const check_view& check) {
    grid g;
    g.interval = whole_interval(check);
    g.phase = hashed_below(check, "", g.interval);
    return g;
}

unix_seconds first_slot(const check_view& check, unix_seconds now, unix_seconds spread) {
    grid g = grid_of(check);
    unix_seconds first = check.created + hashed_below(check, "newcomer", std::max<unix_seconds>(1, std::min(g.interval, spread)));
    // The API server's clock is ahead of ours: soon, by our own clock.
    if (first > now + newcomer_delay_max)
        return now + (newcomer_delay_max - now % newcomer_delay_max) % newcomer_delay_max;
    unix_seconds latest = g.at_or_before(now);
    return latest >= first + (g.interval + 1) / 2 ? latest : first;
}

unix_seconds next_slot(const check_view& check, unix_seconds base, unix_seconds now) {
    grid g = grid_of(check);
    return std::max(g.at_or_after(base + (g.interval + 1) / 2), g.at_or_before(now));
}

bool is_void(const check_view& check, unix_seconds slot, unix_seconds now) {
    // A job has one slot, whatever the clock says of it.
    if (check.kind == workload::job || KH_MUTATION(believe_void_slots))
        return false;
    return slot > now + std::max(whole_interval(check), void_margin_min);
}

} // namespace kh::core
