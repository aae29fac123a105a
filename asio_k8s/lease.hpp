#pragma once

#include "asio_k8s/resource.hpp"
#include "proto_http/time.hpp"

#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <string>

// coordination.k8s.io/v1 Lease as client-go's leader election reads and writes it (client-go tools/leaderelection/resourcelock).
// Pure.

namespace k8s {

inline const resource leases{"coordination.k8s.io", "v1", "leases", true};

/// The record of an election. Times are texts: they say something to people, and no decision is made by them, because they are of
/// the clock of another machine.
struct lease_record {
    std::string holder; ///< empty: released
    std::chrono::seconds duration{0};
    std::string acquire_time;     ///< metav1.MicroTime
    std::string renew_time;       ///< metav1.MicroTime
    std::int64_t transitions = 0; ///< how often the holder changed
    std::string resource_version; ///< empty in a record that is to be written

    bool operator==(const lease_record&) const = default;
};

/// Reads an object of whatever shape; what is absent or of another type stays empty.
lease_record parse_lease(const boost::json::object& object);

/// The body of a create.
std::string lease_create_body(const object_key& lease, const lease_record& record);

/// The body of a merge patch of the record, on condition that the lease still has `resource_version`.
std::string lease_patch_body(const lease_record& record, std::string_view resource_version);

/// "2026-11-23T13:54:43.000123Z".
std::string format_micro_time(proto_http::wall_time value);

} // namespace k8s
