#pragma once

#include "controller/core/action.hpp"
#include "proto_http/time.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What becomes of an Event before it is written, as in client-go (tools/record/events_cache.go): the same again counts up the one
// that is there; many of one reason that differ only in their message become one; and an object gets so many, no more. Pure, and
// bounded in memory.

namespace kh {

struct correlation_rules {
    std::size_t objects_max = 4096;                                   ///< beyond: the one not heard of for longest is forgotten
    std::size_t similar_max = 10;                                     ///< of one reason within the interval, then they are joined
    proto_http::duration similar_interval = std::chrono::minutes(10); ///< since the last one
    double burst = 25;                                                ///< of one object
    proto_http::duration refill_interval = std::chrono::minutes(5);   ///< one more
    std::size_t series_max = 32;                                      ///< of one object
};

/// An Event as it is to be written: created, or where it is a repeat its count, time and message patched.
struct event_write {
    core::record_event what; ///< its message as it is to be written
    std::string name;
    bool is_repeat = false;
    std::uint64_t count = 1;
    std::int64_t first = 0; ///< unix seconds
    std::int64_t last = 0;
};

class event_correlator {
public:
    explicit event_correlator(correlation_rules rules = {}) : rules_(rules) {}

    /// Nothing where the object has had its share; a later repeat has counted it.
    std::optional<event_write> correlate(core::record_event what, proto_http::time_point now, proto_http::wall_time wall);

    std::size_t objects() const noexcept { return objects_.size(); }

private:
    /// One Event object in the API server.
    struct series {
        std::string reason;
        std::string message; ///< empty: the joined ones of its reason
        std::string name;
        std::uint64_t count = 0;
        std::int64_t first = 0;
    };
    /// Different messages of one reason.
    struct similar {
        std::vector<std::string> messages;
        proto_http::time_point last;
    };
    struct budget {
        double tokens = 0;
        proto_http::time_point at;
    };
    struct object_record {
        std::string uid;
        std::list<series> seen; ///< the latest first
        std::map<std::string, similar, std::less<>> reasons;
        std::map<bool, budget> budgets; ///< of starts of runs, and of everything else
    };

    object_record& record_of(const std::string& uid);
    bool is_to_be_joined(object_record& object, const core::record_event& what, proto_http::time_point now) const;
    series& series_of(object_record& object, std::string_view reason, std::string_view message);
    bool may_write(object_record& object, std::string_view reason, proto_http::time_point now) const;
    std::string fresh_name(std::string_view object_name, proto_http::wall_time wall);

    correlation_rules rules_;
    std::list<object_record> objects_; ///< the latest first
    std::map<std::string, std::list<object_record>::iterator> by_uid_;
    std::int64_t last_name_ = 0;
};

} // namespace kh
