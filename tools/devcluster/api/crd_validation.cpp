#include "tools/devcluster/api/crd_validation.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/metadata_validation.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using k8s::array_at;
using k8s::object_at;
using k8s::text_at;

const object nothing;

value json_text(std::string_view text) {
    return value(boost::json::string(text));
}

bool is_true(const object& in, std::string_view name) {
    const auto* member = in.if_contains(name);
    return member != nullptr && member->is_bool() && member->get_bool();
}

const object& part(const object& in, std::string_view name) {
    const auto* found = object_at(in, name);
    return found == nullptr ? nothing : *found;
}

std::vector<std::string> texts(const object& in, std::string_view name) {
    std::vector<std::string> made;
    if (const auto* list = array_at(in, name))
        for (const auto& element : *list)
            if (const auto* text = element.if_string())
                made.emplace_back(text->data(), text->size());
    return made;
}

std::vector<const object*> versions_of(const object& spec) {
    std::vector<const object*> made;
    if (const auto* list = array_at(spec, "versions"))
        for (const auto& element : *list)
            if (const auto* version = element.if_object())
                made.push_back(version);
    return made;
}

/// kube-apiserver's internal form has what all versions have in common in the spec itself; its messages tell paths in that form.
bool is_common(const std::vector<const object*>& versions, std::string_view name) {
    const auto* first = versions.empty() ? nullptr : versions.front()->if_contains(name);
    return first != nullptr && std::all_of(versions.begin(), versions.end(), [&](const object* version) {
        const auto* is = version->if_contains(name);
        return is != nullptr && *is == *first;
    });
}

class checker {
public:
    explicit checker(const object& crd)
        : crd_(crd), spec_(part(crd, "spec")), names_(part(spec_, "names")), versions_(versions_of(spec_)) {}

