#pragma once

#include "asio_k8s/elector.hpp"
#include "controller/core/event.hpp"
#include "controller/log.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>

// Whether this replica leads, and which one does: the election as the rest of the controller sees it.

namespace kh {

class leadership {
public:
    /// `name` is this replica's, and must be no other's; the Lease is `lease`. `tell` gets each change of the time until which
    /// this replica leads. Client and logger must outlive it.
    leadership(k8s::client& api, logger& log, k8s::object_key lease, std::string name,
               std::function<void(core::leadership_changed)> tell);

    /// Takes part until cancelled, or until the lease is given up after resign().
    boost::asio::awaitable<void> run() { return elector_.run(); }

    /// This replica leads no more from now on, and the lease is free as soon as the API server has taken that.
    void resign() { elector_.release(); }

    bool leads() const { return elector_.leads(); }
    /// The holder of the Lease; empty: nobody, or not known yet.
    const std::string& leader() const { return leader_; }
    /// False: neither leader nor candidate, and nothing will change that.
    bool takes_part() const { return elector_.takes_part(); }

private:
    void changed();
    void failed(std::string_view verb, const k8s::api_error& error);

    proto_http::runtime& runtime_;
    logger& log_;
    log_limiter troubles_;
    std::string lease_; ///< namespace/name
    std::string name_;
    std::function<void(core::leadership_changed)> tell_;
    k8s::elector elector_;
    std::string leader_;
    bool led_ = false;
    proto_http::time_point told_until_{};
};

} // namespace kh
