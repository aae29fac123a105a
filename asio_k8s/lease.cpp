#include "asio_k8s/lease.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace k8s {

namespace json = boost::json;

namespace {

json::object spec_of(const lease_record& record) {
    json::object spec;
    spec["holderIdentity"] = record.holder;
    spec["leaseDurationSeconds"] = record.duration.count();
    spec["acquireTime"] = record.acquire_time;
    spec["renewTime"] = record.renew_time;
    spec["leaseTransitions"] = record.transitions;
    return spec;
}

} // namespace

lease_record parse_lease(const json::object& object) {
    lease_record record;
    record.resource_version = std::string(identity_of(object).resource_version);
    const json::object* spec = object_at(object, "spec");
    if (spec == nullptr)
        return record;
    record.holder = std::string(text_at(*spec, "holderIdentity"));
    record.duration = std::chrono::seconds(integer_at(*spec, "leaseDurationSeconds").value_or(0));
    record.acquire_time = std::string(text_at(*spec, "acquireTime"));
    record.renew_time = std::string(text_at(*spec, "renewTime"));
    record.transitions = integer_at(*spec, "leaseTransitions").value_or(0);
    return record;
}

std::string lease_create_body(const object_key& lease, const lease_record& record) {
    json::object metadata;
    metadata["name"] = lease.name;
    metadata["namespace"] = lease.ns;
    json::object body;
    body["apiVersion"] = leases.api_version();
    body["kind"] = "Lease";
    body["metadata"] = std::move(metadata);
    body["spec"] = spec_of(record);
    return json::serialize(body);
}

std::string lease_patch_body(const lease_record& record, std::string_view resource_version) {
    json::object metadata;
    metadata["resourceVersion"] = resource_version;
    json::object body;
    body["metadata"] = std::move(metadata);
    body["spec"] = spec_of(record);
    return json::serialize(body);
}

std::string format_micro_time(proto_http::wall_time value) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
    const auto fraction = std::chrono::duration_cast<std::chrono::microseconds>(value - seconds);
    std::string text = format_rfc3339(seconds.time_since_epoch().count());
    text.pop_back(); // the Z
    return fmt::format("{}.{:06}Z", text, fraction.count());
}

} // namespace k8s
