#include "tools/devcluster/api/watch_stream.hpp"

#include "asio_k8s/json_access.hpp"
#include "proto_http/event.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace devcluster {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// Events are gathered up to this size and then written; what a client does not take waits in the store, not here.
constexpr std::size_t batch_size = 64 * 1024;

/// A bookmark comes this long before the stream ends by itself, so that the next watch starts from near the present.
constexpr auto last_bookmark_before_end = std::chrono::seconds(2);

class watch_stream {
public:
    watch_stream(proto_http::runtime& rt, objects& all, watch_request what, proto_http::body_writer& to)
        : rt_(rt), all_(all), what_(std::move(what)), to_(to), collection_(all.stored().in(what_.type->collection_name())),
          changed_(rt), end_(rt.now() + what_.timeout), next_bookmark_(bookmark_time()) {
        all_.stored().subscribe(collection_, changed_);
    }
    ~watch_stream() { all_.stored().unsubscribe(collection_, changed_); }
    watch_stream(const watch_stream&) = delete;
    watch_stream& operator=(const watch_stream&) = delete;

    asio::awaitable<void> run() {
        if (what_.from) {
            position_ = *what_.from;
            if (position_ < collection_.forgotten()) {
                write_too_old();
                co_await flush();
                co_return;
            }
        } else {
            bool is_written = co_await write_initial();
            if (!is_written)
                co_return;
        }
        while (true) {
            changed_.reset();
            bool is_complete = gather();
            if (!batch_.empty()) {
                if (!co_await flush())
                    co_return;
                continue;
            }
            if (!is_complete) {
                write_too_old();
                co_await flush();
                co_return;
            }
            position_ = all_.stored().revision(); // there was nothing in between
            if (rt_.now() >= next_bookmark_)
                write_bookmark(false);
            if (!co_await flush() || rt_.now() >= end_)
                co_return;
            co_await changed_.wait(std::min(end_, next_bookmark_));
        }
    }

private:
    proto_http::time_point bookmark_time() const {
        if (!what_.bookmarks)
            return proto_http::never;
        auto last = end_ - last_bookmark_before_end;
        auto next = rt_.now() + what_.bookmark_interval;
        return rt_.now() < last ? std::min(next, last) : proto_http::never;
    }

    asio::awaitable<bool> write_initial() {
        position_ = all_.stored().revision();
        for (const auto& object : collection_.list(what_.ns)) {
            if (selects(object->value))
                write_event("ADDED", object);
            if (batch_.size() >= batch_size && !co_await flush())
                co_return false;
        }
        if (what_.marks_initial_end)
            write_bookmark(true);
        co_return co_await flush();
    }

    /// Takes changes into the batch. False where some of them are forgotten.
    bool gather() {
        return collection_.each_change_after(position_, [this](const change& one) {
            position_ = one.revision;
            take(one);
            return batch_.size() < batch_size;
        });
    }

    /// To a watch with a selector, an object that begins to match is new, and one that no longer does is gone.
    void take(const change& one) {
        if (!what_.ns.empty() && metadata_text(one.object->value, "namespace") != what_.ns)
            return;
        bool is_in = one.kind != change_kind::deleted && selects(one.object->value);
        bool was_in = one.previous && selects(one.previous->value);
        if (is_in)
            write_event(was_in ? "MODIFIED" : "ADDED", one.object);
        else if (was_in && one.kind == change_kind::deleted)
            write_event("DELETED", one.object);
        else if (was_in) // as it was in the selection
            write_event("DELETED", make_object(one.previous->value, one.revision));
    }

    bool selects(const json::object& object) const {
        if (!what_.labels.selects_everything()) {
            const auto* metadata = k8s::object_at(object, "metadata");
            if (!what_.labels.matches(metadata == nullptr ? nullptr : k8s::object_at(*metadata, "labels")))
                return false;
        }
        return what_.fields.selects_everything() || what_.fields.matches(object);
    }

    void write_event(std::string_view type, const object_ptr& object) {
        batch_.append(R"({"type":")").append(type).append(R"(","object":)");
        if (what_.how.as == representation::form::whole && !what_.type->is_custom)
            batch_ += object->text;
        else
            batch_ += render_watched(*what_.type, object, what_.how, std::exchange(is_first_, false), rt_.wall_now());
        batch_ += "}\n";
    }

    void write_bookmark(bool is_end_of_initial) {
        json::object metadata;
        metadata["resourceVersion"] = std::to_string(position_);
        if (is_end_of_initial)
            metadata["annotations"] = json::object{{"k8s.io/initial-events-end", "true"}};
        json::object object;
        object["kind"] = what_.type->kind;
        object["apiVersion"] = what_.type->api_version();
        object["metadata"] = std::move(metadata);
        batch_ += fmt::format("{{\"type\":\"BOOKMARK\",\"object\":{}}}\n", json::serialize(object));
        next_bookmark_ = bookmark_time();
    }

    void write_too_old() {
        auto error = expired(fmt::format("too old resource version: {} ({})", position_, collection_.forgotten()));
        batch_ += fmt::format("{{\"type\":\"ERROR\",\"object\":{}}}\n", json::serialize(to_json(error)));
    }

    asio::awaitable<bool> flush() {
        auto written = co_await to_.write(batch_);
        batch_.clear();
        co_return written.has_value();
    }

    proto_http::runtime& rt_;
    objects& all_;
    watch_request what_;
    proto_http::body_writer& to_;
    collection& collection_;
    proto_http::event changed_;
    proto_http::time_point end_;
    proto_http::time_point next_bookmark_;
    std::uint64_t position_ = 0;
    bool is_first_ = true;
    std::string batch_;
};

} // namespace

asio::awaitable<void> stream_watch(proto_http::runtime& rt, objects& all, watch_request what, proto_http::body_writer& to) {
    watch_stream one(rt, all, std::move(what), to);
    co_await one.run();
}

} // namespace devcluster
