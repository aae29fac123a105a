#include "tools/devcluster/node/outbox.hpp"

#include "asio_k8s/backoff.hpp"
#include "proto_http/error.hpp"

#include <boost/json/value.hpp>

#include <algorithm>

namespace devcluster {

namespace {

bool may_be_taken_later(const k8s::api_error& error) {
    return !error.answered() || error.code == k8s::errc::throttled || error.code == k8s::errc::server_error;
}

} // namespace

outbox::outbox(k8s::client& api, std::function<void(const proto_http::request&, const k8s::api_error&)> on_refused)
    : api_(api), on_refused_(std::move(on_refused)), arrived_(api.runtime()) {}

void outbox::send(proto_http::request what, std::string key) {
    auto same =
        std::find_if(letters_.begin(), letters_.end(), [&key](const letter& each) { return !key.empty() && each.key == key; });
    if (same != letters_.end())
        same->what = std::move(what);
    else
        letters_.push_back(letter{std::move(what), std::move(key)});
    arrived_.set();
}

boost::asio::awaitable<void> outbox::run() {
    auto& rt = api_.runtime();
    k8s::backoff pause;
    while (true) {
        if (letters_.empty()) {
            arrived_.reset();
            if (auto error = co_await arrived_.wait(); error)
                co_return;
            continue;
        }
        auto one = std::move(letters_.front());
        letters_.pop_front();
        auto copy = one.what;
        auto answer = co_await api_.call(std::move(copy));
        if (answer)
            continue;
        if (answer.error().code == proto_http::errc::cancelled)
            co_return;
        if (!may_be_taken_later(answer.error())) {
            on_refused_(one.what, answer.error());
            continue;
        }
        // Unless something newer has come in its place.
        bool is_outdated = std::any_of(letters_.begin(), letters_.end(),
                                       [&one](const letter& each) { return !one.key.empty() && each.key == one.key; });
        if (!is_outdated)
            letters_.push_front(std::move(one));
        auto delay = answer.error().retry_after.value_or(pause.next(rt.now(), rt.random()));
        if (auto error = co_await proto_http::wait_until(rt, rt.now() + delay); error)
            co_return;
    }
}

} // namespace devcluster
