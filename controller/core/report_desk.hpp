#pragma once

#include "controller/core/event.hpp"
#include "controller/core/types.hpp"

#include <boost/uuid/uuid.hpp>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Which pod a report comes from, and the reports whose pod the watch has not shown yet (run-protocol, 4.1 and 4.2).

namespace kh::core {

/// A pod by namespace and name, and the check it belongs to.
struct pod_address {
    check_key check;
    std::string pod_name;

    auto operator<=>(const pod_address&) const = default;
};

/// A run whose pod is gone: why a late report of it is refused can still be said.
struct retired_secret {
    check_key check;
    std::string check_uid;
    unix_seconds slot = 0;
};

class report_desk {
public:
    /// `salt` is drawn once per process: what the index of secrets is sorted by says nothing about them.
    report_desk(boost::uuids::uuid salt, std::size_t held_max) : salt_(salt), held_max_(held_max) {}

    void index(const pod_view& before, const pod_view& now);
    void add(const pod_view& pod);
    void remove(const pod_view& pod);
    /// Removes a pod that is gone, and remembers the digest of its secret for a while.
    void retire(const pod_view& pod, unix_seconds slot);

    /// The pod that carries this secret; compared in constant time.
    std::optional<pod_address> by_secret(std::string_view secret) const;
    /// The run of a secret whose pod is gone, or null.
    const retired_secret* retired(std::string_view secret) const;
    /// The pods with this address that are not on hostNetwork.
    std::vector<pod_address> by_address(std::string_view address) const;

    /// Keeps a report until `until`; false if there is no room. It takes the place, and the time of arrival, of one that it
    /// repeats and that nobody waits for any more (id 0).
    bool hold(report_received report, time_point until);
    /// Takes out every held report, to be tried again.
    std::vector<std::pair<report_received, time_point>> take_held();
    bool holds() const noexcept { return !held_.empty(); }
    /// Until when a report with this secret is held; the past if none is.
    time_point held_until(std::string_view secret) const;
    time_point next_expiry() const;

private:
    boost::uuids::uuid digest(std::string_view secret) const;

    struct secret_entry {
        std::string secret;
        pod_address pod;
    };

    boost::uuids::uuid salt_;
    std::size_t held_max_;
    std::map<boost::uuids::uuid, secret_entry> secrets_;
    std::multimap<std::string, pod_address, std::less<>> addresses_;
    std::vector<std::pair<report_received, time_point>> held_;
    std::map<boost::uuids::uuid, retired_secret> retired_;
    std::deque<boost::uuids::uuid> retired_order_; ///< the oldest first
};

} // namespace kh::core
