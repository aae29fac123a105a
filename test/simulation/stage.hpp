#pragma once

#include "controller/core/types.hpp"
#include "simulation/dice.hpp"
#include "simulation/plan.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>

// What the actors of a simulation (kubelet and checkers, the user) can do, whatever plays the cluster: the embedded API server in
// the stack tier, a model in the core tier.

namespace simulation {

using kh::core::check_key;
using kh::core::unix_seconds;
using kh::core::workload;
using proto_http::duration;
using proto_http::time_point;

/// A check or job as its author wants it.
struct check_order {
    check_key key;
    workload kind = workload::check;
    std::chrono::seconds interval{};
    std::chrono::seconds timeout{};
    bool is_valid = true;
    bool has_sidecar = false;
    int edition = 0; ///< differs: an edit
};

struct pod_handle {
    std::string ns;
    std::string name;
    std::string uid;

    auto operator<=>(const pod_handle&) const = default;
};

/// What the kubelet writes into a pod's status.
struct pod_news {
    kh::core::pod_phase phase = kh::core::pod_phase::pending;
    bool is_scheduled = true;
    bool runs = false;        ///< the first container runs
    bool main_ended = false;  ///< ... has ended
    bool has_sidecar = false; ///< the second one goes on
    std::string ip;
    std::string waiting_reason; ///< of the container, or Unschedulable
    bool is_infrastructure = false;
};

struct report_order {
    pod_handle pod;
    std::string address;
    std::string secret; ///< empty: no header
    kh::core::report_content content;
    bool is_patient = false; ///< dials again where a connection broke; v2's client cannot resend then
    std::chrono::seconds patience{30};
    bool is_foreign = false; ///< its secret is nobody's: not a report of that pod
};

/// What became of a seed.
struct outcome_of_seed {
    std::string violation; ///< empty: every promise was kept
    std::uint64_t hash = 0;
    std::uint64_t runs = 0;
    std::uint64_t results = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t requests = 0;
    duration simulated{};
};

class stage {
public:
    virtual ~stage() = default;

    virtual time_point now() const = 0;
    virtual dice& draws() = 0;
    virtual const plan& about() const = 0;
    /// Faults and odd fates are on.
    virtual bool is_chaotic() const = 0;

    virtual void apply_check(const check_order& order) = 0;
    virtual void remove_check(const check_key& key, workload kind) = 0;
    virtual void remove_state(const check_key& key) = 0;
    /// As `kubectl edit`: another verdict.
    virtual void edit_state(const check_key& key) = 0;
    /// Nothing happens where that pod is gone.
    virtual void tell_pod(const pod_handle& pod, const pod_news& news) = 0;
    /// As `kubectl delete pod`, or (`is_over`) as the kubelet that has ended its containers.
    virtual void remove_pod(const pod_handle& pod, bool is_over) = 0;
    /// Sends it to a controller, again and again as its client does.
    virtual void report(report_order order) = 0;

    void after(duration by, std::function<void()> what) {
        agenda_.emplace(std::pair(now() + by, draws().next()), std::move(what));
    }
    time_point next_on_agenda() const { return agenda_.empty() ? proto_http::never : agenda_.begin()->first.first; }
    void run_next_on_agenda() {
        auto what = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        what();
    }

private:
    /// What is due at one moment comes in an order that the seed decides.
    std::map<std::pair<time_point, std::uint64_t>, std::function<void()>> agenda_;
};

} // namespace simulation
