#pragma once

#include "proto_http/event.hpp"
#include "proto_http/runtime.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Objects by collection, one revision counter, and the changes of late: what etcd and the watch cache are to a kube-apiserver. It
// knows nothing of kinds; whoever writes has checked before.

namespace devcluster {

/// Namespace (empty for cluster-wide objects) and name.
using object_key = std::pair<std::string, std::string>;

/// One state of an object. Immutable: readers keep it as long as they like.
struct stored_object {
    boost::json::object value;  ///< metadata.resourceVersion is `revision`
    std::string text;           ///< the same, serialised once for all its readers; kind and apiVersion come first
    std::size_t members_at = 1; ///< where the other members begin in the text
    std::uint64_t revision = 0;
};
using object_ptr = std::shared_ptr<const stored_object>;

/// An object as it is under a revision.
object_ptr make_object(boost::json::object value, std::uint64_t revision);

enum class change_kind { added, modified, deleted };

struct change {
    std::uint64_t revision = 0;
    change_kind kind = change_kind::added;
    object_ptr object;   ///< of a deletion: the last state, under the deletion's revision
    object_ptr previous; ///< the state before; null for `added`
};

/// The objects of one resource, as in "pods" or "khchecks.comcast.github.io".
class collection {
public:
    explicit collection(std::string name) : name_(std::move(name)) {}

    const std::string& name() const noexcept { return name_; }
    object_ptr find(const object_key& key) const;
    std::size_t size() const noexcept { return objects_.size(); }

    /// In the order of their keys; `ns` empty: of all namespaces.
    std::vector<object_ptr> list(std::string_view ns) const;

    /// As it was at an earlier revision; nothing if that is forgotten.
    std::optional<std::vector<object_ptr>> list_at(std::string_view ns, std::uint64_t revision) const;

    /// Calls `take` with each change after `revision` until it returns false. False where some of them are lost.
    bool each_change_after(std::uint64_t revision, const std::function<bool(const change&)>& take) const;

    /// Nothing can be asked as of an earlier revision than this. A watch that has followed so far goes on all the same.
    std::uint64_t forgotten() const noexcept { return forgotten_; }

private:
    friend class store;

    std::string name_;
    std::map<object_key, object_ptr> objects_;
    std::deque<change> history_;
    std::uint64_t forgotten_ = 0;
    std::uint64_t last_lost_ = 0;             ///< the newest change that was dropped from the history
    std::vector<proto_http::event*> waiting_; ///< in the order of their subscription: a replay wakes them in the same one
};

class store {
public:
    /// `history_max`: changes of a collection that are kept for watches.
    explicit store(std::size_t history_max = 20'000) : history_max_(history_max) {}
    store(const store&) = delete;
    store& operator=(const store&) = delete;

    std::uint64_t revision() const noexcept { return revision_; }

    /// The collection of that name; it is made where there is none. Lives as long as the store.
    collection& in(std::string_view name);

    /// Stores a new object, or the next state of one, under the next revision.
    object_ptr put(collection& in, const object_key& key, boost::json::object value);

    /// Removes it, and answers its last state under the next revision; null where there was none.
    object_ptr erase(collection& in, const object_key& key);

    /// Forgets the changes of every collection up to now: watches and lists from earlier revisions are answered 410.
    void compact();

    /// `wake` is set at each change of the collection, until unsubscribed.
    void subscribe(collection& in, proto_http::event& wake) { in.waiting_.push_back(&wake); }
    void unsubscribe(collection& in, proto_http::event& wake) { std::erase(in.waiting_, &wake); }

    /// Called after each change, in order. They must not write by themselves (post it).
    std::vector<std::function<void(collection& in, const object_key& key, const change& what)>> listeners;

    /// Takes what was kept: an object as it was. Before anything else is stored.
    void restore(collection& in, const object_key& key, object_ptr object);
    void restore_revision(std::uint64_t revision);

private:
    void tell(collection& in, const object_key& key, change what);
    static void forget(collection& in, std::size_t keep);

    std::size_t history_max_;
    std::uint64_t revision_ = 1;
    std::map<std::string, collection, std::less<>> collections_;
};

} // namespace devcluster
