#pragma once

#include "asio_k8s/client.hpp"
#include "asio_k8s/lease_election.hpp"
#include "asio_k8s/watcher.hpp"
#include "proto_http/event.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>

// Takes part in the election of a leader by a Lease, for ever: watches the lease, takes it when it is free, renews it, and
// contends for it again whenever it was lost. The rules are those of lease_election.

namespace k8s {

struct elector_settings {
    object_key lease;
    election_rules rules;
};

class elector {
public:
    /// `api` must outlive it.
    elector(client& api, elector_settings settings);

    /// Told after each change of leads_until() or holder().
    std::function<void()> on_change;

    /// Told of each write or watch of the lease that failed, with what was tried ("patch", "create", "watch").
    std::function<void(std::string_view verb, const api_error& error)> on_trouble;

    /// Runs until it is cancelled (terminal cancellation), or until the lease is given up after release().
    boost::asio::awaitable<void> run();

    /// Ends this process' leadership at once, writes that the lease is free (where it is ours), and ends run(), at most two
    /// attempts later.
    void release();

    /// See lease_election.
    proto_http::time_point leads_until() const { return election_.leads_until(); }
    bool leads() const { return api_.runtime().now() < leads_until(); }
    std::string_view holder() const { return election_.holder(); }

    /// run() is under way: this process leads or is a candidate.
    bool takes_part() const { return takes_part_; }

private:
    class watch_feed;

    boost::asio::awaitable<void> take_part();
    proto_http::request request_of(const lease_election::attempt& what) const;
    boost::asio::awaitable<api_result<json_document>> send(lease_election::attempt what);
    boost::asio::awaitable<void> write(lease_election::attempt what);
    boost::asio::awaitable<void> give_up();
    void observed(std::optional<lease_record> stored);

    client& api_;
    elector_settings settings_;
    lease_election election_;
    proto_http::event wake_;
    bool is_releasing_ = false;
    bool takes_part_ = false;
};

} // namespace k8s
