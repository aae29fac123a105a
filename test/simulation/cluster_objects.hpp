#pragma once

#include "simulation/stage.hpp"

#include <boost/json/object.hpp>

#include <string>

// What people, kubelet and v2 write, as JSON.

namespace simulation {

/// A check or a job as a user applies it.
boost::json::object check_object(const check_order& order);

/// The status of a pod after the news. `pod` is what is stored; a container that has begun keeps its time. `now` is RFC 3339.
boost::json::object pod_status_object(const pod_news& news, const boost::json::object& pod, const std::string& now);

/// The result of a run of v2.
boost::json::object v2_state_object(const check_key& key, bool ok, unix_seconds last_run);

/// A pod that v2 has started.
boost::json::object v2_pod_object(const check_key& key, const std::string& secret, unix_seconds now);

/// A pod that is nobody's check.
boost::json::object foreign_pod_object(const std::string& name);

} // namespace simulation
