#include "asio_k8s/watcher.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/line_splitter.hpp"
#include "asio_k8s/request.hpp"
#include "asio_k8s/seen_objects.hpp"
#include "asio_k8s/status.hpp"
#include "asio_k8s/watch_event.hpp"
#include "asio_k8s/watch_state.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/system/system_error.hpp>

#include <memory>

namespace k8s {
namespace {

namespace asio = boost::asio;
using proto_http::response_stream;

watch_state::limits limits_of(const watch_settings& settings) {
    watch_state::limits limits;
    limits.timeout_min = settings.timeout_min;
    limits.timeout_max = settings.timeout_max;
    return limits;
}

asio::awaitable<bool> cancelled() {
    auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

/// Carries out what `watch_state` decides, and tells the handler what `seen_objects` has not told yet.
class watcher {
public:
    watcher(client& api, watch_settings settings, watch_handler& handler)
        : api_(api), rt_(api.runtime()), settings_(std::move(settings)), handler_(handler),
          state_(limits_of(settings_), [&rt = rt_] { return rt.random(); }) {}

    asio::awaitable<void> run() {
        auto next = state_.start();
        for (;;) {
            switch (next.what) {
            case watch_state::action::list_page:
                next = co_await list_page(std::move(next));
                break;
            case watch_state::action::open_watch:
                next = co_await open_watch(std::move(next));
                break;
            case watch_state::action::read:
                next = co_await read(std::move(next));
                break;
            case watch_state::action::wait:
                next = co_await wait(std::move(next));
                break;
            }
            if (co_await cancelled())
                co_return;
            tell_news(next);
            next.told = watch_state::news::none;
            next.list_complete = false;
        }
    }

private:
    using step = watch_state::step;

    asio::awaitable<step> list_page(step now_do) {
        stream_.reset();
        if (now_do.continue_token.empty())
            seen_.begin_list();
        list_options options;
        options.label_selector = settings_.label_selector;
        options.field_selector = settings_.field_selector;
        options.limit = settings_.page_size;
        options.continue_token = std::move(now_do.continue_token);
        step next;
        {
            auto answer = co_await api_.call(list_request(settings_.what, settings_.ns, options));
            if (answer.has_error())
                co_return state_.list_failed(rt_.now(), std::move(answer).error());
            if (co_await cancelled())
                co_return now_do;
            next = take_page(*answer);
        }
        // The page's memory is free again, and everybody else gets a turn, before the next one comes.
        co_await asio::post(rt_.executor(), asio::use_awaitable);
        co_return next;
    }

    step take_page(const boost::json::value& page) {
        const auto* list = page.if_object();
        const auto* metadata = list == nullptr ? nullptr : object_at(*list, "metadata");
        if (metadata == nullptr || !text_at(*list, "kind").ends_with("List"))
            return state_.list_failed(rt_.now(), make_api_error(errc::malformed, "the answer is not a list"));
        // Null where there are none.
        if (const auto* items = array_at(*list, "items"))
            for (const auto& item : *items)
                if (const auto* object = item.if_object())
                    tell_object(*object);
        return state_.page_came(rt_.now(), text_at(*metadata, "resourceVersion"), text_at(*metadata, "continue"));
    }

    asio::awaitable<step> open_watch(step now_do) {
        stream_.reset();
        watch_options options;
        options.label_selector = settings_.label_selector;
        options.field_selector = settings_.field_selector;
        options.resource_version = std::move(now_do.resource_version);
        options.timeout = now_do.timeout;
        auto opened = co_await api_.open(watch_request(settings_.what, settings_.ns, options));
        if (opened.has_error())
            co_return state_.open_failed(rt_.now(), std::move(opened).error());
        stream_ = std::move(*opened);
        lines_ = line_splitter(settings_.line_size_max);
        co_return state_.watch_opened(rt_.now());
    }

    /// Takes the next piece of the stream, and tells all events in it.
    asio::awaitable<step> read(step now_do) {
        auto piece = co_await stream_->read(now_do.read_deadline);
        if (co_await cancelled())
            co_return now_do;
        if (piece.has_error())
            co_return state_.stream_ended(rt_.now(), make_api_error(piece.error(), "the watch broke off"));
        if (piece->empty())
            co_return state_.stream_ended(rt_.now(), make_api_error(proto_http::errc::closed, "the watch ended at once"));
        lines_.feed(*piece);
        step next = std::move(now_do);
        while (auto line = lines_.next()) {
            next = take_line(*line);
            if (next.what != watch_state::action::read)
                co_return next;
            tell_news(next);
            next.told = watch_state::news::none;
        }
        parser_.forget();
        if (lines_.too_long())
            co_return state_.bad_line_came(rt_.now(), make_api_error(proto_http::errc::line_too_long));
        co_return next;
    }

    step take_line(std::string_view line) {
        auto event = parser_.parse(line);
        if (event.has_error())
            return state_.bad_line_came(rt_.now(), make_api_error(event.error(), "a line of the watch is not an event"));
        switch (event->kind) {
        case watch_event_kind::error:
            return state_.error_event_came(rt_.now(), error_from_status(*event->object));
        case watch_event_kind::bookmark:
            break;
        case watch_event_kind::deleted:
            tell_deleted(*event->object);
            break;
        case watch_event_kind::added:
        case watch_event_kind::modified:
            tell_object(*event->object);
            break;
        }
        return state_.event_came(identity_of(*event->object).resource_version);
    }

    asio::awaitable<step> wait(step now_do) {
        stream_.reset();
        co_await proto_http::wait_until(rt_, rt_.now() + now_do.delay);
        co_return state_.waited();
    }

    void tell_object(const boost::json::object& object) {
        auto identity = identity_of(object);
        if (identity.name.empty())
            return;
        auto key = key_of(identity);
        auto verdict = seen_.saw(key, identity.uid, identity.resource_version);
        if (!verdict.replaced_uid.empty())
            handler_.deleted(key, verdict.replaced_uid, nullptr);
        if (verdict.changed)
            handler_.applied(key, object);
    }

    void tell_deleted(const boost::json::object& object) {
        auto identity = identity_of(object);
        auto key = key_of(identity);
        if (seen_.gone(key, identity.uid))
            handler_.deleted(key, identity.uid, &object);
    }

    void tell_news(const step& next) {
        if (next.told == watch_state::news::trouble)
            handler_.trouble(&next.error, next.delay);
        if (next.told == watch_state::news::recovered)
            handler_.trouble(nullptr, proto_http::duration::zero());
        if (!next.list_complete)
            return;
        for (const auto& gone : seen_.end_list())
            handler_.deleted(gone.key, gone.uid, nullptr);
        handler_.synced();
    }

    static object_key key_of(const object_identity& identity) {
        object_key key;
        key.ns = identity.ns;
        key.name = identity.name;
        return key;
    }

    client& api_;
    proto_http::runtime& rt_;
    watch_settings settings_;
    watch_handler& handler_;
    watch_state state_;
    seen_objects seen_;
    watch_event_parser parser_;
    line_splitter lines_{0};
    std::unique_ptr<response_stream> stream_;
};

} // namespace

asio::awaitable<void> watch(client& api, watch_settings settings, watch_handler& handler) {
    watcher one(api, std::move(settings), handler);
    try {
        co_await one.run();
    } catch (const boost::system::system_error& error) {
        // A cancel that came between two operations ends the next await this way.
        if (error.code() != asio::error::operation_aborted)
            throw;
    }
}

} // namespace k8s
