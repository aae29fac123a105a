#include "tools/devcluster/api/objects.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/rfc3339.hpp"
#include "tools/devcluster/api/core_schemas.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/metadata_validation.hpp"
#include "tools/devcluster/api/patch.hpp"
#include "tools/devcluster/api/quote.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace devcluster {

namespace json = boost::json;

namespace {

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::string_view stale_message =
    "the object has been modified; please apply your changes to the latest version and try again";

json::object& metadata_of(json::object& object) {
    auto& metadata = object["metadata"];
    if (!metadata.is_object())
        metadata.emplace_object();
    return metadata.get_object();
}

bool is_mistyped(const cause& one) {
    return one.reason == "FieldValueTypeInvalid";
}

std::string text_of(std::string_view view) {
    return std::string(view);
}

/// Of a PUT: etcd finds it.
status_error other_uid(const resource_type& type, const object_key& key, std::string_view wanted, std::string_view found) {
    auto place = type.is_custom ? type.group + '/' + type.plural : type.plural;
    return conflict(type.named(key.second),
                    fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}{}, ResourceVersion: 0, "
                                "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
                                place, key.first, key.first.empty() ? "" : "/", key.second, wanted, found));
}

/// 400 for what cannot be decoded, and 422 where a patch made it so.
status_error undecodable(const resource_type& type, const json::object& object, const write_options& options,
                         const std::string& why) {
    if (options.is_patch)
        return invalid(
            object_name{},
            {invalid_value(
                "patch", json::value(options.strategic_patch.empty() ? json::serialize(object) : options.strategic_patch), why)});
    return bad_request(
        fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", type.kind, type.version, type.kind, why));
}

/// What Go says of a value of another type than a field's. Paths have no indices there.
std::string not_unmarshalled_into(std::string_view kind, const cause& mistyped, const write_options& options) {
    auto quoted_part = [](std::string_view text) {
        auto begin = text.find('"');
        return begin == text.npos ? std::string_view() : text.substr(begin + 1, text.find('"', begin + 1) - begin - 1);
    };
    constexpr std::string_view wanted = " must be of type ";
    auto is = quoted_part(mistyped.message);
    std::string_view text = mistyped.message;
    auto type = text.substr(std::min(text.find(wanted), text.size() - wanted.size()) + wanted.size());
    type = type.substr(0, type.find(':'));
    if (!options.strategic_patch.empty()) // such a patch is no JSON any more when it is decoded
        return fmt::format("cannot restore {} from {}", type == "object" ? "map" : type == "array" ? "slice" : type, is);
    if (type == "byte")
        return fmt::format("illegal base64 data at input byte {}", is.find_first_not_of(base64_alphabet));
    std::string path;
    for (auto rest = std::string_view(mistyped.field); !rest.empty();) {
        auto bracket = std::min(rest.find('['), rest.size());
        path += rest.substr(0, bracket);
        rest.remove_prefix(std::min(rest.find(']', bracket), rest.size() - 1) + 1);
    }
    return fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}",
                       is == "integer" ? std::string_view("number") : is, kind, path, type);
}

/// Whether the metadata can be decoded: it has Go's types also where the rest of the object has none.
outcome<void> check_metadata(const resource_type& type, const json::object& object, const write_options& options) {
    const auto* metadata = object.if_contains("metadata");
    if (metadata == nullptr || metadata->is_null())
        return {};
    if (!metadata->is_object())
        return undecodable(type, object, options, not_unmarshalled({}, *metadata, "value of type v1.ObjectMeta").message);
    if (!type.is_custom || !type.structure)
        return {};
    json::monotonic_resource memory; // for a copy that is no longer needed than this call
    json::object copy(metadata->get_object(), &memory);
    metadata_schema().prune(copy);
    auto causes = metadata_schema().validate(copy);
    auto mistyped = std::find_if(causes.begin(), causes.end(), is_mistyped);
    if (mistyped == causes.end())
        return {};
    return undecodable(type, object, options, not_unmarshalled_into("ObjectMeta", *mistyped, options));
}

/// A member that clients do not decide: as it is stored, whatever was sent.
void keep(json::object& next, const json::object& stored, std::string_view name) {
    if (const auto* value = stored.if_contains(name))
        next[name] = *value;
    else
        next.erase(name);
}

