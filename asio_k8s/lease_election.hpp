#pragma once

#include "asio_k8s/lease.hpp"
#include "proto_http/time.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

// Who leads, by a Lease: the rules of client-go's leader election as a state machine without clock or I/O. It differs in two
// points: the lease is watched and not read every two seconds, and leadership is a time until which it holds, not a flag. A
// process that was stopped for longer does not lead when it goes on, whatever it does first.
//
// - A candidate takes a lease that is released, absent, or has not changed for its whole duration on the candidate's own boot
// clock.
//   renewTime is never compared with a clock.
// - The holder renews every `retry_period`. It leads until `renew_deadline` after the moment at which the last renewal that
// succeeded
//   was sent, which is earlier than anybody else can take the lease.
// - Every write carries the resourceVersion on which it was decided.
// - A record that bears our identity is ours only if this process wrote it, with one exception: one that is found at the start
// was
//   written by the process whose place this one has taken, under the same name.

namespace k8s {

struct election_rules {
    std::string identity; ///< unique among the candidates; the name of the pod
    std::chrono::seconds lease_duration{15};
    proto_http::duration renew_deadline = std::chrono::seconds(10);     ///< less than lease_duration
    proto_http::duration retry_period = std::chrono::seconds(2);        ///< less than renew_deadline
    proto_http::duration attempt_max = std::chrono::milliseconds(2500); ///< of one write; well under renew_deadline
};

class lease_election {
public:
    explicit lease_election(election_rules rules) : rules_(std::move(rules)) {}

    /// A write that is due. `resource_version` empty: a create.
    struct attempt {
        lease_record record;
        std::string resource_version;
        proto_http::time_point sent;
        proto_http::time_point deadline;
    };

    enum class outcome {
        written,
        conflict, ///< somebody else wrote, created or deleted it: what the watch tells decides
        missing,  ///< there is no lease
        failed,   ///< refused, or not answered: it may have been written all the same
    };

    /// Whether anything has been observed yet.
    bool is_known() const { return is_known_; }

    /// What the watch shows: the lease, or that there is none. Records that are older than what is known are ignored.
    void observed(proto_http::time_point now, std::optional<lease_record> stored);

    /// The write that is to be made now, if any. At most one is under way: after it, ended() is to be told.
    std::optional<attempt> due(proto_http::time_point now, proto_http::wall_time wall);

    /// `version` is the one that a successful write was answered; `retry_after` what the server asked for.
    void ended(proto_http::time_point now, outcome how, std::string version, proto_http::duration retry_after = {});

    /// Ends our leadership at once and for good: no write is due any more. Returns the write that tells the others, if the lease
    /// is ours.
    std::optional<attempt> release(proto_http::time_point now, proto_http::wall_time wall);

    /// When due() is to be asked again if nothing is observed; `never` before the first observation.
    proto_http::time_point next_due() const;

    /// This process leads before this moment. In the past: it does not.
    proto_http::time_point leads_until() const { return leads_until_; }

    /// Who holds the lease as far as it is known here; empty: nobody, or not known yet.
    std::string_view holder() const { return stored_ ? std::string_view(stored_->holder) : std::string_view(); }

private:
    struct sent_write {
        std::string renew_time; ///< with the identity, it tells our record from that of a namesake
        proto_http::time_point at;
    };

    const sent_write* written_by_us(const lease_record& record) const;
    bool is_held() const { return stored_ && written_by_us(*stored_) != nullptr; }
    proto_http::time_point expiry() const;
    attempt make_attempt(proto_http::time_point now, proto_http::wall_time wall);

    election_rules rules_;
    std::optional<lease_record> stored_;
    bool is_known_ = false;    ///< the watch has told once
    bool may_succeed_ = false; ///< the record that was found at the start bears our identity
    bool is_released_ = false;
    proto_http::time_point changed_at_{};
    proto_http::time_point not_before_{};
    proto_http::time_point leads_until_{};
    std::optional<attempt> under_way_;
    std::deque<sent_write> sent_; ///< the latest few: an answer may be lost, and the watch may lag
};

} // namespace k8s
