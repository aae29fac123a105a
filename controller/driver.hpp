#pragma once

#include "controller/core/decider.hpp"
#include "proto_http/event.hpp"
#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <vector>

// The loop around the core: collects events, steps when there are some or when a wait of the core is over, hands the actions out.

namespace kh {

class driver {
public:
    using action_handler = std::function<void(core::action)>;

    /// `carry_out` is called for each action in order, in the same turn as the step: what the feeds know is then what the core
    /// decided on.
    driver(proto_http::runtime& rt, core::decider_settings settings, action_handler carry_out);

    /// Takes an event; the core sees it in the next turn of the loop.
    void post(core::event what);

    /// Runs until cancelled.
    boost::asio::awaitable<void> run();

    /// Waits until every accepted report is stored or refused, or until `deadline`.
    boost::asio::awaitable<void> reports_settled(proto_http::time_point deadline);

    /// Ends that wait at once.
    void give_up_reports() { reports_settled_.set(); }

private:
    void step();

    proto_http::runtime& runtime_;
    core::decider decider_;
    action_handler carry_out_;
    proto_http::event wake_;
    proto_http::event reports_settled_;
    std::vector<core::event> inbox_;
    std::vector<core::action> actions_;
};

} // namespace kh
