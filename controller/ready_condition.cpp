#include "controller/ready_condition.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "proto_http/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

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
    json::array conditions;
    json::parse_options options;
    options.max_depth = k8s::nesting_max; // they came from the API server, which takes as many
    json::error_code failure;
    json::value others = json::parse(json::string_view(other_conditions.data(), other_conditions.size()), failure, {}, options);
    if (!failure && others.is_array())
        conditions = std::move(others.get_array());
    json::object condition;
    condition["type"] = condition_type;
    condition["status"] = ready.status;
    condition["reason"] = ready.reason;
    condition["message"] = proto_http::valid_utf8(ready.message);
    condition["observedGeneration"] = ready.observed_generation;
    condition["lastTransitionTime"] = k8s::format_rfc3339(ready.since);
    conditions.push_back(std::move(condition));
    json::object metadata;
    metadata["resourceVersion"] = resource_version;
    json::object status;
    status["observedGeneration"] = ready.observed_generation;
    status["conditions"] = std::move(conditions);
    json::object out;
    out["metadata"] = std::move(metadata);
    out["status"] = std::move(status);
    return json::serialize(out);
}

} // namespace kh::v1
