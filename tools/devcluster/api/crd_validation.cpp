#include "tools/devcluster/api/crd_validation.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/metadata_validation.hpp"

#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
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

bool is_true(const object& in, std::string_view name) {
    const auto* member = in.if_contains(name);
    return member != nullptr && member->is_bool() && member->get_bool();
}

const object& part(const object& in, std::string_view name) {
    static const object nothing;
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

std::vector<const object*> objects(const object& in, std::string_view name) {
    std::vector<const object*> made;
    if (const auto* list = array_at(in, name))
        for (const auto& element : *list)
            if (const auto* one = element.if_object())
                made.push_back(one);
    return made;
}

class checker {
public:
    explicit checker(const object& crd)
        : crd_(crd), spec_(part(crd, "spec")), names_(part(spec_, "names")), versions_(objects(spec_, "versions")) {}

    std::vector<cause> take() {
        check_metadata();
        check_group_and_scope();
        for (std::size_t i = 0; i < versions_.size(); ++i)
            check_version(*versions_[i], i);
        check_versions();
        check_names();
        check_conversion();
        check_stored_versions();
        if (is_true(spec_, "preserveUnknownFields"))
            add(invalid_value(
                "spec.preserveUnknownFields", true,
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
        return std::move(found_);
    }

private:
    void add(cause one) { found_.push_back(std::move(one)); }
    void append(std::vector<cause> more) { std::move(more.begin(), more.end(), std::back_inserter(found_)); }

    void add_label(const std::string& field, std::string_view is) {
        if (auto wrong = wrong_dns_1035_label(is); !wrong.empty())
            add(invalid_value(field, value(is), fmt::format("{}", fmt::join(wrong, ","))));
    }

    void check_metadata() {
        const auto& metadata = part(crd_, "metadata");
        found_ = validate_metadata(metadata, false, name_rule::dns_subdomain);
        auto name = text_at(metadata, "name");
        if (!name.empty() && name != fmt::format("{}.{}", text_at(names_, "plural"), text_at(spec_, "group")))
            add(invalid_value("metadata.name", value(name), "must be spec.names.plural+\".\"+spec.group"));
    }

    void check_group_and_scope() {
        auto group = text_at(spec_, "group");
        if (group.empty())
            add(required_value("spec.group"));
        else if (auto wrong = wrong_dns_subdomain(group); !wrong.empty())
            add(invalid_value("spec.group", value(group), fmt::format("{}", fmt::join(wrong, ","))));
        else if (group.find('.') == std::string_view::npos)
            add(invalid_value("spec.group", value(group), "should be a domain with at least one dot"));
        auto scope = text_at(spec_, "scope");
        if (scope.empty())
            add(required_value("spec.scope"));
        else if (scope != "Cluster" && scope != "Namespaced")
            add(unsupported_value("spec.scope", value(scope), {"Cluster", "Namespaced"}));
    }

    /// kube-apiserver moves what all versions have in common into the spec; its messages tell that path. Empty: the first version
    /// has told it.
    std::string path_of(std::size_t i, std::string_view name, std::string_view as) const {
        const auto* first = versions_.front()->if_contains(name);
        bool is_common = first != nullptr && std::all_of(versions_.begin(), versions_.end(), [&](const object* version) {
                             const auto* is = version->if_contains(name);
                             return is != nullptr && *is == *first;
                         });
        if (!is_common)
            return fmt::format("spec.versions[{}].{}", i, name);
        return i == 0 ? fmt::format("spec.{}", as) : std::string();
    }

    void check_version(const object& version, std::size_t i) {
        add_label(fmt::format("spec.versions[{}].name", i), text_at(version, "name"));
        const auto* schema = object_at(part(version, "schema"), "openAPIV3Schema");
        if (schema == nullptr)
            add(required_value(fmt::format("spec.versions[{}].schema.openAPIV3Schema", i)));
        else if (auto path = path_of(i, "schema", "validation"); !path.empty())
            append(validate_crd_schema(*schema, child_path(path, "openAPIV3Schema")));
        auto columns = objects(version, "additionalPrinterColumns");
        auto columns_path = path_of(i, "additionalPrinterColumns", "additionalPrinterColumns");
        for (std::size_t n = 0; n < columns.size() && !columns_path.empty(); ++n)
            check_column(*columns[n], index_path(columns_path, n));
        auto fields = objects(version, "selectableFields");
        auto fields_path = path_of(i, "selectableFields", "selectableFields");
        for (std::size_t n = 0; n < fields.size() && !fields_path.empty(); ++n)
            check_selectable(*fields[n], schema, child_path(index_path(fields_path, n), "jsonPath"));
    }

    void check_column(const object& column, const std::string& path) {
        static const std::set<std::string_view> types{"integer", "number", "string", "boolean", "date"};
        auto type = text_at(column, "type");
        auto must_be = fmt::format("must be one of {}", fmt::join(types, ","));
        if (text_at(column, "name").empty())
            add(required_value(child_path(path, "name")));
        if (type.empty())
            add(required_value(child_path(path, "type"), must_be));
        else if (!types.contains(type))
            add(invalid_value(child_path(path, "type"), value(type), must_be));
        auto json_path = text_at(column, "jsonPath");
        if (json_path.empty())
            add(required_value(child_path(path, "JSONPath")));
        else if (!json_path.starts_with('.'))
            add(invalid_value(child_path(path, "JSONPath"), value(json_path), "must be a simple json path starting with ."));
    }

    void check_selectable(const object& selectable, const object* schema, const std::string& field) {
        auto is = text_at(selectable, "jsonPath");
        if (is.empty())
            return add(required_value(field));
        auto rest = is;
        while (schema != nullptr && rest.starts_with('.')) {
            rest.remove_prefix(1);
            auto end = std::min(rest.find('.'), rest.size());
            schema = object_at(part(*schema, "properties"), rest.substr(0, end));
            rest.remove_prefix(end);
        }
        if (schema == nullptr || !rest.empty())
            return add(invalid_value(field, value(is), "is an invalid path: does not refer to a valid field"));
        if (auto type = text_at(*schema, "type"); type != "string" && type != "boolean" && type != "integer")
            add(invalid_value(
                field, value(is),
                "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are "
                "allowed."));
    }

    void check_versions() {
        std::set<std::string_view> names;
        std::ptrdiff_t stored = 0;
        for (const auto* version : versions_) {
            names.insert(text_at(*version, "name"));
            stored += is_true(*version, "storage") ? 1 : 0;
        }
        if (names.size() != versions_.size())
            add(invalid_text("spec.versions", versions_json(), "must contain unique version names"));
        if (stored != 1)
            add(invalid_text("spec.versions", versions_json(), "must have exactly one version marked as storage version"));
        if (!versions_.empty()) // of the internal form too
            add_label("spec.version", text_at(*versions_.front(), "name"));
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
                    add(invalid_value(child_path("spec.names", name), value(is), wrong));
        auto kind = text_at(names_, "kind");
        if (!kind.empty() && kind == text_at(names_, "listKind"))
            add(invalid_value("spec.names.listKind", value(kind), "kind and listKind may not be the same"));
        for (std::string_view name : {"shortNames", "categories"}) {
            auto all = texts(names_, name);
            for (std::size_t i = 0; i < all.size(); ++i)
                add_label(index_path(child_path("spec.names", name), i), all[i]);
        }
    }

    void check_conversion() {
        auto strategy = text_at(part(spec_, "conversion"), "strategy");
        if (strategy.empty())
            add(required_value("spec.conversion.strategy"));
        else if (strategy != "None" && strategy != "Webhook")
            add(unsupported_value("spec.conversion.strategy", value(strategy), {"None", "Webhook"}));
    }

    void check_stored_versions() {
        const std::string field = "status.storedVersions";
        auto stored = texts(part(crd_, "status"), "storedVersions");
        if (stored.empty())
            return add(invalid_value(field, nullptr, "must have at least one stored version"));
        for (const auto* version : versions_)
            if (auto name = text_at(*version, "name");
                is_true(*version, "storage") && std::find(stored.begin(), stored.end(), name) == stored.end())
                add(invalid_value(field, boost::json::value_from(stored), fmt::format("must have the storage version {}", name)));
    }

    /// As Go prints its internal form, in which common parts have moved; other parts are not told.
    std::string versions_json() const {
        if (!spec_.contains("versions"))
            return "null";
        std::vector<std::string> made;
        for (const auto* version : versions_) {
            const auto* warning = version->if_contains("deprecationWarning");
            made.push_back(fmt::format("{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},"
                                       "\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,"
                                       "\"SelectableFields\":null}}",
                                       go_json(value(text_at(*version, "name"))), is_true(*version, "served"),
                                       is_true(*version, "storage"), is_true(*version, "deprecated"),
                                       warning == nullptr ? "null" : go_json(*warning)));
        }
        return fmt::format("[{}]", fmt::join(made, ","));
    }

    const object& crd_;
    const object& spec_;
    const object& names_;
    std::vector<const object*> versions_;
    std::vector<cause> found_;
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
    for (const auto* field : objects(from, "selectableFields"))
        made.selectable_fields.emplace_back(text_at(*field, "jsonPath").substr(1)); // without its '.'
    return made;
}

} // namespace

void apply_crd_defaults(object& crd) {
    if (object_at(crd, "status") == nullptr) // first: references into an object do not survive a new member
        crd["status"] = object();
    auto* spec = crd.if_contains("spec");
    if (spec == nullptr || !spec->is_object())
        return;
    auto& members = spec->get_object();
    if (!members.contains("conversion"))
        members["conversion"] = {{"strategy", "None"}};
    if (auto* names = members.if_contains("names"); names != nullptr && names->is_object()) {
        std::string kind(text_at(names->get_object(), "kind"));
        std::string lower = kind;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (text_at(names->get_object(), "singular").empty() && !kind.empty())
            names->get_object()["singular"] = lower;
        if (text_at(names->get_object(), "listKind").empty() && !kind.empty())
            names->get_object()["listKind"] = kind + "List";
    }
    const auto versions = objects(members, "versions");
    auto stored = std::find_if(versions.begin(), versions.end(), [](const object* one) { return is_true(*one, "storage"); });
    auto& status = crd.at("status").get_object();
    if (stored != versions.end() && texts(status, "storedVersions").empty())
        status["storedVersions"] = array{value(text_at(**stored, "name"))};
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
    for (const auto* version : objects(spec, "versions")) {
        made.versions.push_back(read_version(*version));
        if (made.versions.back().structural->has_validation_rules())
            return not_implemented(
                fmt::format("version {}: x-kubernetes-validations (rules in CEL) is not supported by this API server",
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
            found.push_back(invalid_value(child_path(path, name), value(text_at(new_part, name)), "field is immutable"));
    };
    check(is, was, "spec", "scope");
    check(part(is, "names"), part(was, "names"), "spec.names", "kind");
    check(is, was, "spec", "group");
    check(part(is, "names"), part(was, "names"), "spec.names", "plural");
    return found;
}

} // namespace devcluster