/// Whether what is desired differs: everything but metadata, and but the status where that is written apart.
bool is_edit(const resource_type& type, const json::object& next, const json::object& stored) {
    auto differs = [&](const json::object& one, const json::object& other) {
        return std::any_of(one.begin(), one.end(), [&](const json::key_value_pair& member) {
            if (member.key() == "metadata" || (type.has_status && member.key() == "status"))
                return false;
            const auto* same = other.if_contains(member.key());
            return same == nullptr || *same != member.value();
        });
    };
    return differs(next, stored) || differs(stored, next);
}

/// A write of the status is judged by the status alone.
std::vector<cause> status_causes(const schema& structure, const json::object& object) {
    const auto* of_status = structure.member("status");
    const auto* status = k8s::object_at(object, "status");
    if (of_status == nullptr || status == nullptr)
        return {};
    auto causes = of_status->validate(*status);
    for (auto& one : causes)
        one.field = one.field == "<nil>" ? "status" : "status." + one.field;
    return causes;
}

object_ptr unstored(json::object value) {
    auto made = std::make_shared<stored_object>();
    made->text = json::serialize(value);
    made->value = std::move(value);
    return made;
}

bool has_new_finalizer(const json::object& next, const json::object& stored) {
    const auto* now = finalizers_of(next);
    const auto* before = finalizers_of(stored);
    return now != nullptr && std::any_of(now->begin(), now->end(), [&](const json::value& one) {
               return before == nullptr || std::find(before->begin(), before->end(), one) == before->end();
           });
}

} // namespace

std::string_view metadata_text(const json::object& object, std::string_view name) {
    const auto* metadata = k8s::object_at(object, "metadata");
    return metadata == nullptr ? std::string_view() : k8s::text_at(*metadata, name);
}

const json::array* finalizers_of(const json::object& object) {
    const auto* metadata = k8s::object_at(object, "metadata");
    const auto* list = metadata == nullptr ? nullptr : k8s::array_at(*metadata, "finalizers");
    return list == nullptr || list->empty() ? nullptr : list;
}

