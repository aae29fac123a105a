#include "controller/ready_condition.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "proto_http/text.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace kh::v1 {

namespace json = boost::json;

namespace {

constexpr std::string_view condition_type = "Ready";

core::ready_condition condition_of(const json::object& from) {
    core::ready_condition out;
    out.status = k8s::text_at(from, "status");
    out.reason = k8s::text_at(from, "reason");
    out.message = k8s::text_at(from, "message");
    out.observed_generation = k8s::integer_at(from, "observedGeneration").value_or(0);
    out.since = k8s::parse_rfc3339(k8s::text_at(from, "lastTransitionTime")).value_or(0);
    return out;
}

} // namespace

void read_conditions(const json::object& object, core::check_view& into) {
    const auto* status = k8s::object_at(object, "status");
    const auto* conditions = status == nullptr ? nullptr : k8s::array_at(*status, "conditions");
    if (conditions == nullptr)
        return;
    json::array others;
    for (const auto& entry : *conditions) {
        const auto* condition = entry.if_object();
        if (condition != nullptr && k8s::text_at(*condition, "type") == condition_type)
            into.ready = condition_of(*condition);
        else
            others.push_back(entry);
    }
    if (!others.empty())
        into.other_conditions = json::serialize(others);
}

std::string condition_patch_body(const core::ready_condition& ready, std::string_view other_conditions,
                                 std::string_view resource_version) {
    json::object condition;
    condition["type"] = condition_type;
    condition["status"] = ready.status;
    condition["reason"] = ready.reason;
    condition["message"] = proto_http::valid_utf8(ready.message);
    condition["observedGeneration"] = ready.observed_generation;
    condition["lastTransitionTime"] = k8s::format_rfc3339(ready.since);
    // What others wrote is not read again: it goes back as it came, whatever it is.
    std::string conditions(other_conditions.substr(0, other_conditions.rfind(']')));
    conditions += conditions.empty() ? '[' : ',';
    conditions += json::serialize(condition);
    return fmt::format(R"({{"metadata":{{"resourceVersion":{}}},"status":{{"observedGeneration":{},"conditions":{}]}}}})",
                       json::serialize(resource_version), ready.observed_generation, conditions);
}

} // namespace kh::v1
