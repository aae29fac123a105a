#pragma once

#include "controller/core/action.hpp"
#include "controller/core/event.hpp"
#include "controller/log.hpp"
#include "proto_http/event.hpp"
#include "proto_http/server.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

// POST /externalCheckStatus: the contract with every checker (docs/api.md). A report is parsed and bounded here, held until the
// core answers it, and worded so that v2's clients do the right thing: they retry everything but 200 and 400, and can resend only
// after an empty-bodied 5xx on a connection that stays open.

namespace kh {

struct report_counts {
    std::uint64_t stored = 0;
    std::uint64_t refused = 0;
    std::uint64_t later = 0;
};

class report_api {
public:
    using event_sink = std::function<void(core::event)>;

    report_api(proto_http::runtime& rt, logger& log, event_sink tell);

    proto_http::route route();

    /// The core's answer to a report that is held here.
    void answer(core::answer_report what);

    std::size_t held() const noexcept { return held_.size(); }
    const report_counts& counts() const noexcept { return counts_; }

private:
    struct waiting {
        explicit waiting(proto_http::runtime& rt) : answered(rt) {}
        proto_http::event answered;
        core::answer_report answer;
    };

    boost::asio::awaitable<proto_http::server_response> take(proto_http::server_request request);
    boost::asio::awaitable<proto_http::server_response> hold(core::report_received report);
    proto_http::server_response refuse(const std::string& from, std::string_view reason);

    proto_http::runtime& runtime_;
    logger& log_;
    log_limiter limiter_;
    event_sink tell_;
    core::report_id last_id_ = 0;
    std::map<core::report_id, std::shared_ptr<waiting>> held_;
    report_counts counts_;
};

} // namespace kh
