#include "controller/event_recorder.hpp"

#include "asio_k8s/rfc3339.hpp"
#include "controller/check_object.hpp"
#include "controller/names.hpp"
#include "proto_http/error.hpp"
#include "proto_http/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace kh {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

const k8s::resource events{"", "v1", "events", true};

constexpr std::string_view component = "kuberhealthy";
constexpr std::size_t queue_max = 1000;
// client-go's: while nobody answers, an Event is tried for two minutes.
constexpr int tries_max = 12;
constexpr proto_http::duration retry_delay = std::chrono::seconds(10);

bool may_pass(const k8s::api_error& error) {
    return !error.answered() || error.code == k8s::errc::throttled;
}

} // namespace

std::string event_create_body(const event_write& what) {
    json::object metadata;
    metadata["name"] = what.name;
    metadata["namespace"] = what.what.key.ns;
    json::object about;
    about["apiVersion"] = names::api_version;
    about["kind"] = v1::kind_of(what.what.kind);
    about["namespace"] = what.what.key.ns;
    about["name"] = what.what.key.name;
    about["uid"] = what.what.uid;
    json::object source;
    source["component"] = component;
    json::object out;
    out["apiVersion"] = "v1";
    out["kind"] = "Event";
    out["metadata"] = std::move(metadata);
    out["involvedObject"] = std::move(about);
    out["type"] = what.what.is_warning ? "Warning" : "Normal";
    out["reason"] = what.what.reason;
    out["message"] = proto_http::valid_utf8(what.what.message);
    out["source"] = std::move(source);
    out["reportingComponent"] = component;
    out["reportingInstance"] = "";
    out["firstTimestamp"] = k8s::format_rfc3339(what.first);
    out["lastTimestamp"] = k8s::format_rfc3339(what.last);
    out["count"] = what.count;
    return json::serialize(out);
}

std::string event_patch_body(const event_write& what) {
    json::object out;
    out["message"] = proto_http::valid_utf8(what.what.message);
    out["lastTimestamp"] = k8s::format_rfc3339(what.last);
    out["count"] = what.count;
    return json::serialize(out);
}

event_recorder::event_recorder(k8s::client& api, proto_http::task_group& tasks, logger& log)
    : api_(api), tasks_(tasks), log_(log) {}

void event_recorder::record(core::record_event what) {
    proto_http::runtime& rt = api_.runtime();
    std::optional<event_write> write = correlator_.correlate(std::move(what), rt.now(), rt.wall_now());
    if (!write)
        return;
    if (queue_.size() >= queue_max) {
        complain("an Event is dropped", "too many wait to be written");
        return;
    }
    queue_.push_back(std::move(*write));
    if (!std::exchange(is_writing_, true))
        tasks_.spawn("write events", write_all());
}

asio::awaitable<void> event_recorder::write_all() {
    struct at_end {
        bool& is_writing;
        explicit at_end(bool& flag) : is_writing(flag) {}
        ~at_end() { is_writing = false; }
    } end(is_writing_);
    while (!queue_.empty()) {
        event_write next = std::move(queue_.front());
        queue_.pop_front();
        co_await write(std::move(next));
    }
}

asio::awaitable<void> event_recorder::write(event_write what) {
    bool is_patch = what.is_repeat;
    for (int tries = 1;; ++tries) {
        const k8s::object_key key{what.what.key.ns, what.name};
        proto_http::request request = is_patch ? k8s::merge_patch_request(events, key, event_patch_body(what))
                                               : k8s::create_request(events, key.ns, event_create_body(what));
        const k8s::api_result<k8s::json_document> answer = co_await api_.call(std::move(request));
        if (answer)
            co_return;
        const k8s::api_error& error = answer.error();
        // A create whose answer was lost has happened.
        if (error.code == proto_http::errc::cancelled || error.code == k8s::errc::already_exists)
            co_return;
        if (is_patch && error.code == k8s::errc::not_found) {
            is_patch = false; // its time was over, or it was never created
            continue;
        }
        if (!may_pass(error) || tries >= tries_max) {
            complain("an Event is dropped", error.text());
            co_return;
        }
        proto_http::runtime& rt = api_.runtime();
        const proto_http::time_point again = rt.now() + std::max(retry_delay, error.retry_after.value_or(retry_delay));
        if (co_await proto_http::wait_until(rt, again))
            co_return;
    }
}

void event_recorder::complain(std::string_view message, std::string_view error) {
    if (const auto more = complaints_.allow(message, api_.runtime().now()))
        log_.warning(message, {{"error", error}, {"more", *more}});
}

} // namespace kh
