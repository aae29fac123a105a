#include "controller/leadership.hpp"

namespace kh {

namespace {

k8s::elector_settings settings_of(k8s::object_key lease, const std::string& name) {
    k8s::elector_settings made;
    made.lease = std::move(lease);
    made.rules.identity = name;
    return made;
}

} // namespace

leadership::leadership(k8s::client& api, logger& log, k8s::object_key lease, std::string name,
                       std::function<void(core::leadership_changed)> tell)
    : runtime_(api.runtime()), log_(log), troubles_(std::chrono::minutes(1)), lease_(lease.ns + "/" + lease.name),
      name_(std::move(name)), tell_(std::move(tell)), elector_(api, settings_of(std::move(lease), name_)) {
    elector_.on_change = [this] { changed(); };
    elector_.on_trouble = [this](std::string_view verb, const k8s::api_error& error) { failed(verb, error); };
}

/// A right that is missing is said by api_health.
void leadership::failed(std::string_view verb, const k8s::api_error& error) {
    if (error.code == k8s::errc::forbidden || error.code == k8s::errc::unauthorized)
        return;
    if (const auto held_back = troubles_.allow(verb, runtime_.now()))
        log_.warning(
            "the lease cannot be read or written and is tried again",
            {{"verb", verb}, {"lease", lease_}, {"leads", leads()}, {"error", error.text()}, {"suppressed_before", *held_back}});
}

void leadership::changed() {
    if (leader_ != elector_.holder()) {
        leader_ = elector_.holder();
        if (leader_ != name_)
            log_.info(leader_.empty() ? "there is no leader" : "another replica leads", {{"leader", leader_}});
    }
    if (led_ != elector_.leads()) {
        led_ = elector_.leads();
        log_.info(led_ ? "this replica leads" : "this replica leads no more", {{"leader", leader_}});
    }
    if (told_until_ != elector_.leads_until()) {
        told_until_ = elector_.leads_until();
        tell_(core::leadership_changed{told_until_});
    }
}

} // namespace kh
