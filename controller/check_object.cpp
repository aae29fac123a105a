#include "controller/check_object.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "controller/core/schedule.hpp"
#include "controller/names.hpp"
#include "controller/ready_condition.hpp"
#include "proto_http/go_duration.hpp"
#include "proto_http/text.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace kh::v1 {

namespace json = boost::json;

const k8s::resource khchecks{std::string(names::group), "v1", "khchecks", true};
const k8s::resource khjobs{std::string(names::group), "v1", "khjobs", true};
const k8s::resource khstates{std::string(names::group), "v1", "khstates", true};

namespace {

constexpr std::chrono::nanoseconds interval_default = std::chrono::minutes(10);
constexpr std::chrono::nanoseconds timeout_default = std::chrono::minutes(5);
constexpr std::chrono::nanoseconds duration_max = std::chrono::hours(24 * 365 * 10);

// The name is the value of a label. With "-", the slot in seconds and "-j-r1" behind it, it is then far below the 253 of a pod's
// name.
constexpr std::size_t label_value_size_max = 63;
constexpr std::size_t quoted_size_max = 80;
// Twice what any field of a pod needs, and what build_pod() reads (Boost.JSON's 32 levels, one of which is the template).
constexpr std::size_t pod_spec_depth_max = 30;

std::string quoted(std::string_view text) {
    return fmt::format("\"{}\"", proto_http::one_line(text, quoted_size_max));
}

// Collects what is wrong with a spec, so that one look shows everything.
class complaints {
public:
    template <class... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        if (!text_.empty())
            text_ += "; ";
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    }
    std::string take() { return std::move(text_); }
    bool empty() const { return text_.empty(); }

private:
    std::string text_;
};

