#pragma once

#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <utility>

namespace proto_http {
class event;
}

namespace k8s {

/// Lets at most so many calls run at once; further ones wait in the order in which they came.
class call_slots {
public:
    call_slots(proto_http::runtime& rt, std::size_t slots_max);
    ~call_slots();
    call_slots(const call_slots&) = delete;
    call_slots& operator=(const call_slots&) = delete;

    /// The right to a slot, given back on destruction. Empty if the wait for it was cancelled.
    class slot {
    public:
        slot() = default;
        explicit slot(call_slots* of) : of_(of) {}
        slot(slot&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        slot& operator=(slot&&) = delete;
        ~slot() {
            if (of_ != nullptr)
                of_->give_back();
        }
        explicit operator bool() const noexcept { return of_ != nullptr; }

    private:
        call_slots* of_ = nullptr;
    };

    boost::asio::awaitable<slot> take();

private:
    using waiter = std::shared_ptr<proto_http::event>;
    struct place;

    void give_back();

    proto_http::runtime& rt_;
    std::size_t slots_max_;
    std::size_t taken_ = 0;
    std::list<waiter> waiting_;
};

} // namespace k8s