std::string rfc3339_seconds(proto_http::wall_time at) {
    return k8s::format_rfc3339(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

bool is_held(const resource_type& type, const json::object& object) {
    return finalizers_of(object) != nullptr || (type.rules.holds_on && type.rules.holds_on(object));
}

outcome<object_ptr> objects::get(const resource_type& type, const object_key& key) const {
    auto found = store_.in(type.collection_name()).find(key);
    if (!found)
        return not_found(type.named(key.second));
    return found;
}

outcome<object_ptr> objects::create(const resource_type& type, std::string_view ns, json::object object,
                                    const write_options& options) {
    if (auto typed = check_metadata(type, object, options); typed.has_error())
        return typed.error();
    auto admitted = admit_new(type, ns, object);
    if (admitted.has_error())
        return admitted.error();
    auto judged = judge_fields(type, object, options);
    if (judged.has_error())
        return judged.error();
    if (auto space = check_namespace(type, ns); space.has_error())
        return space.error();
    if (type.rules.prepare_create) {
        auto prepared = type.rules.prepare_create(object, rule_context{rt_.wall_now(), store_});
        if (prepared.has_error())
            return prepared.error();
    }
    std::string name(metadata_text(object, "name"));
    auto causes = validate_metadata(metadata_of(object), type.namespaced, name_rule_of(type.group, type.kind));
    if (auto wrong = judge(type, object, part::whole, options, std::move(causes)); wrong.has_error())
        return wrong.error();

    auto& collection = store_.in(type.collection_name());
    object_key key(type.namespaced ? ns : std::string_view(), name);
    if (collection.find(key))
        return already_exists(type.named(name));
    return options.dry_run ? unstored(std::move(object)) : store_.put(collection, key, std::move(object));
}

outcome<void> objects::admit_new(const resource_type& type, std::string_view ns, json::object& object) {
    auto& metadata = metadata_of(object);
    auto named_ns = k8s::text_at(metadata, "namespace");
    if (type.namespaced && !named_ns.empty() && named_ns != ns)
        return bad_request(fmt::format("the namespace of the provided object does not match the namespace sent on the request"));
    if (!k8s::text_at(metadata, "resourceVersion").empty())
        return internal_error("resourceVersion should not be set on objects to be created");
    if (type.namespaced)
        metadata["namespace"] = ns;
    else
        metadata.erase("namespace");

    auto name = text_of(k8s::text_at(metadata, "name"));
    if (auto prefix = text_of(k8s::text_at(metadata, "generateName")); name.empty() && !prefix.empty())
        metadata["name"] = prefix + fresh_suffix();
    for (auto member : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "generation"})
        metadata.erase(member);
    metadata["uid"] = fresh_uid();
    metadata["creationTimestamp"] = rfc3339_seconds(rt_.wall_now());
    if (type.has_generation)
        metadata["generation"] = 1;
    if (type.has_status && type.is_custom)
        object.erase("status");
    return {};
}

outcome<void> objects::check_namespace(const resource_type& type, std::string_view ns) const {
    if (!type.namespaced)
        return {};
    auto space = store_.in("namespaces").find(object_key(std::string(), ns));
    if (!space)
        return not_found(object_name{"", "namespaces", "Namespace", text_of(ns)});
    if (metadata_text(space->value, "deletionTimestamp").empty())
        return {};
    auto refused = forbidden(type.named({}), fmt::format("unable to create new content in namespace {} because it is being "
                                                         "terminated",
                                                         ns));
    refused.causes.push_back({"NamespaceTerminating", fmt::format("namespace {} is being terminated", ns), "metadata.namespace"});
    return refused;
}

/// Fields that nobody knows: refused, told or dropped in silence, as asked. Then the schema's defaults.
outcome<void> objects::judge_fields(const resource_type& type, json::object& object, const write_options& options) {
    auto complaints = options.duplicate_fields;
    if (type.structure) {
        for (const auto& path : type.structure->prune(object)) // a custom kind's name stands as it is, as with kube-apiserver
            complaints.push_back("unknown field " + (type.is_custom ? '"' + path + '"' : quoted(path)));
        type.structure->apply_defaults(object);
    }
    if (complaints.empty() || options.unknown_fields == field_validation::ignore)
        return {};
    if (options.unknown_fields == field_validation::strict)
        return undecodable(type, object, options, fmt::format("strict decoding error: {}", fmt::join(complaints, ", ")));
    if (options.warnings != nullptr)
        options.warnings->insert(options.warnings->end(), complaints.begin(), complaints.end());
    return {};
}

/// Whether it may be stored. `causes` is what is wrong with its metadata.
outcome<void> objects::judge(const resource_type& type, const json::object& object, part which, const write_options& options,
                             std::vector<cause> causes) {
    auto add = [&](std::vector<cause> more) { causes.insert(causes.end(), more.begin(), more.end()); };
    bool is_core_kind = type.group.empty() && type.kind != "Event";
    if (is_core_kind)
        add(validate_core_finalizers(object.at("metadata").get_object()));
    std::vector<cause> by_schema;
    if (type.structure)
        by_schema = which == part::status ? status_causes(*type.structure, object) : type.structure->validate(object);
    // A core kind is decoded into its Go type before anybody validates it.
    auto mistyped = std::find_if(by_schema.begin(), by_schema.end(), is_mistyped);
    if (!type.is_custom && mistyped != by_schema.end())
        return undecodable(type, object, options, not_unmarshalled_into(type.kind, *mistyped, options));
    auto by_rules = type.rules.validate && which == part::whole ? type.rules.validate(object) : std::vector<cause>();
    // Where there is a rule, the schema's words are not Kubernetes'.
    std::erase_if(by_schema, [&](const cause& one) {
        return (!type.is_custom && one.field.starts_with("metadata.")) ||
               std::any_of(by_rules.begin(), by_rules.end(), [&](const cause& rule) { return rule.field == one.field; });
    });
    add(std::move(by_schema));
    add(std::move(by_rules));
    if (causes.empty())
        return {};
    return invalid(type.named(std::string(metadata_text(object, "name"))), std::move(causes));
}

outcome<object_ptr> objects::replace(const resource_type& type, const object_key& key, json::object next, part which,
                                     const write_options& options) {
    auto current = get(type, key);
    if (current.has_error())
        return current.error();
    return update(type, key, *current, std::move(next), which, options);
}

outcome<object_ptr> objects::modify(const resource_type& type, const object_key& key, const change_function& make, part which,
                                    const write_options& options) {
    auto current = get(type, key);
    if (current.has_error())
        return current.error();
    auto next = make((*current)->value);
    if (next.has_error())
        return next.error();
    return update(type, key, *current, std::move(*next), which, options);
}

outcome<object_ptr> objects::update(const resource_type& type, const object_key& key, const object_ptr& current,
                                    json::object next, part which, const write_options& options) {
    const auto& stored = current->value;
    const auto& stored_metadata = stored.at("metadata").get_object();
    auto what = type.named(key.second);
    if (auto typed = check_metadata(type, next, options); typed.has_error())
        return typed.error();
    {
        auto& metadata = metadata_of(next);
        if (auto name = k8s::text_at(metadata, "name"); !name.empty() && name != key.second)
            return bad_request(
                fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, key.second));
        if (auto ns = k8s::text_at(metadata, "namespace"); type.namespaced && !ns.empty() && ns != key.first)
            return bad_request("the namespace of the provided object does not match the namespace sent on the request");
        // Kinds of the core group may be replaced blindly, others may not.
        auto version = k8s::text_at(metadata, "resourceVersion");
        if (version.empty() && !type.group.empty())
            return invalid(object_name{type.group, type.plural, type.plural, key.second},
                           {invalid_value("metadata.resourceVersion", 0, "must be specified for an update")});
        if (!version.empty() && version != k8s::text_at(stored_metadata, "resourceVersion"))
            return conflict(what, stale_message);
        auto uid = k8s::text_at(metadata, "uid");
        if (!options.is_patch && !uid.empty() && uid != k8s::text_at(stored_metadata, "uid"))
            return other_uid(type, key, uid, k8s::text_at(stored_metadata, "uid"));
    }
    if (which == part::status) {
        auto status = next.if_contains("status") == nullptr ? std::optional<json::value>() : next.at("status");
        auto metadata = next.at("metadata");
        next = stored;
        if (status)
            next["status"] = std::move(*status);
        else
            next.erase("status");
        // Labels and annotations may come along with a core kind's status, never with a custom one's.
        if (!type.is_custom)
            next["metadata"] = std::move(metadata);
    } else if (type.has_status) {
        keep(next, stored, "status");
    }
    auto& metadata = metadata_of(next);
    for (auto member : {"name", "namespace", "creationTimestamp", "generation", "resourceVersion", "generateName"})
        keep(metadata, stored_metadata, member);
    // What else only the server writes may be left out, but not changed.
    for (auto member : {"uid", "deletionTimestamp", "deletionGracePeriodSeconds"})
        if (stored_metadata.contains(member) && (std::string_view(member) != "uid" || k8s::text_at(metadata, "uid").empty()))
            keep(metadata, stored_metadata, member);
    metadata.erase("managedFields");
    if (auto judged = judge_fields(type, next, options); judged.has_error())
        return judged.error();
    if (type.rules.prepare_update) {
        auto prepared = type.rules.prepare_update(next, stored, rule_context{rt_.wall_now(), store_});
        if (prepared.has_error())
            return prepared.error();
    }
    if (type.has_generation && which == part::whole && is_edit(type, next, stored))
        metadata_of(next)["generation"] = k8s::integer_at(stored_metadata, "generation").value_or(0) + 1;
    auto causes = validate_metadata_update(metadata_of(next), stored_metadata);
    bool is_ending = !k8s::text_at(stored_metadata, "deletionTimestamp").empty();
    if (is_ending && has_new_finalizer(next, stored))
        causes.push_back({"FieldValueForbidden", "Forbidden: no new finalizers can be added if the object is being deleted",
                          "metadata.finalizers"});
    if (auto wrong = judge(type, next, which, options, std::move(causes)); wrong.has_error())
        return wrong.error();

    if (next == stored)
        return current;
    if (options.dry_run)
        return unstored(std::move(next));
    bool is_over =
        is_ending && !is_held(type, next) && k8s::integer_at(stored_metadata, "deletionGracePeriodSeconds").value_or(0) == 0;
    auto& collection = store_.in(type.collection_name());
    if (!is_over)
        return store_.put(collection, key, std::move(next));
    store_.erase(collection, key);
    return unstored(std::move(next));
}

void objects::run_later(std::function<void()> what) {
    boost::asio::post(rt_.executor(), std::move(what));
}

std::string objects::fresh_uid() {
    auto high = rt_.random(), low = rt_.random();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFF,
                       0x8000 | ((low >> 48) & 0x3FFF), low & 0xFFFF'FFFF'FFFF);
}

std::string objects::fresh_suffix() {
    // k8s.io/apimachinery/pkg/util/rand: no vowels and nothing that looks like another.
    constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
    std::string made;
    for (auto bits = rt_.random(); made.size() < 5; bits /= alphabet.size())
        made += alphabet[bits % alphabet.size()];
    return made;
}

} // namespace devcluster