const json::value* member(const json::object& in, std::string_view name) {
    const auto* value = in.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

core::duration duration_at(const json::object& spec, std::string_view name, core::duration fallback, complaints& wrong) {
    const auto* value = member(spec, name);
    if (value == nullptr)
        return fallback;
    const auto* text = value->if_string();
    if (text == nullptr) {
        wrong.add("spec.{}: not a string (want e.g. \"90s\", \"10m\", \"1h30m\")", name);
        return fallback;
    }
    if (proto_http::trim(*text).empty())
        return fallback;
    const auto parsed = proto_http::parse_go_duration(*text);
    if (!parsed)
        wrong.add("spec.{}: {} is not a duration (want e.g. 90s, 10m, 1h30m)", name, quoted(*text));
    else if (parsed->count() <= 0)
        wrong.add("spec.{}: {} is not longer than zero", name, quoted(*text));
    else if (*parsed > duration_max)
        wrong.add("spec.{}: {} is longer than 10 years (87600h)", name, quoted(*text));
    else
        return *parsed;
    return fallback;
}

void judge_containers(const json::object& pod_spec, complaints& wrong) {
    const auto* value = member(pod_spec, "containers");
    if (value != nullptr && !value->is_array()) {
        wrong.add("spec.podSpec.containers: not a list");
        return;
    }
    // The first words are v2's: people alert on them.
    if (value == nullptr || value->as_array().empty()) {
        wrong.add("no containers found in checks PodSpec (spec.podSpec.containers)");
        return;
    }
    std::size_t index = 0;
    for (const auto& entry : value->as_array()) {
        const auto* container = entry.if_object();
        if (container == nullptr)
            wrong.add("spec.podSpec.containers[{}]: not an object", index);
        else if (proto_http::trim(k8s::text_at(*container, "image")).empty())
            wrong.add("no image found in check's PodSpec for container {}. (spec.podSpec.containers[{}].image)",
                      proto_http::one_line(k8s::text_at(*container, "name"), quoted_size_max), index);
        ++index;
    }
}

void judge_strings(const json::object& spec, std::string_view name, complaints& wrong) {
    const auto* value = member(spec, name);
    if (value == nullptr)
        return;
    if (!value->is_object()) {
        wrong.add("spec.{}: not a map of strings", name);
        return;
    }
    for (const auto& [key, entry] : value->as_object())
        if (!entry.is_string())
            wrong.add("spec.{}.{}: not a string", name, proto_http::one_line(key, quoted_size_max));
}

bool is_deeper_than(const json::value& value, std::size_t levels) {
    if (!value.is_structured())
        return false;
    if (levels == 0)
        return true;
    if (const auto* object = value.if_object())
        return std::any_of(object->begin(), object->end(),
                           [&](const auto& entry) { return is_deeper_than(entry.value(), levels - 1); });
    const auto& array = value.get_array();
    return std::any_of(array.begin(), array.end(), [&](const auto& element) { return is_deeper_than(element, levels - 1); });
}

void judge_pod_spec(const json::object& spec, complaints& wrong) {
    const auto* value = member(spec, "podSpec");
    if (value == nullptr)
        wrong.add("no containers found in checks PodSpec (spec.podSpec is missing)");
    else if (!value->is_object())
        wrong.add("spec.podSpec: not an object");
    else if (is_deeper_than(*value, pod_spec_depth_max))
        wrong.add("spec.podSpec: nested more than {} levels deep", pod_spec_depth_max);
    else
        judge_containers(value->as_object(), wrong);
}

std::string pod_template_of(const json::object& spec) {
    json::object out;
    for (const std::string_view name : {"podSpec", "extraLabels", "extraAnnotations"})
        if (const auto* value = member(spec, name))
            out[name] = *value;
    return json::serialize(out);
}

/// The API server writes an object that nobody changed the same way each time.
std::uint64_t hash_but_phase(json::object spec) {
    spec.stable_erase("phase");
    return core::stable_hash(json::serialize(spec));
}

std::optional<std::int64_t> annotated_number(const json::object* annotations, std::string_view name) {
    if (annotations == nullptr)
        return std::nullopt;
    const auto text = k8s::text_at(*annotations, name);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error != std::errc() || text.empty() || end != text.data() + text.size() ? std::nullopt : std::optional(value);
}

std::string_view view(const json::string& text) {
    return {text.data(), text.size()};
}

json::object annotations_of(const core::run_result& result, bool is_patch) {
    json::object out;
    out[names::owner_uid_annotation] = result.check_uid;
    out[names::slot_annotation] = std::to_string(result.slot);
    if (result.generation != 0)
        out[names::generation_annotation] = std::to_string(result.generation);
    else if (is_patch)
        out[names::generation_annotation] = nullptr; // an older one must not stay
    out[names::start_annotation] = std::to_string(result.start);
    out[names::outcome_annotation] = core::to_text(result.how);
    return out;
}

json::array owner_of(const core::run_result& result) {
    json::object owner;
    owner["apiVersion"] = names::api_version;
    owner["kind"] = kind_of(result.kind);
    owner["name"] = result.key.name;
    owner["uid"] = result.check_uid;
    owner["controller"] = false;
    owner["blockOwnerDeletion"] = false;
    json::array out;
    out.push_back(std::move(owner));
    return out;
}

json::object spec_of(const core::run_result& result, std::string_view authoritative_pod) {
    json::array errors;
    for (const auto& error : result.content.errors)
        errors.emplace_back(error);
    json::object out;
    out["OK"] = result.content.ok;
    out["Errors"] = std::move(errors);
    out["RunDuration"] = proto_http::format_go_duration(result.run_duration);
    out["Namespace"] = result.key.ns;
    out["Node"] = result.node;
    out["LastRun"] = k8s::format_rfc3339(result.finished);
    out["AuthoritativePod"] = authoritative_pod;
    out["uuid"] = result.run_id;
    return out;
}

} // namespace

std::string_view kind_of(core::workload kind) {
    return kind == core::workload::job ? "KuberhealthyJob" : "KuberhealthyCheck";
}

