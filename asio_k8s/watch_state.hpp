#pragma once

#include "asio_k8s/backoff.hpp"
#include "asio_k8s/error.hpp"
#include "proto_http/time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

// What to do next in a list-then-watch, without I/O and without a clock. `watcher.cpp` carries it out.
//
// The recovery table:
//   a list page fails                    the same page again after Retry-After or back-off
//   … with 410 (the list expired)        the list from its start: at once; after back-off if that was so before
//   … with another 4xx, on a later page  the list from its start, after back-off
//   a list without a resourceVersion     the list again after back-off
//   a watch cannot be opened             again after Retry-After or back-off; answered so 5 times without progress (429 apart):
//   list 410, as status or as ERROR event     list: at once; after back-off if no progress was made since the last one another
//   ERROR event                  back-off, then watch from the last version; 5 times without progress: list the stream ends, or
//   is reset         watch from the last version, at once … within 10 s and without progress   the same after back-off; 5 times
//   without progress: list silence beyond timeoutSeconds + 5 s  as the end of the stream a line that does not parse watch from
//   the last version after back-off; 3 times without progress: list
// Progress is a resourceVersion that was not known before. A version is never skipped, invented or overwritten by an absent one.

namespace k8s {

class watch_state {
public:
    struct limits {
        std::chrono::seconds timeout_min{240}; ///< timeoutSeconds is drawn between these two
        std::chrono::seconds timeout_max{300};
        proto_http::duration silence_slack = std::chrono::seconds(5);
        proto_http::duration short_watch = std::chrono::seconds(10);
        unsigned fruitless_max = 5;
        unsigned bad_lines_max = 3;
        proto_http::duration retry_after_max = std::chrono::minutes(5);
        backoff::limits delays;
    };

    enum class action {
        list_page,  ///< ask for the page of `continue_token`; empty: the first one, and what is seen from now on is a new list
        open_watch, ///< ask for a watch from `resource_version` with `timeout`
        read,       ///< take the stream's next line, until `read_deadline`
        wait,       ///< close the stream; wait for `delay`, then call `waited`
    };

    /// Told to the layer above before the action is carried out.
    enum class news {
        none,
        trouble,   ///< something failed: `error` says what, `delay` how long until it is tried again
        recovered, ///< the first sign of health since
    };

    struct step {
        action what = action::list_page;
        news told = news::none;
        bool list_complete = false; ///< what the list did not show is gone; all has been told
        std::string continue_token;
        std::string resource_version;
        std::chrono::seconds timeout{};
        proto_http::time_point read_deadline{};
        proto_http::duration delay{};
        api_error error;
    };

    /// `random` is drawn from for timeouts and jitter.
    watch_state(const limits& given, std::function<std::uint64_t()> random);

    step start();
    step page_came(proto_http::time_point now, std::string_view resource_version, std::string_view continue_token);
    step list_failed(proto_http::time_point now, api_error error);
    step watch_opened(proto_http::time_point now);
    step open_failed(proto_http::time_point now, api_error error);
    /// ADDED, MODIFIED, DELETED or BOOKMARK, after it was told.
    step event_came(std::string_view resource_version);
    step error_event_came(proto_http::time_point now, api_error error);
    /// Not JSON, not an event, or over the limit of a line.
    step bad_line_came(proto_http::time_point now, api_error error);
    /// Ended, reset, or silent until its deadline.
    step stream_ended(proto_http::time_point now, api_error error);
    step waited();

private:
    /// What the last trouble was: it tells what heals it. An answer heals `no_answer`; only an event, or a stream that lives on,
    /// heals `bad_stream`.
    enum class health { good, no_answer, bad_stream };

    step list_from_start();
    step next_page();
    step open();
    step read();
    step again_after(proto_http::time_point now, api_error error, bool may_list);
    step expired(proto_http::time_point now, api_error error, health trouble);
    void progress();
    void hear_well(step& into);

    limits limits_;
    std::function<std::uint64_t()> random_;
    backoff backoff_;

    enum class phase { listing, watching } phase_ = phase::listing;
    std::string resource_version_;
    std::string continue_token_;
    std::chrono::seconds timeout_{};
    proto_http::time_point opened_at_{};
    bool progressed_ = false;     ///< since the watch was opened
    bool expired_before_ = false; ///< a 410 since the last progress
    unsigned fruitless_ = 0;      ///< attempts to watch since the last progress
    unsigned bad_lines_ = 0;      ///< since the last progress
    health health_ = health::good;
};

} // namespace k8s
