#pragma once

#include "proto_http/runtime.hpp"
#include "tools/devcluster/api/resource_type.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What may be done to objects, and what the API server makes of it: names, uids, generations, conflicts, finalizers, graceful
// deletion. It knows nothing of HTTP: the verbs, the garbage collector and the tests stand on it alike.

namespace devcluster {

enum class field_validation { ignore, warn, strict };

struct write_options {
    bool dry_run = false;
    field_validation unknown_fields = field_validation::warn;
    /// What stood twice in the body that was sent, as complaints.
    std::vector<std::string> duplicate_fields;
    /// What a patch makes of an object is refused in other words than an object that was sent.
    bool is_patch = false;
    std::string strategic_patch; ///< how the refusal shows it; empty: it shows the object
    /// Told of what is done all the same ("unknown field ..."); null: nobody.
    std::vector<std::string>* warnings = nullptr;
};

struct delete_options {
    std::optional<std::int64_t> grace_seconds;
    std::string uid;              ///< precondition, or empty
    std::string resource_version; ///< precondition, or empty
    std::string propagation;      ///< "Background", "Foreground", "Orphan", or empty for the kind's own
    bool dry_run = false;
};

struct deletion {
    object_ptr object;    ///< its last state, or the one that it has until it is gone
    bool is_gone = false; ///< false: it waits for its grace period or for finalizers
};

/// What an update writes to.
enum class part { whole, status };

class objects {
public:
    using change_function = std::function<outcome<boost::json::object>(boost::json::object current)>;

    /// All three must outlive it.
    objects(proto_http::runtime& rt, store& into, registry& types) : rt_(rt), store_(into), types_(types) {}

    store& stored() noexcept { return store_; }
    registry& types() noexcept { return types_; }
    proto_http::wall_time wall_now() const noexcept { return rt_.wall_now(); }
    /// Runs it in a turn of the loop of its own: for listeners, which may not write.
    void run_later(std::function<void()> what);

    outcome<object_ptr> get(const resource_type& type, const object_key& key) const;

    /// `ns` is the request's; the object need not name it again.
    outcome<object_ptr> create(const resource_type& type, std::string_view ns, boost::json::object object,
                               const write_options& options = {});

    /// A PUT: the object must name its resourceVersion where the kind is custom.
    outcome<object_ptr> replace(const resource_type& type, const object_key& key, boost::json::object next,
                                part which = part::whole, const write_options& options = {});

    /// A PATCH: `make` gets the current state and gives the next one.
    outcome<object_ptr> modify(const resource_type& type, const object_key& key, const change_function& make,
                               part which = part::whole, const write_options& options = {});

    outcome<deletion> remove(const resource_type& type, const object_key& key, const delete_options& options = {});

private:
    outcome<void> admit_new(const resource_type& type, std::string_view ns, boost::json::object& object);
    outcome<void> check_namespace(const resource_type& type, std::string_view ns) const;
    static outcome<void> judge_fields(const resource_type& type, boost::json::object& object, const write_options& options);
    outcome<object_ptr> update(const resource_type& type, const object_key& key, const object_ptr& current,
                               boost::json::object next, part which, const write_options& options);
    static outcome<void> judge(const resource_type& type, const boost::json::object& object, part which,
                               const write_options& options, std::vector<cause> causes);
    std::string fresh_uid();
    std::string fresh_suffix();

    proto_http::runtime& rt_;
    store& store_;
    registry& types_;
};

/// metadata.NAME as text, or empty.
std::string_view metadata_text(const boost::json::object& object, std::string_view name);
/// metadata.finalizers, or null where there are none.
const boost::json::array* finalizers_of(const boost::json::object& object);
/// "2026-11-23T13:56:50Z"
std::string rfc3339_seconds(proto_http::wall_time at);
/// Whether something must happen before an object that is being deleted may go.
bool is_held(const resource_type& type, const boost::json::object& object);

} // namespace devcluster