parsed_check parse_check(const json::object& object, core::workload kind) {
    parsed_check out;
    auto& view = out.view;
    const auto identity = k8s::identity_of(object);
    view.key = {std::string(identity.ns), std::string(identity.name)};
    view.kind = kind;
    view.uid = identity.uid;
    view.resource_version = identity.resource_version;
    if (const auto* metadata = k8s::object_at(object, "metadata")) {
        view.generation = k8s::integer_at(*metadata, "generation").value_or(0);
        view.created = k8s::parse_rfc3339(k8s::text_at(*metadata, "creationTimestamp")).value_or(0);
    }
    read_conditions(object, view);
    complaints wrong;
    if (view.key.name.size() > label_value_size_max)
        wrong.add("metadata.name: {} characters; a checker pod carries it as a label, which holds {}", view.key.name.size(),
                  label_value_size_max);
    view.interval = interval_default;
    view.timeout = timeout_default;
    if (const auto* value = member(object, "spec"); value != nullptr && !value->is_object()) {
        wrong.add("spec: not an object");
    } else {
        const json::object none;
        const auto& spec = value == nullptr ? none : value->as_object();
        if (kind == core::workload::check)
            view.interval = duration_at(spec, "runInterval", interval_default, wrong);
        view.timeout = duration_at(spec, "timeout", timeout_default, wrong);
        judge_pod_spec(spec, wrong);
        judge_strings(spec, "extraLabels", wrong);
        judge_strings(spec, "extraAnnotations", wrong);
        view.phase = k8s::text_at(spec, "phase");
        if (kind == core::workload::job)
            view.spec_hash = hash_but_phase(spec);
        if (wrong.empty())
            out.pod_template = pod_template_of(spec);
    }
    view.spec_error = wrong.take();
    return out;
}

core::state_view parse_state(const json::object& object) {
    core::state_view out;
    const auto identity = k8s::identity_of(object);
    out.key = {std::string(identity.ns), std::string(identity.name)};
    out.uid = identity.uid;
    out.resource_version = identity.resource_version;
    if (const auto* spec = k8s::object_at(object, "spec")) {
        const auto* ok = spec->if_contains("OK");
        out.ok = ok != nullptr && ok->is_bool() && ok->get_bool();
        if (const auto* errors = k8s::array_at(*spec, "Errors"))
            for (const auto& error : *errors)
                if (const auto* text = error.if_string())
                    out.errors.emplace_back(view(*text));
        out.run_duration = k8s::text_at(*spec, "RunDuration");
        out.node = k8s::text_at(*spec, "Node");
        out.last_run = k8s::parse_rfc3339(k8s::text_at(*spec, "LastRun"));
        out.authoritative_pod = k8s::text_at(*spec, "AuthoritativePod");
        out.run_id = k8s::text_at(*spec, "uuid");
    }
    const auto* metadata = k8s::object_at(object, "metadata");
    const auto* annotations = metadata == nullptr ? nullptr : k8s::object_at(*metadata, "annotations");
    if (annotations == nullptr)
        return out;
    out.owner_uid = k8s::text_at(*annotations, names::owner_uid_annotation);
    out.slot = annotated_number(annotations, names::slot_annotation);
    out.generation = annotated_number(annotations, names::generation_annotation).value_or(0);
    out.start = annotated_number(annotations, names::start_annotation);
    out.how = core::outcome_from_text(k8s::text_at(*annotations, names::outcome_annotation));
    return out;
}

std::string state_create_body(const core::run_result& result, std::string_view authoritative_pod) {
    json::object metadata;
    metadata["name"] = result.key.name;
    metadata["namespace"] = result.key.ns;
    metadata["annotations"] = annotations_of(result, false);
    metadata["ownerReferences"] = owner_of(result);
    json::object out;
    out["apiVersion"] = names::api_version;
    out["kind"] = "KuberhealthyState";
    out["metadata"] = std::move(metadata);
    out["spec"] = spec_of(result, authoritative_pod);
    return json::serialize(out);
}

// The owner is written with every result: an object of v2 gets one, and a state that outlived a deleted namesake is not
// collected with it.
std::string state_patch_body(const core::run_result& result, std::string_view authoritative_pod,
                             std::string_view resource_version) {
    json::object metadata;
    metadata["resourceVersion"] = resource_version;
    metadata["annotations"] = annotations_of(result, true);
    metadata["ownerReferences"] = owner_of(result);
    json::object out;
    out["metadata"] = std::move(metadata);
    out["spec"] = spec_of(result, authoritative_pod);
    return json::serialize(out);
}

std::string job_phase_patch_body(std::string_view phase, std::string_view resource_version) {
    json::object out;
    if (!resource_version.empty()) { // a blank one is refused
        json::object metadata;
        metadata["resourceVersion"] = resource_version;
        out["metadata"] = std::move(metadata);
    }
    json::object spec;
    spec["phase"] = phase;
    out["spec"] = std::move(spec);
    return json::serialize(out);
}

} // namespace kh::v1
