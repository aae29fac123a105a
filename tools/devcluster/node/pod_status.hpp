#pragma once

#include "proto_http/time.hpp"
#include "tools/devcluster/node/pod_record.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

// Pods between JSON and record. Pure.

namespace devcluster {

/// Both clocks, read at one moment.
struct moment {
    proto_http::time_point now;
    proto_http::wall_time wall;

    unix_seconds seconds() const { return std::chrono::floor<std::chrono::seconds>(wall).time_since_epoch().count(); }
};

/// The record of a pod that this node has not met since it started. What its status says to be running is not: processes do not
/// outlive the node, so it counts as ended, as kubelet says it after a reboot.
pod_record read_pod(const boost::json::object& pod, const moment& at);

/// Takes up what may change in a pod: that it is being deleted, with which grace, and its deadline.
void update_pod(pod_record& record, const boost::json::object& pod, const moment& at);

/// Containers that will never run are shown as lost, as kubelet does it when a pod ends before its time.
void note_stopped(pod_record& record);

/// The status to be shown, without the qosClass, which the API server has set. `before` is the last one: conditions that hold
/// keep their time, and those of others are kept.
boost::json::object make_status(const pod_record& record, const boost::json::object& pod, const boost::json::object& before,
                                std::string_view host_ip, unix_seconds now);

/// What kubelet's messages call a pod: "name_namespace(uid)".
std::string pod_title(const pod_record& record);

} // namespace devcluster
