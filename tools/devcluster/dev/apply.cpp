#include "tools/devcluster/dev/apply.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/body.hpp"
#include "tools/devcluster/api/patch.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace devcluster {

namespace json = boost::json;

namespace {

constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";

json::object& member_object(json::object& in, std::string_view name) {
    auto& member = in[name];
    if (!member.is_object())
        member.emplace_object();
    return member.get_object();
}

json::object last_applied_of(const json::object& stored) {
    const auto* metadata = k8s::object_at(stored, "metadata");
    const auto* annotations = metadata == nullptr ? nullptr : k8s::object_at(*metadata, "annotations");
    auto text = annotations == nullptr ? std::string_view() : k8s::text_at(*annotations, last_applied);
    boost::system::error_code failure;
    auto value = json::parse(text, failure);
    return failure || !value.is_object() ? json::object() : std::move(value.get_object());
}

/// A `v1 List`, as kubectl get -o yaml writes it, is its items.
void add_documents(json::value document, std::vector<json::object>& to) {
    auto* object = document.if_object();
    if (object == nullptr)
        return;
    auto* items = object->if_contains("items");
    if (k8s::text_at(*object, "kind") != "List" || items == nullptr || !items->is_array()) {
        to.push_back(std::move(*object));
        return;
    }
    for (auto& item : items->get_array())
        add_documents(std::move(item), to);
}

} // namespace

json::object three_way_patch(const json::object& last, const json::object& desired) {
    json::object patch = desired;
    for (const auto& member : last) {
        const auto* now = desired.if_contains(member.key());
        if (now == nullptr)
            patch[member.key()] = nullptr;
        else if (now->is_object() && member.value().is_object())
            patch[member.key()] = three_way_patch(member.value().get_object(), now->get_object());
    }
    return patch;
}

outcome<std::vector<applied_object>> applier::apply(const std::string& source, std::string_view text) {
    auto parsed = parse_yaml_documents(text);
    if (parsed.has_error())
        return parsed.error();
    std::vector<json::object> documents;
    for (auto& document : *parsed)
        add_documents(std::move(document), documents);
    std::vector<applied_object> results;
    std::set<known> now;
    for (auto& document : documents)
        results.push_back(apply_object(std::move(document), now));
    for (const auto& before : by_source_[source]) {
        auto type = all_.types().find_kind(before.api_version, before.kind);
        if (now.contains(before) || !type)
            continue;
        delete_options options;
        options.uid = before.uid;
        options.propagation = "Background";
        all_.remove(*type, before.key, options);
    }
    by_source_[source] = std::move(now);
    return results;
}

applied_object applier::apply_object(json::object desired, std::set<known>& now) {
    applied_object result;
    auto api_version = std::string(k8s::text_at(desired, "apiVersion")), kind = std::string(k8s::text_at(desired, "kind"));
    auto& metadata = member_object(desired, "metadata");
    auto name = std::string(k8s::text_at(metadata, "name"));
    auto type = all_.types().find_kind(api_version, kind);
    result.name = fmt::format("{}/{}", kind.empty() ? "(no kind)" : kind, name);
    if (!type || type->api_version() != api_version) {
        result.what = applied_object::result::skipped;
        result.why = fmt::format("the embedded API server does not serve {} of {}", kind, api_version);
        return result;
    }
    object_key key(std::string(), name);
    if (type->namespaced) {
        key.first =
            k8s::text_at(metadata, "namespace").empty() ? default_namespace_ : std::string(k8s::text_at(metadata, "namespace"));
        metadata["namespace"] = key.first;
        make_namespace(key.first);
    }
    result.name = fmt::format("{}/{}", type->singular, key.first.empty() ? name : key.first + '/' + name);
    bool existed = all_.stored().in(type->collection_name()).find(key) != nullptr;
    auto before = all_.stored().revision();
    auto put = this->put(*type, key, std::move(desired));
    if (put.has_error()) {
        result.what = applied_object::result::refused;
        result.why = put.error().message;
        return result;
    }
    now.insert({api_version, kind, key, std::string(metadata_text((*put)->value, "uid"))});
    result.what = !existed                             ? applied_object::result::created
                  : all_.stored().revision() == before ? applied_object::result::unchanged
                                                       : applied_object::result::configured;
    return result;
}

outcome<object_ptr> applier::put(const resource_type& type, const object_key& key, json::object desired) {
    auto text = json::serialize(desired) + '\n';
    auto current = all_.stored().in(type.collection_name()).find(key);
    auto last = current ? last_applied_of(current->value) : json::object();
    auto annotated = [&](json::object object) {
        member_object(member_object(object, "metadata"), "annotations")[last_applied] = text;
        return object;
    };
    write_options options;
    options.unknown_fields = field_validation::strict;
    if (!current)
        return all_.create(type, key.first, annotated(std::move(desired)), options);
    auto patch = json::value(annotated(three_way_patch(last, desired)));
    auto change = [&patch](json::object stored) { return apply_merge_patch(std::move(stored), patch); };
    return all_.modify(type, key, change, part::whole, options);
}

/// A manifest names the namespace that it is for; here nobody has made it.
void applier::make_namespace(const std::string& name) {
    if (all_.stored().in("namespaces").find(object_key(std::string(), name)))
        return;
    json::object made;
    made["kind"] = "Namespace";
    made["apiVersion"] = "v1";
    made["metadata"] = json::object{{"name", name}};
    all_.create(*all_.types().find("", "v1", "namespaces"), {}, std::move(made));
}

} // namespace devcluster
