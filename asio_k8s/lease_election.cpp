#include "asio_k8s/lease_election.hpp"

#include "proto_http/mutation.hpp"

#include <algorithm>
#include <limits>

namespace k8s {

namespace {

using proto_http::time_point;

constexpr std::size_t sent_max = 8;

/// A lease that is written by a stranger may bear any number.
constexpr std::chrono::seconds duration_max = std::chrono::hours(1);

/// The API's type of leaseTransitions, whatever a stranger has written.
constexpr std::int64_t transitions_max = std::numeric_limits<std::int32_t>::max();

/// Resource versions are integers that grow (KEP-5504); others compare as unknown.
bool certainly_older(std::string_view candidate, std::string_view stored) {
    const auto is_number = [](std::string_view text) {
        return !text.empty() && text.front() != '0' && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (!is_number(candidate) || !is_number(stored))
        return false;
    return candidate.size() != stored.size() ? candidate.size() < stored.size() : candidate < stored;
}

} // namespace

const lease_election::sent_write* lease_election::written_by_us(const lease_record& record) const {
    if (record.holder != rules_.identity)
        return nullptr;
    const auto found = std::ranges::find(sent_, record.renew_time, &sent_write::renew_time);
    return found == sent_.end() ? nullptr : &*found;
}

time_point lease_election::expiry() const {
    if (KH_MUTATION(take_a_lease_that_is_held))
        return changed_at_ + std::chrono::seconds(5);
    return changed_at_ + std::clamp<std::chrono::seconds>(stored_->duration, std::chrono::seconds(1), duration_max);
}

void lease_election::observed(time_point now, std::optional<lease_record> stored) {
    const bool is_first = !std::exchange(is_known_, true);
    if (stored && stored_ &&
        (stored->resource_version == stored_->resource_version ||
         certainly_older(stored->resource_version, stored_->resource_version)))
        return;
    stored_ = std::move(stored);
    changed_at_ = now;
    may_succeed_ = is_first && stored_ && stored_->holder == rules_.identity;
    if (!stored_)
        return;
    if (const sent_write* ours = written_by_us(*stored_)) {
        if (!is_released_)
            leads_until_ = std::max(leads_until_, ours->at + rules_.renew_deadline);
        if (KH_MUTATION(lead_for_ever))
            leads_until_ = proto_http::never;
        return;
    }
    leads_until_ = {};
    if (stored_->holder.empty())
        not_before_ = std::min(not_before_, now);
}

time_point lease_election::next_due() const {
    if (!is_known_ || is_released_ || under_way_)
        return proto_http::never;
    if (!stored_ || stored_->holder.empty() || may_succeed_ || is_held())
        return not_before_;
    return std::max(not_before_, expiry());
}

lease_election::attempt lease_election::make_attempt(time_point now, proto_http::wall_time wall) {
    attempt made;
    made.sent = now;
    made.deadline = now + rules_.attempt_max;
    made.record.holder = rules_.identity;
    made.record.duration = rules_.lease_duration;
    made.record.renew_time = format_micro_time(wall);
    made.record.acquire_time = made.record.renew_time;
    if (stored_) {
        made.resource_version = stored_->resource_version;
        made.record.transitions = stored_->transitions;
        if (is_held())
            made.record.acquire_time = stored_->acquire_time;
        else if (stored_->holder != rules_.identity && stored_->transitions < transitions_max)
            ++made.record.transitions;
    }
    return made;
}

std::optional<lease_election::attempt> lease_election::due(time_point now, proto_http::wall_time wall) {
    if (now < next_due())
        return std::nullopt;
    under_way_ = make_attempt(now, wall);
    sent_.push_front({under_way_->record.renew_time, now});
    if (sent_.size() > sent_max)
        sent_.pop_back();
    return under_way_;
}

void lease_election::ended(time_point now, outcome how, std::string version, proto_http::duration retry_after) {
    if (!under_way_)
        return;
    attempt made = std::move(*under_way_);
    under_way_.reset();
    not_before_ = std::max(made.sent + rules_.retry_period, now + retry_after);
    switch (how) {
    case outcome::written:
        made.record.resource_version = std::move(version);
        observed(now, std::move(made.record));
        return;
    case outcome::missing:
        // Where the watch has told of another lease meanwhile, that one counts.
        if (stored_ && stored_->resource_version == made.resource_version)
            stored_.reset();
        not_before_ = now;
        return;
    case outcome::conflict:
    case outcome::failed:
        return;
    }
}

std::optional<lease_election::attempt> lease_election::release(time_point now, proto_http::wall_time wall) {
    is_released_ = true;
    leads_until_ = {};
    under_way_.reset();
    if (!is_held())
        return std::nullopt;
    attempt made = make_attempt(now, wall);
    // As client-go: nobody holds it, and whoever judges it by its duration needs not wait.
    made.record.holder.clear();
    made.record.duration = std::chrono::seconds(1);
    return made;
}

} // namespace k8s
