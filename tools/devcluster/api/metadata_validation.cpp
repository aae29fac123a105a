#include "tools/devcluster/api/metadata_validation.hpp"

#include "asio_k8s/json_access.hpp"
#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/quote.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using k8s::array_at;
using k8s::object_at;
using k8s::text_at;

constexpr std::size_t annotations_size_max = 256 * 1024;
constexpr std::string_view orphan_finalizer = "orphan";
constexpr std::string_view foreground_finalizer = "foregroundDeletion";

std::string_view text_of(const value& is) {
    const auto* text = is.if_string();
    return text == nullptr ? std::string_view() : *text;
}

class checker {
public:
    explicit checker(std::string_view path) : path_(path) {}

    std::vector<cause> take() { return std::move(found_); }

    void check_name(const object& metadata, name_rule rule) {
        auto prefix = text_at(metadata, "generateName");
        if (!prefix.empty())
            add_invalid("generateName", prefix, wrong_name(rule, prefix, true));
        auto name = text_at(metadata, "name");
        if (name.empty())
            found_.push_back(required_value(at("name"), "name or generateName is required"));
        else
            add_invalid("name", name, wrong_name(rule, name, false));
    }

    void check_namespace(const object& metadata, bool namespaced) {
        auto ns = text_at(metadata, "namespace");
        if (namespaced && ns.empty())
            found_.push_back(required_value(at("namespace")));
        else if (namespaced)
            add_invalid("namespace", ns, wrong_dns_label(ns));
        else if (!ns.empty())
            found_.push_back(forbidden_value(at("namespace"), "not allowed on this type"));
    }

    void check_generation(const object& metadata) {
        if (auto generation = k8s::integer_at(metadata, "generation"); generation && *generation < 0)
            found_.push_back(invalid_value(at("generation"), *generation, "must be greater than or equal to 0"));
    }

    void check_labels(const object& metadata) {
        const auto* labels = object_at(metadata, "labels");
        if (labels == nullptr)
            return;
        for (const auto& label : *labels) {
            add_invalid("labels", label.key(), wrong_qualified_name(label.key()));
            add_invalid("labels", text_of(label.value()), wrong_label_value(text_of(label.value())));
        }
    }

    void check_annotations(const object& metadata) {
        const auto* annotations = object_at(metadata, "annotations");
        if (annotations == nullptr)
            return;
        std::size_t size = 0;
        for (const auto& annotation : *annotations) {
            std::string lower(annotation.key());
            for (auto& character : lower)
                character = static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
            add_invalid("annotations", annotation.key(), wrong_qualified_name(lower));
            size += annotation.key().size() + text_of(annotation.value()).size();
        }
        if (size > annotations_size_max)
            found_.push_back(too_long(at("annotations"), annotations_size_max));
    }

    void check_owners(const object& metadata) {
        const auto* owners = array_at(metadata, "ownerReferences");
        if (owners == nullptr)
            return;
        std::string first_controller;
        for (const auto& element : *owners) {
            const auto* owner = element.if_object();
            if (owner == nullptr)
                continue;
            check_owner(*owner);
            const auto* is_controller = owner->if_contains("controller");
            if (is_controller == nullptr || !is_controller->is_bool() || !is_controller->get_bool())
                continue;
            auto controller = fmt::format("{}/{}", text_at(*owner, "kind"), text_at(*owner, "name"));
            if (first_controller.empty())
                first_controller = controller;
            else
                found_.push_back(invalid_text(
                    at("ownerReferences"), owners_json(*owners),
                    fmt::format("Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
                                first_controller, controller)));
        }
    }

    void check_finalizers(const object& metadata) {
        const auto* finalizers = array_at(metadata, "finalizers");
        if (finalizers == nullptr)
            return;
        bool orphans = false;
        bool deletes = false;
        for (const auto& finalizer : *finalizers) {
            auto name = text_of(finalizer);
            add_invalid("finalizers", name, wrong_qualified_name(name));
            orphans = orphans || name == orphan_finalizer;
            deletes = deletes || name == foreground_finalizer;
        }
        if (orphans && deletes)
            found_.push_back(
                invalid_value(at("finalizers"), *finalizers,
                              fmt::format("finalizer {} and {} cannot be both set", orphan_finalizer, foreground_finalizer)));
    }

