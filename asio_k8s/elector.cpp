#include "asio_k8s/elector.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/request.hpp"
#include "proto_http/error.hpp"
#include "proto_http/first_of.hpp"
#include "proto_http/with_deadline.hpp"

#include <boost/json/object.hpp>

namespace k8s {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

using answer = api_result<json_document>;

/// For with_deadline, which speaks proto_http's errors: a result of a result is neither.
struct answered {
    answer got;
};

asio::awaitable<proto_http::result<answered>> as_result(asio::awaitable<answer> call) {
    answered held;
    held.got = co_await std::move(call);
    co_return held;
}

lease_election::outcome outcome_of(const api_error& error, bool is_create) {
    if (error.code == errc::conflict || error.code == errc::already_exists)
        return lease_election::outcome::conflict;
    if (error.code == errc::not_found && !is_create) // a create without its namespace is a failure
        return lease_election::outcome::missing;
    return lease_election::outcome::failed;
}

} // namespace

/// The one lease of the election, as the watch shows it.
class elector::watch_feed final : public watch_handler {
public:
    explicit watch_feed(elector& owner) : owner_(owner) {}

    void applied(const object_key&, const json::object& object) override { owner_.observed(parse_lease(object)); }
    void deleted(const object_key&, std::string_view, const json::object*) override { owner_.observed(std::nullopt); }

    void synced() override {
        // A list without the lease tells nothing: it does not exist.
        if (!owner_.election_.is_known())
            owner_.observed(std::nullopt);
    }

    void trouble(const api_error* error, proto_http::duration) override {
        if (error != nullptr && owner_.on_trouble)
            owner_.on_trouble("watch", *error);
    }

private:
    elector& owner_;
};

elector::elector(client& api, elector_settings settings)
    : api_(api), settings_(std::move(settings)), election_(settings_.rules), wake_(api.runtime()) {}

void elector::observed(std::optional<lease_record> stored) {
    election_.observed(api_.runtime().now(), std::move(stored));
    if (on_change)
        on_change();
    wake_.set();
}

void elector::release() {
    is_releasing_ = true;
    wake_.set();
}

proto_http::request elector::request_of(const lease_election::attempt& what) const {
    if (what.resource_version.empty())
        return create_request(leases, settings_.lease.ns, lease_create_body(settings_.lease, what.record));
    return merge_patch_request(leases, settings_.lease, lease_patch_body(what.record, what.resource_version));
}

asio::awaitable<answer> elector::send(lease_election::attempt what) {
    proto_http::request request = request_of(what);
    auto call = as_result(api_.call(std::move(request)));
    proto_http::result<answered> ended = co_await proto_http::with_deadline(api_.runtime(), std::move(call), what.deadline);
    if (ended)
        co_return std::move(ended->got);
    api_error unanswered;
    unanswered.code = ended.error();
    co_return answer(std::move(unanswered));
}

asio::awaitable<void> elector::write(lease_election::attempt what) {
    const answer got = co_await send(what);
    const proto_http::time_point now = api_.runtime().now();
    if (got) {
        const json::object* object = got->value().if_object();
        const std::string_view version = object == nullptr ? std::string_view() : identity_of(*object).resource_version;
        election_.ended(now, lease_election::outcome::written, std::string(version));
    } else {
        const lease_election::outcome how = outcome_of(got.error(), what.resource_version.empty());
        election_.ended(now, how, {}, got.error().retry_after.value_or(proto_http::duration()));
        if (how == lease_election::outcome::failed && on_trouble)
            on_trouble(what.resource_version.empty() ? "create" : "patch", got.error());
    }
    if (on_change)
        on_change();
}

asio::awaitable<void> elector::give_up() {
    const std::optional<lease_election::attempt> last = election_.release(api_.runtime().now(), api_.runtime().wall_now());
    if (on_change)
        on_change();
    if (!last)
        co_return;
    const answer got = co_await send(*last);
    // Without it the others wait for the lease's end: nothing else is lost.
    if (!got && on_trouble)
        on_trouble("patch", got.error());
}

asio::awaitable<void> elector::take_part() {
    while (!is_releasing_) {
        std::optional<lease_election::attempt> what = election_.due(api_.runtime().now(), api_.runtime().wall_now());
        if (what) {
            co_await write(std::move(*what));
            continue;
        }
        const proto_http::error_code error = co_await wake_.wait(election_.next_due());
        if (error && error != proto_http::errc::timed_out)
            co_return;
        wake_.reset();
    }
    co_await give_up();
}

asio::awaitable<void> elector::run() {
    takes_part_ = true;
    watch_settings settings;
    settings.what = leases;
    settings.ns = settings_.lease.ns;
    settings.field_selector = "metadata.name=" + settings_.lease.name;
    watch_feed feed(*this);
    // The flag falls also when the frame is destroyed or an exception leaves it.
    struct falls {
        bool& flag;
        ~falls() { flag = false; }
    } at_end{takes_part_};
    auto watching = watch(api_, std::move(settings), feed);
    co_await proto_http::first_of(api_.runtime(), take_part(), std::move(watching));
}

} // namespace k8s
