#pragma once

#include "controller/core/event.hpp"
#include "controller/core/types.hpp"
#include "simulation/ledger.hpp"
#include "simulation/stage.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>

// The core tier's API server: objects as the core sees them, versions, and who is told of a change. It keeps what the protocol
// counts on (uids, resourceVersions as conditions, names that are taken) and nothing else.

namespace simulation {

class core_store {
public:
    explicit core_store(ledger& books) : books_(books) {}

    using check_name = std::pair<check_key, workload>;

    /// Each change as a watch tells it.
    std::function<void(kh::core::watched, const kh::core::event&)> on_change;
    std::function<void(const kh::core::pod_view&, bool is_new)> on_pod;
    std::function<void(const kh::core::pod_view&)> on_pod_gone;

    void apply_check(const check_order& order, unix_seconds now);
    /// False if there is none.
    bool remove_check(const check_name& name);
    // On condition of the version; false or null where it is another.
    bool set_phase(const check_key& job, const std::string& version, const std::string& phase);
    const kh::core::check_view* set_ready(const check_key& check, const std::string& version, kh::core::ready_condition ready);
    const kh::core::check_view* find_check(const check_name& name) const;

    const kh::core::state_view* find_state(const check_key& key) const;
    const kh::core::state_view& put_state(kh::core::state_view state, bool by_hand);
    void remove_state(const check_key& key, bool by_hand);

    const kh::core::pod_view* find_pod(const std::string& ns, const std::string& name) const;
    const kh::core::pod_view& put_pod(kh::core::pod_view pod, bool by_hand);
    /// Terminating, or gone at once where nothing of it runs or it `is_over`.
    void remove_pod(const std::string& ns, const std::string& name, bool is_over, bool by_hand);

    std::string new_uid() { return "u" + std::to_string(++last_uid_); }

    const std::map<check_name, kh::core::check_view>& checks() const { return checks_; }
    const std::map<check_key, kh::core::state_view>& states() const { return states_; }
    const std::map<check_key, kh::core::pod_view>& pods() const { return pods_; }

private:
    void touch(kh::core::check_view& check);

    ledger& books_;
    std::map<check_name, kh::core::check_view> checks_;
    std::map<check_key, kh::core::state_view> states_;
    std::map<check_key, kh::core::pod_view> pods_; ///< by namespace and name
    std::uint64_t last_version_ = 10;
    std::uint64_t last_uid_ = 0;
};

} // namespace simulation
