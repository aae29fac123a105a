#include "controller/driver.hpp"

#include "proto_http/error.hpp"

namespace kh {

driver::driver(proto_http::runtime& rt, core::decider_settings settings, action_handler carry_out)
    : runtime_(rt), decider_(settings), carry_out_(std::move(carry_out)), wake_(rt), reports_settled_(rt) {
    reports_settled_.set();
}

void driver::post(core::event what) {
    inbox_.push_back(std::move(what));
    wake_.set();
}

void driver::step() {
    core::clock_reading clock;
    clock.now = runtime_.now();
    clock.wall = runtime_.wall_now();
    std::vector<core::event> batch;
    batch.swap(inbox_);
    actions_.clear();
    decider_.step(clock, std::move(batch), actions_);
    for (core::action& each : actions_)
        carry_out_(std::move(each));
    if (decider_.open_reports() == 0)
        reports_settled_.set();
    else
        reports_settled_.reset();
}

boost::asio::awaitable<void> driver::run() {
    for (;;) {
        const proto_http::error_code error = co_await wake_.wait(decider_.next_due());
        if (error && error != proto_http::errc::timed_out)
            co_return;
        wake_.reset();
        step();
    }
}

boost::asio::awaitable<void> driver::reports_settled(proto_http::time_point deadline) {
    co_await reports_settled_.wait(deadline);
}

} // namespace kh
