#include "asio_k8s/watch_state.hpp"

#include "proto_http/mutation.hpp"

#include <algorithm>

namespace k8s {

using proto_http::time_point;

watch_state::watch_state(const limits& given, std::function<std::uint64_t()> random)
    : limits_(given), random_(std::move(random)), backoff_(given.delays) {}

watch_state::step watch_state::start() {
    return list_from_start();
}

watch_state::step watch_state::page_came(time_point now, std::string_view resource_version, std::string_view continue_token) {
    if (resource_version.empty()) {
        api_error error;
        error.code = errc::no_resource_version;
        return list_failed(now, std::move(error));
    }
    step next;
    if (!continue_token.empty()) {
        continue_token_ = continue_token;
        next = next_page();
    } else {
        continue_token_.clear();
        resource_version_ = resource_version;
        next = open();
        next.list_complete = true;
    }
    // A list says nothing about the health of a stream that keeps breaking.
    if (health_ == health::no_answer)
        hear_well(next);
    return next;
}

watch_state::step watch_state::list_failed(time_point now, api_error error) {
    if (error.code == errc::gone)
        return expired(now, std::move(error), health::no_answer);
    bool is_final = error.http_status >= 400 && error.http_status < 500 && error.http_status != 429;
    if (is_final || error.code == errc::no_resource_version || error.code == errc::malformed)
        continue_token_.clear();
    health_ = std::max(health_, health::no_answer);
    return again_after(now, std::move(error), false);
}

watch_state::step watch_state::watch_opened(time_point now) {
    opened_at_ = now;
    progressed_ = false;
    step next = read();
    if (health_ == health::no_answer)
        hear_well(next);
    return next;
}

watch_state::step watch_state::open_failed(time_point now, api_error error) {
    if (error.code == errc::gone)
        return expired(now, std::move(error), health::no_answer);
    health_ = std::max(health_, health::no_answer);
    bool may_list = error.answered() && error.code != errc::throttled;
    return again_after(now, std::move(error), may_list);
}

watch_state::step watch_state::event_came(std::string_view resource_version) {
    if (!resource_version.empty() && resource_version != resource_version_) {
        resource_version_ = resource_version;
        progress();
    }
    step next = read();
    if (health_ != health::good)
        hear_well(next);
    return next;
}

watch_state::step watch_state::error_event_came(time_point now, api_error error) {
    if (error.code == errc::gone)
        return expired(now, std::move(error), health::bad_stream);
    health_ = health::bad_stream;
    return again_after(now, std::move(error), true);
}

watch_state::step watch_state::bad_line_came(time_point now, api_error error) {
    health_ = health::bad_stream;
    if (++bad_lines_ >= limits_.bad_lines_max)
        fruitless_ = limits_.fruitless_max;
    return again_after(now, std::move(error), true);
}

watch_state::step watch_state::stream_ended(time_point now, api_error error) {
    auto expected = std::min<proto_http::duration>(limits_.short_watch, timeout_);
    if (progressed_ || now - opened_at_ >= expected) {
        step next = open();
        if (health_ != health::good)
            hear_well(next);
        return next;
    }
    health_ = health::bad_stream;
    return again_after(now, std::move(error), true);
}

watch_state::step watch_state::waited() {
    if (phase_ == phase::watching)
        return open();
    return continue_token_.empty() ? list_from_start() : next_page();
}

watch_state::step watch_state::list_from_start() {
    phase_ = phase::listing;
    continue_token_.clear();
    fruitless_ = 0;
    bad_lines_ = 0;
    return next_page();
}

watch_state::step watch_state::next_page() {
    step next;
    next.what = action::list_page;
    next.continue_token = continue_token_;
    return next;
}

watch_state::step watch_state::open() {
    phase_ = phase::watching;
    auto spread = static_cast<std::uint64_t>(std::max<std::int64_t>(0, (limits_.timeout_max - limits_.timeout_min).count()));
    timeout_ = limits_.timeout_min + std::chrono::seconds(static_cast<std::int64_t>(random_() % (spread + 1)));
    step next;
    next.what = action::open_watch;
    next.resource_version = resource_version_;
    next.timeout = timeout_;
    return next;
}

watch_state::step watch_state::read() {
    step next;
    next.what = action::read;
    next.read_deadline = opened_at_ + timeout_ + limits_.silence_slack;
    return next;
}

watch_state::step watch_state::again_after(time_point now, api_error error, bool may_list) {
    if (may_list && ++fruitless_ >= limits_.fruitless_max)
        phase_ = phase::listing;
    step next;
    next.what = action::wait;
    next.told = news::trouble;
    bool told_when = error.retry_after && *error.retry_after > proto_http::duration::zero();
    next.delay = told_when ? std::min(*error.retry_after, limits_.retry_after_max) : backoff_.next(now, random_());
    next.error = std::move(error);
    return next;
}

watch_state::step watch_state::expired(time_point now, api_error error, health trouble) {
    // A version that is too old is an ordinary thing, once. Only a new list replaces it: whatever happens next, it is not used
    // again.
    if (KH_MUTATION(ignore_a_410))
        return again_after(now, std::move(error), false);
    phase_ = phase::listing;
    continue_token_.clear();
    if (!expired_before_) {
        expired_before_ = true;
        return list_from_start();
    }
    health_ = std::max(health_, trouble);
    return again_after(now, std::move(error), false);
}

void watch_state::progress() {
    progressed_ = true;
    expired_before_ = false;
    fruitless_ = 0;
    bad_lines_ = 0;
}

void watch_state::hear_well(step& into) {
    health_ = health::good;
    into.told = news::recovered;
}

} // namespace k8s