    std::vector<cause> take() {
        check_metadata();
        check_group();
        check_scope();
        for (std::size_t i = 0; i < versions_.size(); ++i)
            if (!part(*versions_[i], "schema").contains("openAPIV3Schema"))
                add(required_value(child_path(version_path(i), "schema.openAPIV3Schema")));
        check_versions();
        check_names();
        if (!versions_.empty()) // what all have in common is told once
            check_parts(*versions_.front(), "spec", true);
        check_conversion();
        check_stored_versions();
        check_approval();
        if (is_true(spec_, "preserveUnknownFields"))
            add(invalid_value("spec.preserveUnknownFields", true,
                              "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
        return std::move(found_);
    }

private:
    void add(cause one) { found_.push_back(std::move(one)); }
    static std::string version_path(std::size_t i) { return index_path("spec.versions", i); }

    void add_label(const std::string& field, std::string_view is) {
        if (auto wrong = wrong_dns_1035_label(is); !wrong.empty())
            add(invalid_value(field, json_text(is), fmt::format("{}", fmt::join(wrong, ","))));
    }

    void check_metadata() {
        const auto& metadata = part(crd_, "metadata");
        found_ = validate_metadata(metadata, false, name_rule::dns_subdomain);
        auto name = text_at(metadata, "name");
        if (name.empty() || name == fmt::format("{}.{}", text_at(names_, "plural"), text_at(spec_, "group")))
            return;
        auto is_of_name = [](const cause& one) { return one.field == "metadata.name"; };
        auto after_name = std::find_if_not(found_.begin(), found_.end(), is_of_name);
        found_.insert(after_name, invalid_value("metadata.name", json_text(name), "must be spec.names.plural+\".\"+spec.group"));
    }

    void check_group() {
        auto group = text_at(spec_, "group");
        if (group.empty())
            add(required_value("spec.group"));
        else if (auto wrong = wrong_dns_subdomain(group); !wrong.empty())
            add(invalid_value("spec.group", json_text(group), fmt::format("{}", fmt::join(wrong, ","))));
        else if (group.find('.') == std::string_view::npos)
            add(invalid_value("spec.group", json_text(group), "should be a domain with at least one dot"));
    }

    void check_scope() {
        auto scope = text_at(spec_, "scope");
        if (scope.empty())
            add(required_value("spec.scope"));
        else if (scope != "Cluster" && scope != "Namespaced")
            add(unsupported_value("spec.scope", json_text(scope), {"Cluster", "Namespaced"}));
    }

    void check_versions() {
        std::set<std::string_view> names;
        std::ptrdiff_t stored = 0;
        for (std::size_t i = 0; i < versions_.size(); ++i) {
            const auto& version = *versions_[i];
            names.insert(text_at(version, "name"));
            stored += is_true(version, "storage") ? 1 : 0;
            add_label(child_path(version_path(i), "name"), text_at(version, "name"));
            check_deprecation(version, child_path(version_path(i), "deprecationWarning"));
            check_parts(version, version_path(i), false);
        }
        if (names.size() != versions_.size())
            add(invalid_text("spec.versions", versions_json(), "must contain unique version names"));
        if (stored != 1)
            add(invalid_text("spec.versions", versions_json(), "must have exactly one version marked as storage version"));
        if (!versions_.empty() && !text_at(*versions_.front(), "name").empty())
            add_label("spec.version", text_at(*versions_.front(), "name"));
    }

    void check_deprecation(const object& version, const std::string& field) {
        const auto* warning = version.if_contains("deprecationWarning");
        if (warning == nullptr || !warning->is_string())
            return;
        constexpr std::size_t size_max = 256;
        if (!is_true(version, "deprecated"))
            add(invalid_value(field, *warning, "can only be set for deprecated versions"));
        else if (warning->get_string().size() > size_max)
            add(invalid_value(field, *warning, fmt::format("must be <= {} characters long", size_max)));
        else if (warning->get_string().empty())
            add(invalid_value(field, *warning, "must not be an empty string"));
    }

    /// Those parts of a version that all versions have in common, or the others.
    void check_parts(const object& version, const std::string& path, bool common) {
        auto has_status = [](const object* one) { return part(*one, "subresources").contains("status"); };
        bool status = common ? std::any_of(versions_.begin(), versions_.end(), has_status) : has_status(&version);
        const auto* schema = object_at(part(version, "schema"), "openAPIV3Schema");
        if (schema != nullptr && is_common(versions_, "schema") == common)
            append(validate_crd_schema(*schema, child_path(path, common ? "validation.openAPIV3Schema" : "schema.openAPIV3Schema"),
                                       status));
        if (is_common(versions_, "subresources") == common)
            if (const auto* scale = object_at(part(version, "subresources"), "scale"))
                check_scale(*scale, child_path(path, "subresources.scale"));
        if (is_common(versions_, "additionalPrinterColumns") == common)
            check_each(version, "additionalPrinterColumns", path, &checker::check_column);
        if (is_common(versions_, "selectableFields") == common) {
            selectable_.clear();
            selectable_schema_ = schema;
            check_each(version, "selectableFields", path, &checker::check_selectable);
        }
    }

    void check_each(const object& version, std::string_view name, const std::string& path,
                    void (checker::*check)(const object&, const std::string&)) {
        if (const auto* list = array_at(version, name))
            for (std::size_t i = 0; i < list->size(); ++i)
                if (const auto* one = (*list)[i].if_object())
                    (this->*check)(*one, index_path(child_path(path, name), i));
    }

    void check_column(const object& column, const std::string& path) {
        static const std::set<std::string_view> types{"integer", "number", "string", "boolean", "date"};
        static const std::set<std::string_view> formats{"int32",  "int64", "float", "double",
                                                        "byte",   "date",  "date-time", "password"};
        auto type = text_at(column, "type");
        auto format = text_at(column, "format");
        auto json_path = text_at(column, "jsonPath");
        if (text_at(column, "name").empty())
            add(required_value(child_path(path, "name")));
        auto must_be = fmt::format("must be one of {}", fmt::join(types, ","));
        if (type.empty())
            add(required_value(child_path(path, "type"), must_be));
        else if (!types.contains(type))
            add(invalid_value(child_path(path, "type"), json_text(type), must_be));
        if (!format.empty() && !formats.contains(format))
            add(invalid_value(child_path(path, "format"), json_text(format),
                              fmt::format("must be one of {}", fmt::join(formats, ","))));
        if (json_path.empty())
            add(required_value(child_path(path, "JSONPath")));
        else
            check_simple_path(json_path, child_path(path, "JSONPath"));
    }

    bool check_simple_path(std::string_view is, const std::string& field) {
        if (is.starts_with('.'))
            return true;
        add(invalid_value(field, json_text(is), "must be a simple json path starting with ."));
        return false;
    }

    void check_scale(const object& scale, const std::string& path) {
        auto check = [&](std::string_view name, std::string_view first, std::string_view second, std::string_view why) {
            auto is = text_at(scale, name);
            auto field = child_path(path, name);
            if (check_simple_path(is, field) && !is.starts_with(first) && !is.starts_with(second))
                add(invalid_value(field, json_text(is), why));
        };
        for (std::string_view name : {"specReplicasPath", "statusReplicasPath"}) {
            auto root = name.starts_with("spec") ? std::string_view(".spec") : std::string_view(".status");
            auto prefix = fmt::format("{}.", root);
            if (text_at(scale, name).empty())
                add(required_value(child_path(path, name)));
            else
                check(name, prefix, prefix, fmt::format("should be a json path under {}", root));
        }
        if (!text_at(scale, "labelSelectorPath").empty())
            check("labelSelectorPath", ".spec.", ".status.", "should be a json path under either .spec or .status");
    }

    /// The schema that a path like ".spec.color" leads to.
    static const object* schema_at(const object* schema, std::string_view path) {
        while (schema != nullptr && path.starts_with('.')) {
            path.remove_prefix(1);
            auto end = std::min(path.find('.'), path.size());
            schema = object_at(part(*schema, "properties"), path.substr(0, end));
            path.remove_prefix(end);
        }
        return path.empty() ? schema : nullptr;
    }

    void check_selectable(const object& selectable, const std::string& path) {
        auto is = text_at(selectable, "jsonPath");
        auto field = child_path(path, "jsonPath");
        if (is.empty())
            return add(required_value(field));
        const auto* schema = schema_at(selectable_schema_, is);
        if (schema == nullptr)
            return add(invalid_value(field, json_text(is), "is an invalid path: does not refer to a valid field"));
        if (is.starts_with(".metadata"))
            add(invalid_value(field, json_text(is), "must not point to fields in metadata"));
        if (auto type = text_at(*schema, "type"); type != "string" && type != "boolean" && type != "integer")
            add(invalid_value(field, json_text(is),
                              "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are "
                              "allowed."));
        if (!selectable_.insert(is).second)
            add(duplicate_value(field, json_text(is)));
    }

    void check_names() {
        for (std::string_view name : {"plural", "singular", "kind", "listKind"})
            if (text_at(names_, name).empty())
                add(required_value(child_path("spec.names", name)));
        for (std::string_view name : {"plural", "singular"})
            if (auto is = text_at(names_, name); !is.empty())
                add_label(child_path("spec.names", name), is);
        for (std::string_view name : {"kind", "listKind"})
            if (auto is = text_at(names_, name); !is.empty())
                if (auto wrong = wrong_kind_name(is); !wrong.empty())
                    add(invalid_value(child_path("spec.names", name), json_text(is), wrong));
        check_labels("shortNames");
        auto kind = text_at(names_, "kind");
        if (!kind.empty() && kind == text_at(names_, "listKind"))
            add(invalid_value("spec.names.listKind", json_text(kind), "kind and listKind may not be the same"));
        check_labels("categories");
    }

    void check_labels(std::string_view name) {
        auto all = texts(names_, name);
        for (std::size_t i = 0; i < all.size(); ++i)
            add_label(index_path(child_path("spec.names", name), i), all[i]);
    }

    void check_conversion() {
        const auto* conversion = object_at(spec_, "conversion");
        if (conversion == nullptr)
            return;
        auto strategy = text_at(*conversion, "strategy");
        if (strategy.empty())
            add(required_value("spec.conversion.strategy"));
        else if (strategy != "None" && strategy != "Webhook")
            add(unsupported_value("spec.conversion.strategy", json_text(strategy), {"None", "Webhook"}));
        const auto& webhook = part(*conversion, "webhook");
        constexpr std::string_view why = "should not be set when strategy is not set to Webhook";
        if (strategy == "Webhook")
            return;
        if (webhook.contains("clientConfig"))
            add(forbidden_value("spec.conversion.webhookClientConfig", why));
        if (!texts(webhook, "conversionReviewVersions").empty())
            add(forbidden_value("spec.conversion.conversionReviewVersions", why));
    }

    void check_stored_versions() {
        const std::string field = "status.storedVersions";
        auto stored = texts(part(crd_, "status"), "storedVersions");
        const auto* given = array_at(part(crd_, "status"), "storedVersions");
        if (stored.empty() || given == nullptr)
            return add(invalid_value(field, nullptr, "must have at least one stored version"));
        for (const auto* version : versions_)
            if (auto name = text_at(*version, "name"); is_true(*version, "storage") && !contains(stored, name))
                add(invalid_value(field, *given, fmt::format("must have the storage version {}", name)));
        for (std::size_t i = 0; i < stored.size(); ++i) {
            auto is_it = [&](const object* version) { return text_at(*version, "name") == stored[i]; };
            if (std::none_of(versions_.begin(), versions_.end(), is_it))
                add(invalid_value(index_path(field, i), json_text(stored[i]),
                                  fmt::format("missing from spec.versions; {0} was previously a storage version, and must remain in "
                                              "spec.versions until a storage migration ensures no data remains persisted in {0} and "
                                              "removes {0} from status.storedVersions",
                                              stored[i])));
        }
    }

    static bool contains(const std::vector<std::string>& all, std::string_view one) {
        return std::find(all.begin(), all.end(), one) != all.end();
    }

    void check_approval() {
        auto group = fmt::format(".{}", text_at(spec_, "group"));
        constexpr std::string_view annotation = "api-approved.kubernetes.io";
        bool is_protected = group.ends_with(".k8s.io") || group.ends_with(".kubernetes.io");
        if (is_protected && text_at(part(part(crd_, "metadata"), "annotations"), annotation).empty())
            add(required_value(key_path("metadata.annotations", annotation),
                               "protected groups must have approval annotation \"api-approved.kubernetes.io\", see "
                               "https://github.com/kubernetes/enhancements/pull/1111"));
    }

    /// As Go prints its internal form. What versions do not have in common is not told there.
    std::string versions_json() const {
        if (!spec_.contains("versions"))
            return "null";
        std::vector<std::string> made;
        for (const auto* version : versions_) {
            const auto* warning = version->if_contains("deprecationWarning");
            made.push_back(fmt::format("{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},"
                                       "\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,"
                                       "\"SelectableFields\":null}}",
                                       go_json(json_text(text_at(*version, "name"))), is_true(*version, "served"),
                                       is_true(*version, "storage"), is_true(*version, "deprecated"),
                                       warning == nullptr ? "null" : go_json(*warning)));
        }
        return fmt::format("[{}]", fmt::join(made, ","));
    }

    void append(std::vector<cause> more) {
        found_.insert(found_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }

    const object& crd_;
    const object& spec_;
    const object& names_;
    std::vector<const object*> versions_;
    std::vector<cause> found_;
    const object* selectable_schema_ = nullptr;
    std::set<std::string_view> selectable_;
};

crd_version read_version(const object& from) {
    crd_version made;
    made.name = text_at(from, "name");
    made.served = is_true(from, "served");
    made.storage = is_true(from, "storage");
    made.deprecated = is_true(from, "deprecated");
    made.deprecation_warning = text_at(from, "deprecationWarning");
    made.schema_json = part(part(from, "schema"), "openAPIV3Schema");
    made.structural = schema::compile(made.schema_json, nullptr);
    made.has_status = part(from, "subresources").contains("status");
    made.has_scale = part(from, "subresources").contains("scale");
    if (const auto* columns = array_at(from, "additionalPrinterColumns"))
        made.printer_columns = *columns;
    if (const auto* fields = array_at(from, "selectableFields"))
        for (const auto& field : *fields)
            if (const auto* one = field.if_object())
                made.selectable_fields.emplace_back(text_at(*one, "jsonPath").substr(1)); // without its '.'
    return made;
}

} // namespace

void apply_crd_defaults(object& crd) {
    auto* spec = crd.if_contains("spec");
    if (spec == nullptr || !spec->is_object())
        return;
    auto& members = spec->get_object();
    if (auto* names = members.if_contains("names"); names != nullptr && names->is_object()) {
        std::string kind(text_at(names->get_object(), "kind"));
        std::string lower = kind;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (text_at(names->get_object(), "singular").empty() && !kind.empty())
            names->get_object()["singular"] = lower;
        if (text_at(names->get_object(), "listKind").empty() && !kind.empty())
            names->get_object()["listKind"] = kind + "List";
    }
    if (!members.contains("conversion"))
        members["conversion"] = {{"strategy", "None"}};
    const auto versions = versions_of(members);
    auto stored = std::find_if(versions.begin(), versions.end(), [](const object* one) { return is_true(*one, "storage"); });
    auto& status = crd["status"];
    if (!status.is_object())
        status = object();
    if (stored != versions.end() && texts(status.get_object(), "storedVersions").empty())
        status.get_object()["storedVersions"] = array{json_text(text_at(**stored, "name"))};
}

outcome<crd_definition> read_crd(const object& crd) {
    object_name about{"apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition",
                      std::string(text_at(part(crd, "metadata"), "name"))};
    if (auto causes = checker(crd).take(); !causes.empty())
        return invalid(about, std::move(causes));
    const auto& spec = part(crd, "spec");
    if (text_at(part(spec, "conversion"), "strategy") == "Webhook")
        return not_implemented("spec.conversion.strategy: Webhook is not supported by this API server");
    crd_definition made;
    made.group = text_at(spec, "group");
    made.namespaced = text_at(spec, "scope") == "Namespaced";
    const auto& names = part(spec, "names");
    made.names.plural = text_at(names, "plural");
    made.names.singular = text_at(names, "singular");
    made.names.kind = text_at(names, "kind");
    made.names.list_kind = text_at(names, "listKind");
    made.names.short_names = texts(names, "shortNames");
    made.names.categories = texts(names, "categories");
    for (const auto* version : versions_of(spec)) {
        made.versions.push_back(read_version(*version));
        if (made.versions.back().structural->has_validation_rules())
            return not_implemented(fmt::format("version {}: x-kubernetes-validations (rules in CEL) is not supported by this API server",
                                               made.versions.back().name));
    }
    return made;
}

std::vector<cause> validate_crd_update(const object& crd, const object& old) {
    std::vector<cause> found;
    const auto& is = part(crd, "spec");
    const auto& was = part(old, "spec");
    auto check = [&](const object& new_part, const object& old_part, const std::string& path, std::string_view name) {
        if (text_at(new_part, name) != text_at(old_part, name))
            found.push_back(invalid_value(child_path(path, name), json_text(text_at(new_part, name)), "field is immutable"));
    };
    check(is, was, "spec", "scope");
    check(part(is, "names"), part(was, "names"), "spec.names", "kind");
    check(is, was, "spec", "group");
    check(part(is, "names"), part(was, "names"), "spec.names", "plural");
    return found;
}

} // namespace devcluster
