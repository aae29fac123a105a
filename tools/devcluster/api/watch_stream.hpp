#pragma once

#include "proto_http/server.hpp"
#include "tools/devcluster/api/objects.hpp"
#include "tools/devcluster/api/representation.hpp"
#include "tools/devcluster/api/selector.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>

// One watch: the changes of a collection, as lines of JSON, until its time is over or the client goes.

namespace devcluster {

struct watch_request {
    type_ptr type;
    std::string ns;
    label_selector labels;
    field_selector fields;
    representation how;
    /// Changes after this one are told; nothing: first everything that there is.
    std::optional<std::uint64_t> from;
    bool bookmarks = false;
    bool marks_initial_end = false; ///< sendInitialEvents: a bookmark says when everything has been told
    std::chrono::seconds timeout{1800};
    proto_http::duration bookmark_interval = std::chrono::seconds(60);
};

/// The body of the answer. Whatever is in `all` must outlive the stream.
boost::asio::awaitable<void> stream_watch(proto_http::runtime& rt, objects& all, watch_request what, proto_http::body_writer& to);

} // namespace devcluster