    void check_core_finalizers(const object& metadata) {
        auto names = texts(array_at(metadata, "finalizers"));
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto& name = names[i];
            bool is_standard = name == orphan_finalizer || name == foreground_finalizer || name == "kubernetes";
            if (!is_standard && name.find('/') == std::string::npos)
                found_.push_back(invalid_value(index_path(at("finalizers"), i), value(name),
                                               "name is neither a standard finalizer name nor is it fully qualified"));
        }
    }

    void check_no_new_finalizers(const object& metadata, const object& old) {
        if (text_at(old, "deletionTimestamp").empty())
            return;
        auto before = texts(array_at(old, "finalizers"));
        std::vector<std::string> added;
        for (const auto& name : texts(array_at(metadata, "finalizers")))
            if (std::find(before.begin(), before.end(), name) == before.end())
                added.push_back(quoted(name));
        std::sort(added.begin(), added.end());
        if (!added.empty())
            found_.push_back(forbidden_value(
                at("finalizers"),
                fmt::format("no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                            fmt::join(added, ", "))));
    }

    void check_immutable(const object& metadata, const object& old) {
        for (std::string_view name : {"name", "namespace", "uid", "deletionTimestamp"})
            if (auto is = text_at(metadata, name); is != text_at(old, name) && !(is.empty() && name == "deletionTimestamp"))
                found_.push_back(invalid_value(at(name), value(is), "field is immutable"));
    }

private:
    std::string at(std::string_view name) const { return child_path(path_, name); }

    void add_invalid(std::string_view member, std::string_view bad, const std::vector<std::string>& wrong) {
        for (const auto& why : wrong)
            found_.push_back(invalid_value(at(member), value(bad), why));
    }

    void check_owner(const object& owner) {
        auto version = text_at(owner, "apiVersion");
        if (version.empty() || version.ends_with('/'))
            found_.push_back(invalid_value(at("ownerReferences.apiVersion"), value(version), "version must not be empty"));
        for (std::string_view name : {"kind", "name", "uid"})
            if (text_at(owner, name).empty())
                found_.push_back(invalid_value(at(fmt::format("ownerReferences.{}", name)), "", "must not be empty"));
        if (version == "v1" && text_at(owner, "kind") == "Event")
            found_.push_back(
                invalid_text(at("ownerReferences"), owner_json(owner), "/v1, Kind=Event is disallowed from being an owner"));
    }

    static std::vector<std::string> wrong_name(name_rule rule, std::string_view name, bool is_prefix) {
        if (rule == name_rule::path_segment)
            return wrong_path_segment(name, is_prefix);
        // Something is appended to a prefix, so that its last dash is not the end. kube-apiserver masks it in just this way.
        std::string masked(name);
        if (is_prefix && masked.size() > 1 && masked.ends_with('-'))
            masked.replace(masked.size() - 2, 2, "a");
        return rule == name_rule::dns_label ? wrong_dns_label(masked) : wrong_dns_subdomain(masked);
    }

    static std::vector<std::string> wrong_path_segment(std::string_view name, bool is_prefix) {
        if (!is_prefix && (name == "." || name == ".."))
            return {fmt::format("may not be '{}'", name)};
        std::vector<std::string> wrong;
        for (char forbidden : {'/', '%'})
            if (name.find(forbidden) != std::string_view::npos)
                wrong.push_back(fmt::format("may not contain '{}'", forbidden));
        return wrong;
    }

    static std::vector<std::string> texts(const array* list) {
        std::vector<std::string> made;
        if (list != nullptr)
            for (const auto& element : *list)
                made.emplace_back(text_of(element));
        return made;
    }

    /// In the order of the Go type's members.
    static std::string owner_json(const object& owner) {
        std::vector<std::string> members;
        for (std::string_view name : {"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"}) {
            const auto* member = owner.if_contains(name);
            bool is_always_there = name != "controller" && name != "blockOwnerDeletion";
            if (member != nullptr || is_always_there)
                members.push_back(fmt::format("\"{}\":{}", name, member == nullptr ? "\"\"" : go_json(*member)));
        }
        return fmt::format("{{{}}}", fmt::join(members, ","));
    }

    static std::string owners_json(const array& owners) {
        std::vector<std::string> made;
        for (const auto& owner : owners)
            if (const auto* is = owner.if_object())
                made.push_back(owner_json(*is));
        return fmt::format("[{}]", fmt::join(made, ","));
    }

    std::string_view path_;
    std::vector<cause> found_;
};

} // namespace

name_rule name_rule_of(std::string_view group, std::string_view kind) {
    if (group.empty() && kind == "Namespace")
        return name_rule::dns_label;
    return group.empty() && kind == "Event" ? name_rule::path_segment : name_rule::dns_subdomain;
}

std::vector<cause> validate_metadata(const object& metadata, bool namespaced, name_rule rule, std::string_view path) {
    checker of(path);
    of.check_name(metadata, rule);
    of.check_namespace(metadata, namespaced);
    of.check_generation(metadata);
    of.check_labels(metadata);
    of.check_annotations(metadata);
    of.check_owners(metadata);
    of.check_finalizers(metadata);
    return of.take();
}

std::vector<cause> validate_core_finalizers(const object& metadata, std::string_view path) {
    checker of(path);
    of.check_core_finalizers(metadata);
    return of.take();
}

std::vector<cause> validate_metadata_update(const object& metadata, const object& old, std::string_view path) {
    checker of(path);
    of.check_no_new_finalizers(metadata, old);
    of.check_immutable(metadata, old);
    of.check_labels(metadata);
    of.check_annotations(metadata);
    of.check_owners(metadata);
    return of.take();
}

} // namespace devcluster
