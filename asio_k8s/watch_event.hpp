#pragma once

#include "proto_http/result.hpp"

#include <boost/json/fwd.hpp>

#include <memory>
#include <string_view>

namespace k8s {

enum class watch_event_kind { added, modified, deleted, bookmark, error };

/// One line of a watch stream (meta/v1 WatchEvent). `object` is a Status for `error`; for `bookmark` only its resourceVersion
/// means anything.
struct watch_event {
    watch_event_kind kind = watch_event_kind::error;
    const boost::json::object* object = nullptr;
};

/// Parses lines into memory of its own that is used over and over, so that nothing of an object outlives its line.
class watch_event_parser {
public:
    watch_event_parser();
    ~watch_event_parser();

    /// The event is valid until the next call. Errors: errc::malformed for what is not JSON, has no object, or has a type that
    /// the API does not know.
    proto_http::result<watch_event> parse(std::string_view line);

    /// Lets go of the memory of the last event.
    void forget();

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace k8s
