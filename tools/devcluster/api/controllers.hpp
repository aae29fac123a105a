#pragma once

#include "proto_http/event.hpp"
#include "proto_http/task_group.hpp"
#include "tools/devcluster/api/objects.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <set>
#include <string>

// What kube-controller-manager does for the kinds that are served: objects go with their owners, a namespace goes with its
// content and comes with a default ServiceAccount.

namespace devcluster {

class controllers {
public:
    /// Both must outlive it.
    controllers(proto_http::runtime& rt, objects& all);
    controllers(const controllers&) = delete;
    controllers& operator=(const controllers&) = delete;

    /// Works until it is cancelled.
    boost::asio::awaitable<void> run();

private:
    struct reference {
        std::string collection;
        object_key key;
        auto operator<=>(const reference&) const = default;
    };

    void changed(collection& in, const object_key& key, const change& what);
    void index(const reference& who, const object_ptr& before, const object_ptr& now);
    void work();
    void collect(const reference& who);
    void collect_owner_in_deletion(const reference& who, const object_ptr& owner, bool is_foreground);
    void drop_owner(const reference& dependent, std::string_view owner_uid);
    void end_namespace(const reference& who, const object_ptr& space);
    void make_default_account(const object_key& space);
    bool exists(std::string_view uid) const { return uids_.contains(std::string(uid)); }
    type_ptr type_of(const reference& who) const;
    object_ptr find(const reference& who) const;

    objects& all_;
    proto_http::event pending_;
    std::map<std::string, reference> uids_;                 ///< everything that exists
    std::map<std::string, std::set<reference>> dependents_; ///< by the uid of the owner
    std::set<reference> to_look_at_;
};

} // namespace devcluster
