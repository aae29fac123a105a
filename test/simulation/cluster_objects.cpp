#include "simulation/cluster_objects.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "controller/names.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace simulation {

namespace json = boost::json;

namespace {

json::object container_status(std::string_view name, json::object state) {
    json::object made;
    made["name"] = name;
    made["state"] = std::move(state);
    return made;
}

json::object waiting(std::string_view reason) {
    json::object made;
    made["waiting"] = json::object{{"reason", reason}};
    return made;
}

json::object running(const std::string& since) {
    json::object made;
    made["running"] = json::object{{"startedAt", since}};
    return made;
}

json::object ended(int code, const std::string& since, const std::string& until) {
    json::object made;
    made["terminated"] = json::object{{"exitCode", code}, {"startedAt", since}, {"finishedAt", until}};
    return made;
}

json::object condition(std::string_view type, std::string_view status, std::string_view reason) {
    return json::object{{"type", type}, {"status", status}, {"reason", reason}};
}

std::string_view phase_text(kh::core::pod_phase phase) {
    switch (phase) {
    case kh::core::pod_phase::running:
        return "Running";
    case kh::core::pod_phase::succeeded:
        return "Succeeded";
    case kh::core::pod_phase::failed:
        return "Failed";
    case kh::core::pod_phase::pending:
    case kh::core::pod_phase::unknown:
        break;
    }
    return "Pending";
}

/// When the first container began, by what is stored.
std::string began(const json::object& pod, const std::string& otherwise) {
    const auto* status = k8s::object_at(pod, "status");
    const auto* containers = status == nullptr ? nullptr : k8s::array_at(*status, "containerStatuses");
    const auto* first = containers == nullptr || containers->empty() ? nullptr : containers->front().if_object();
    const auto* state = first == nullptr ? nullptr : k8s::object_at(*first, "state");
    if (state != nullptr)
        for (std::string_view how : {"running", "terminated"})
            if (const auto* is = k8s::object_at(*state, how))
                if (const auto at = k8s::text_at(*is, "startedAt"); !at.empty())
                    return std::string(at);
    return otherwise;
}

} // namespace

json::object pod_status_object(const pod_news& news, const json::object& pod, const std::string& now) {
    json::object status;
    status["phase"] = phase_text(news.phase);
    json::array conditions;
    if (!news.is_scheduled) {
        conditions.push_back(condition("PodScheduled", "False", news.waiting_reason));
        status["conditions"] = std::move(conditions);
        return status;
    }
    conditions.push_back(condition("PodScheduled", "True", ""));
    if (news.is_infrastructure)
        conditions.push_back(condition("DisruptionTarget", "True", "EvictionByEvictionAPI"));
    status["conditions"] = std::move(conditions);
    if (!news.ip.empty())
        status["podIP"] = news.ip;
    const auto since = began(pod, now);
    const int code = news.phase == kh::core::pod_phase::failed ? 1 : 0;
    json::array containers;
    if (news.main_ended)
        containers.push_back(container_status("main", ended(code, since, now)));
    else if (news.runs)
        containers.push_back(container_status("main", running(since)));
    else
        containers.push_back(
            container_status("main", waiting(news.waiting_reason.empty() ? "ContainerCreating" : news.waiting_reason)));
    if (news.has_sidecar && (news.runs || news.main_ended)) {
        const bool goes_on = news.phase == kh::core::pod_phase::running;
        containers.push_back(container_status("sidecar", goes_on ? running(since) : ended(0, since, now)));
    }
    status["containerStatuses"] = std::move(containers);
    return status;
}

json::object check_object(const check_order& order) {
    json::array containers;
    json::object main;
    main["name"] = "main";
    main["image"] = fmt::format("registry.example/check:{}", order.edition);
    containers.push_back(std::move(main));
    if (order.has_sidecar)
        containers.push_back(json::object{{"name", "sidecar"}, {"image", "registry.example/proxy:1"}});
    json::object spec;
    if (order.kind == workload::check)
        spec["runInterval"] = fmt::format("{}s", order.interval.count());
    spec["timeout"] = order.is_valid ? fmt::format("{}s", order.timeout.count()) : "soon";
    spec["podSpec"] = json::object{{"containers", std::move(containers)}};
    json::object made;
    made["apiVersion"] = "comcast.github.io/v1";
    made["kind"] = order.kind == workload::check ? "KuberhealthyCheck" : "KuberhealthyJob";
    made["metadata"] = json::object{{"name", order.key.name}, {"namespace", order.key.ns}};
    made["spec"] = std::move(spec);
    return made;
}

json::object v2_state_object(const check_key& key, bool ok, unix_seconds last_run) {
    json::object spec;
    spec["OK"] = ok;
    spec["Errors"] = ok ? json::array() : json::array{"as v2 saw it"};
    spec["RunDuration"] = "1.5s";
    spec["Namespace"] = key.ns;
    spec["Node"] = "node-1";
    spec["LastRun"] = k8s::format_rfc3339(last_run);
    spec["AuthoritativePod"] = "kuberhealthy-v2";
    spec["uuid"] = "7f3a2d1c-0000-4000-8000-000000000001";
    json::object made;
    made["apiVersion"] = "comcast.github.io/v1";
    made["kind"] = "KuberhealthyState";
    made["metadata"] = json::object{{"name", key.name}};
    made["spec"] = std::move(spec);
    return made;
}

json::object v2_pod_object(const check_key& key, const std::string& secret, unix_seconds now) {
    json::object main;
    main["name"] = "main";
    main["image"] = "registry.example/check:1";
    main["env"] = json::array{json::object{{"name", kh::names::run_uuid_variable}, {"value", secret}}};
    json::object metadata;
    metadata["name"] = fmt::format("{}-{}", key.name, now);
    metadata["labels"] = json::object{{kh::names::app_label, kh::names::app_label_value},
                                      {kh::names::check_name_label, key.name},
                                      {kh::names::run_id_label, secret}};
    metadata["annotations"] = json::object{{kh::names::check_name_annotation, key.name}};
    json::object made;
    made["metadata"] = std::move(metadata);
    made["spec"] = json::object{{"restartPolicy", "Never"}, {"containers", json::array{std::move(main)}}};
    made["kind"] = "Pod";
    made["apiVersion"] = "v1";
    return made;
}

json::object foreign_pod_object(const std::string& name) {
    json::object made;
    made["metadata"] = json::object{{"name", name}};
    made["spec"] =
        json::object{{"containers", json::array{json::object{{"name", "main"}, {"image", "registry.example/other:1"}}}}};
    made["kind"] = "Pod";
    made["apiVersion"] = "v1";
    return made;
}

} // namespace simulation
