#include "controller/event_correlator.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kh {

namespace {

constexpr std::string_view joined_prefix = "(combined from similar events): ";

} // namespace

event_correlator::object_record& event_correlator::record_of(const std::string& uid) {
    if (const auto known = by_uid_.find(uid); known != by_uid_.end()) {
        objects_.splice(objects_.begin(), objects_, known->second);
        return objects_.front();
    }
    if (objects_.size() >= rules_.objects_max) {
        by_uid_.erase(objects_.back().uid);
        objects_.pop_back();
    }
    objects_.emplace_front().uid = uid;
    by_uid_[uid] = objects_.begin();
    return objects_.front();
}

bool event_correlator::is_to_be_joined(object_record& object, const core::record_event& what, proto_http::time_point now) const {
    similar& of_reason = object.reasons[what.reason];
    if (now - of_reason.last > rules_.similar_interval)
        of_reason.messages.clear();
    of_reason.last = now;
    auto& messages = of_reason.messages;
    if (std::find(messages.begin(), messages.end(), what.message) == messages.end())
        messages.push_back(what.message);
    if (messages.size() < rules_.similar_max)
        return false;
    messages.erase(messages.begin());
    return true;
}

event_correlator::series& event_correlator::series_of(object_record& object, std::string_view reason, std::string_view message) {
    auto& seen = object.seen;
    const auto known =
        std::find_if(seen.begin(), seen.end(), [&](const series& s) { return s.reason == reason && s.message == message; });
    if (known != seen.end()) {
        seen.splice(seen.begin(), seen, known);
        return seen.front();
    }
    if (seen.size() >= rules_.series_max)
        seen.pop_back();
    series& added = seen.emplace_front();
    added.reason = reason;
    added.message = message;
    return added;
}

/// Starts of runs have a budget of their own: who asks for them must not lose the outcomes.
bool event_correlator::may_write(object_record& object, std::string_view reason, proto_http::time_point now) const {
    auto [at, is_new] = object.budgets.try_emplace(reason == core::run_started_reason);
    budget& left = at->second;
    const double refill = std::chrono::duration<double>(now - left.at) / std::chrono::duration<double>(rules_.refill_interval);
    left.tokens = is_new ? rules_.burst : std::min(rules_.burst, left.tokens + refill);
    left.at = now;
    if (left.tokens < 1)
        return false;
    left.tokens -= 1;
    return true;
}

/// As client-go names them: the object's name and the nanoseconds in hex. No two are the same.
std::string event_correlator::fresh_name(std::string_view object_name, proto_http::wall_time wall) {
    const std::int64_t nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count();
    last_name_ = std::max(nanoseconds, last_name_ + 1);
    return fmt::format("{}.{:x}", object_name, last_name_);
}

std::optional<event_write> event_correlator::correlate(core::record_event what, proto_http::time_point now,
                                                       proto_http::wall_time wall) {
    object_record& object = record_of(what.uid);
    const bool is_joined = is_to_be_joined(object, what, now);
    series& of = series_of(object, what.reason, is_joined ? std::string_view() : std::string_view(what.message));
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(wall).time_since_epoch().count();
    event_write write;
    write.is_repeat = of.count > 0;
    if (!write.is_repeat) {
        of.name = fresh_name(what.key.name, wall);
        of.first = second;
    }
    ++of.count;
    if (!may_write(object, what.reason, now))
        return std::nullopt;
    if (is_joined)
        what.message.insert(0, joined_prefix);
    write.what = std::move(what);
    write.name = of.name;
    write.count = of.count;
    write.first = of.first;
    write.last = second;
    return write;
}

} // namespace kh
