#pragma once

#include "tools/devcluster/api/schema.hpp"
#include "tools/devcluster/api/status.hpp"
#include "tools/devcluster/api/store.hpp"
#include "tools/devcluster/api/table.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace devcluster {

/// What the rules of a kind may look at beside the object.
struct rule_context {
    proto_http::wall_time now;
    store& objects;
};

/// What a kind does beyond what all kinds do. A rule that is not set does nothing.
struct kind_rules {
    /// Before a new object is validated: defaults that no schema has, the status that it starts with.
    std::function<outcome<void>(boost::json::object& object, const rule_context& context)> prepare_create;
    /// Before a changed one is validated: what may not change, and what follows from the change.
    std::function<outcome<void>(boost::json::object& next, const boost::json::object& stored, const rule_context& context)>
        prepare_update;
    std::function<std::vector<cause>(const boost::json::object& object)> validate;
    /// What changes about an object when its deletion begins.
    std::function<void(boost::json::object& object)> prepare_delete;
    /// Whether an object that is being deleted has to wait, beside its finalizers.
    std::function<bool(const boost::json::object& object)> holds_on;
    /// How long an object lives on after a DELETE that asks for `asked` seconds (nothing: the kind's own default); 0: not at all.
    std::function<std::int64_t(const boost::json::object& object, std::optional<std::int64_t> asked)> grace_seconds;
};

/// A resource that is served: one version of a custom kind, or a core kind.
struct resource_type {
    std::string group; ///< empty: the core group
    std::string version;
    std::string plural;
    std::string singular;
    std::string kind;
    std::string list_kind;
    bool namespaced = true;
    bool has_status = false;     ///< the subresource
    bool has_generation = false; ///< metadata.generation counts changes of what is desired
    bool is_custom = false;
    bool has_deletecollection = true;
    bool answers_deleted = false; ///< a DELETE is answered with the object that is gone, not with a Status
    std::vector<std::string> short_names;
    std::vector<std::string> categories;
    std::vector<std::string> selectable_fields;         ///< beside metadata.name and metadata.namespace
    std::shared_ptr<const schema> structure;            ///< null: any members are taken as they are
    std::shared_ptr<const boost::json::object> openapi; ///< of a custom kind: its openAPIV3Schema
    table_columns columns;
    kind_rules rules;

    std::string api_version() const { return group.empty() ? version : group + '/' + version; }
    /// "pods", "khchecks.comcast.github.io": all versions of a resource are stored together.
    std::string collection_name() const { return group.empty() ? plural : plural + '.' + group; }
    object_name named(std::string name) const { return {group, plural, kind, std::move(name)}; }
};

using type_ptr = std::shared_ptr<const resource_type>;

/// What is served, in the order in which discovery tells it.
class registry {
public:
    void add(type_ptr type);
    /// Takes every version of that resource away.
    void remove(std::string_view group, std::string_view plural);

    type_ptr find(std::string_view group, std::string_view version, std::string_view plural) const;
    /// Any version of that kind, the one of `api_version` where it is served.
    type_ptr find_kind(std::string_view api_version, std::string_view kind) const;
    const std::vector<type_ptr>& all() const noexcept { return types_; }
    bool has_version(std::string_view group, std::string_view version) const;
    bool is_custom(std::string_view group) const;

private:
    std::vector<type_ptr> types_;
};

} // namespace devcluster
