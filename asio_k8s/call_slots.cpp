#include "asio_k8s/call_slots.hpp"

#include "proto_http/event.hpp"

#include <algorithm>

namespace k8s {

/// A place in the queue. A slot may be handed over in the very moment in which its taker is cancelled: then it goes on.
struct call_slots::place {
    explicit place(call_slots& of) : of_(of), handed(std::make_shared<proto_http::event>(of.rt_)) {
        of_.waiting_.push_back(handed);
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    ~place() {
        if (taken)
            return;
        if (handed->is_set())
            of_.give_back();
        else
            std::erase(of_.waiting_, handed);
    }

    call_slots& of_;
    waiter handed;
    bool taken = false;
};

call_slots::call_slots(proto_http::runtime& rt, std::size_t slots_max)
    : rt_(rt), slots_max_(std::max<std::size_t>(slots_max, 1)) {}
call_slots::~call_slots() = default;

boost::asio::awaitable<call_slots::slot> call_slots::take() {
    if (taken_ < slots_max_) {
        ++taken_;
        co_return slot(this);
    }
    place mine(*this);
    auto failure = co_await mine.handed->wait();
    if (failure)
        co_return slot();
    mine.taken = true;
    co_return slot(this);
}

void call_slots::give_back() {
    if (waiting_.empty()) {
        --taken_;
        return;
    }
    auto next = waiting_.front();
    waiting_.pop_front();
    next->set();
}

} // namespace k8s
