#include "controller/influx_forwarder.hpp"

#include "asio_k8s/base64.hpp"
#include "controller/influx_line.hpp"
#include "controller/version.hpp"
#include "proto_http/client.hpp"
#include "proto_http/error.hpp"
#include "proto_http/text.hpp"
#include "proto_http/tls.hpp"
#include "proto_http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace kh {

namespace asio = boost::asio;

namespace {

constexpr std::size_t queue_results_max = 10'000;
constexpr std::size_t queue_bytes_max = std::size_t{4} * 1024 * 1024;
constexpr std::size_t batch_results_max = 1000;
constexpr std::size_t batch_bytes_max = std::size_t{256} * 1024;
constexpr auto exchange_time_max = std::chrono::seconds(30);
constexpr auto retry_after_max = std::chrono::minutes(5);

k8s::backoff::limits retry_limits() {
    k8s::backoff::limits limits;
    limits.first = std::chrono::seconds(1);
    limits.delay_max = std::chrono::seconds(60);
    return limits;
}

/// What would be answered the same again. Everything else may pass: a database that is not there yet, a password that is put
/// right.
bool is_final(unsigned status) {
    return status == 400 || status == 413 || status == 422;
}

proto_http::duration retry_after(const proto_http::response& reply) {
    const std::string_view text = proto_http::trim(reply.headers.get("Retry-After"));
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size())
        return {};
    return std::min<proto_http::duration>(std::chrono::seconds(seconds), retry_after_max);
}

} // namespace

/// A server and how it is spoken to.
class influx_forwarder::destination {
public:
    static proto_http::result<std::shared_ptr<destination>> make(proto_http::runtime& rt, const influx_settings& from) {
        auto url = proto_http::parse_url(from.url);
        if (!url)
            return url.error();
        proto_http::client_settings settings;
        settings.origin = url->origin;
        settings.connections_max = 1;
        if (url->tls) {
            auto tls = proto_http::tls_context::client({});
            if (!tls)
                return tls.error();
            settings.tls = std::move(*tls);
        }
        std::string authorization;
        if (!from.username.empty()) {
            authorization = "Basic " + k8s::base64_encode(from.username + ":" + from.password);
        } else if (!url->user_info.empty()) {
            auto basic = proto_http::basic_authorization(url->user_info);
            if (!basic)
                return basic.error();
            authorization = std::move(*basic);
        }
        return std::make_shared<destination>(rt, std::move(settings), *url, from.database, std::move(authorization));
    }

    destination(proto_http::runtime& rt, proto_http::client_settings settings, const proto_http::url_parts& url,
                const std::string& database, std::string authorization)
        : client_(rt, std::move(settings)), name_(fmt::format("{}:{}", url.origin.host, url.origin.port)),
          target_(fmt::format("{}/write?db={}&precision=s", url.path, proto_http::percent_encode(database))),
          authorization_(std::move(authorization)) {}

    /// For logs: without user, password and path.
    const std::string& name() const { return name_; }

    asio::awaitable<proto_http::result<proto_http::response>> write(std::string body, proto_http::time_point deadline) {
        proto_http::request what;
        what.method = "POST";
        what.target = target_;
        what.headers.add("User-Agent", "kuberhealthy/" + std::string(version()));
        what.headers.add("Content-Type", "text/plain; charset=utf-8");
        if (!authorization_.empty())
            what.headers.add("Authorization", authorization_);
        what.body = std::move(body);
        what.replayable = true; // the same point at the same time is the same point
        co_return co_await client_.exchange(std::move(what), deadline);
    }

private:
    proto_http::client client_;
    std::string name_;
    std::string target_;
    std::string authorization_;
};

influx_forwarder::influx_forwarder(proto_http::runtime& rt, logger& log, const influx_settings& wanted)
    : runtime_(rt), log_(log), settings_(wanted), backoff_(retry_limits()), wake_(rt), settled_(rt) {
    settled_.set();
}

influx_forwarder::~influx_forwarder() = default;

void influx_forwarder::use(const influx_settings& wanted) {
    if (wanted == settings_)
        return;
    settings_ = wanted;
    to_.reset();
    is_failing_ = false;
    if (!settings_.enabled)
        drop_down_to(0, 0);
    wake_.set(); // a pause before the next try was for the old server
}

