#pragma once

#include "asio_k8s/resource.hpp"
#include "controller/core/types.hpp"

#include <boost/json/fwd.hpp>

// A checker pod of the API reduced to what the core decides on and says. Pure.

namespace kh {

/// The pods of the core API group.
extern const k8s::resource pods;

/// Never throws; what is missing or of a wrong type stays at its default. `explanation` is one line; each message of the kubelet
/// or scheduler in it is cut at 512 bytes. ContainerCreating and PodInitializing are stages of every start: they are explained,
/// but are no `waiting_reason`.
core::pod_view parse_pod(const boost::json::object& object);

} // namespace kh
