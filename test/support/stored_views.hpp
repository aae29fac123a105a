#pragma once

#include "controller/core/action.hpp"
#include "controller/core/types.hpp"

#include <string>
#include <utility>

// What an API server stores of the core's orders, as the watches then show it. The uid, the version and the secret are the
// caller's.

namespace test_support {

inline kh::core::pod_view stored_pod(const kh::core::create_pod& order, kh::core::unix_seconds created) {
    kh::core::pod_view pod;
    pod.check = order.key;
    pod.name = order.pod_name;
    pod.check_uid = order.check_uid;
    pod.slot = order.slot;
    pod.attempt = order.attempt;
    pod.run_id = order.run_id;
    pod.generation = order.generation;
    pod.deadline = order.deadline;
    pod.created = created;
    return pod;
}

/// `by`: the controller that wrote it.
inline kh::core::state_view stored_state(const kh::core::run_result& result, std::string by) {
    kh::core::state_view state;
    state.key = result.key;
    state.ok = result.content.ok;
    state.errors = result.content.errors;
    state.node = result.node;
    state.last_run = result.finished;
    state.authoritative_pod = std::move(by);
    state.run_id = result.run_id;
    state.owner_uid = result.check_uid;
    state.slot = result.slot;
    state.generation = result.generation;
    state.start = result.start;
    state.how = result.how;
    return state;
}

} // namespace test_support