void influx_forwarder::forward(const core::state_view& stored) {
    if (!settings_.enabled)
        return;
    queue_.push_back(influx_lines(stored));
    bytes_ += queue_.back().size();
    drop_down_to(queue_results_max, queue_bytes_max);
    if (is_failing_) // it is asked again when its pause is over
        return;
    settled_.reset();
    wake_.set();
}

/// What is under way stays: its answer decides.
void influx_forwarder::drop_down_to(std::size_t results, std::size_t bytes) {
    while (queue_.size() > sending_ && (queue_.size() > results || bytes_ > bytes)) {
        const auto oldest = queue_.begin() + static_cast<std::ptrdiff_t>(sending_);
        bytes_ -= oldest->size();
        queue_.erase(oldest);
        ++counts_.dropped;
    }
}

influx_forwarder::batch influx_forwarder::next_batch() const {
    batch next;
    for (const std::string& lines : queue_) {
        if (next.results == batch_results_max || (next.results > 0 && next.body.size() + lines.size() > batch_bytes_max))
            break;
        next.body += lines;
        ++next.results;
    }
    return next;
}

void influx_forwarder::remove_sent(std::size_t results) {
    for (std::size_t i = 0; i < results; ++i) {
        bytes_ -= queue_.front().size();
        queue_.pop_front();
    }
}

influx_forwarder::answer influx_forwarder::come_again(const std::string& error, proto_http::duration least) {
    pause_ = std::max(least, backoff_.next(runtime_.now(), runtime_.random()));
    if (!std::exchange(is_failing_, true))
        log_.warning("InfluxDB does not take results; they wait", {{"server", to_ ? to_->name() : ""}, {"error", error}});
    return answer::later;
}

influx_forwarder::answer influx_forwarder::judge(const proto_http::response& reply, const batch& what) {
    const std::string said = fmt::format("{} {}", reply.status, proto_http::one_line(reply.body, 256));
    if (reply.status / 100 != 2 && !is_final(reply.status))
        return come_again(said, retry_after(reply));
    if (std::exchange(is_failing_, false))
        log_.info("InfluxDB takes results again", {{"server", to_ ? to_->name() : ""}, {"dropped", counts_.dropped}});
    if (!is_final(reply.status)) {
        counts_.written += what.results;
        return answer::written;
    }
    counts_.refused += what.results;
    if (const auto held_back = refusals_.allow("", runtime_.now()))
        log_.warning("InfluxDB refused results", {{"results", what.results}, {"answer", said}, {"held_back", *held_back}});
    return answer::refused;
}

asio::awaitable<influx_forwarder::answer> influx_forwarder::send(batch what) {
    if (!to_) {
        auto made = destination::make(runtime_, settings_);
        if (!made)
            co_return come_again(made.error().message());
        to_ = std::move(*made);
    }
    const std::shared_ptr<destination> to = to_; // it lives until its exchange has ended
    auto reply = co_await to->write(what.body, runtime_.now() + exchange_time_max);
    if (!reply && reply.error() == proto_http::errc::cancelled)
        co_return answer::cancelled;
    if (to != to_) // other settings came meanwhile: whatever the old server said, it was not the last word if it was a no
        co_return reply && reply->status / 100 == 2 ? judge(*reply, what) : answer::later;
    if (!reply)
        co_return come_again(reply.error().message());
    co_return judge(*reply, what);
}

asio::awaitable<void> influx_forwarder::run() {
    while (true) {
        if (queue_.empty()) {
            settled_.set();
            if (co_await wake_.wait())
                co_return;
        }
        wake_.reset();
        if (queue_.empty())
            continue;
        settled_.reset();
        pause_ = {};
        batch next = next_batch();
        const std::size_t results = next.results;
        sending_ = results;
        const answer ended = co_await send(std::move(next));
        sending_ = 0;
        if (ended == answer::cancelled)
            co_return;
        if (ended != answer::later)
            remove_sent(results);
        if (!settings_.enabled)
            drop_down_to(0, 0);
        if (pause_ == proto_http::duration{})
            continue;
        settled_.set();
        wake_.reset(); // set by results that came meanwhile: they wait as well
        const auto error = co_await wake_.wait(runtime_.now() + pause_);
        if (error && error != proto_http::errc::timed_out)
            co_return;
    }
}

asio::awaitable<void> influx_forwarder::flushed(proto_http::time_point deadline) {
    co_await settled_.wait(deadline);
}

} // namespace kh
