#include "proto_http/client.hpp"

#include "proto_http/client_connection.hpp"
#include "proto_http/error.hpp"
#include "proto_http/event.hpp"
#include "proto_http/request_head.hpp"
#include "proto_http/tls.hpp"

#include <list>
#include <vector>

namespace proto_http {

namespace asio = boost::asio;

namespace {

/// Grants a bounded number of permits, first come, first served.
class permit_queue {
public:
    explicit permit_queue(runtime& rt, std::size_t count) : rt_(rt), left_(count) {}

    asio::awaitable<error_code> take(time_point deadline) {
        if (left_ != 0) {
            --left_;
            co_return error_code();
        }
        auto turn = std::make_shared<event>(rt_);
        waiting_.push_back(turn);
        auto error = co_await turn->wait(deadline);
        if (!error)
            co_return error;
        // The permit may have been handed over in the same moment: it goes on to the next.
        if (turn->is_set())
            give_back();
        else
            waiting_.remove(turn);
        co_return error;
    }

    void give_back() {
        if (waiting_.empty()) {
            ++left_;
            return;
        }
        auto next = waiting_.front();
        waiting_.pop_front();
        next->set();
    }

private:
    runtime& rt_;
    std::size_t left_;
    std::list<std::shared_ptr<event>> waiting_;
};

class permit {
public:
    explicit permit(permit_queue& from) : from_(from) {}
    ~permit() { from_.give_back(); }
    permit(const permit&) = delete;
    permit& operator=(const permit&) = delete;

private:
    permit_queue& from_;
};

response take_response(response_parser& from) {
    response answer;
    answer.status = from.status;
    answer.headers = std::move(from.headers);
    answer.body = std::move(from.body);
    return answer;
}

class open_response final : public response_stream {
public:
    explicit open_response(std::unique_ptr<client_connection> over) : connection_(std::move(over)) {
        auto& parser = connection_->parser();
        head_.status = parser.status;
        head_.headers = std::move(parser.headers);
    }

    const response& head() const noexcept override { return head_; }

    asio::awaitable<result<std::string_view>> read(time_point deadline) override {
        auto& body = connection_->parser().body;
        body.clear();
        auto piece = co_await connection_->read_piece(deadline);
        if (!piece)
            co_return piece.error();
        co_return std::string_view(body);
    }

private:
    std::unique_ptr<client_connection> connection_;
    response head_;
};

} // namespace

class client::impl : public std::enable_shared_from_this<impl> {
public:
    impl(runtime& rt, client_settings settings)
        : rt_(rt), settings_(std::make_shared<const client_settings>(std::move(settings))), tls_(settings_->tls),
          permits_(rt, settings_->connections_max) {}

    asio::awaitable<result<response>> exchange(request what, time_point deadline) {
        auto keep = shared_from_this();
        auto head = request_head(what, *settings_, tls_ != nullptr);
        if (!head)
            co_return head.error();
        auto waited = co_await permits_.take(deadline);
        if (waited)
            co_return waited;
        permit held(permits_);

        auto kept = take_idle();
        if (kept) {
            auto answer = co_await exchange_on(kept.get(), *head, &what, deadline);
            bool was_dead = !answer && answer.error() == errc::closed && !kept->got_byte();
            if (answer && kept->can_be_kept())
                put_idle(std::move(kept));
            if (!was_dead || !what.replayable)
                co_return answer;
        }
        auto made = co_await client_connection::connect(rt_, settings_, tls_, deadline);
        if (!made)
            co_return made.error();
        auto fresh = std::move(*made);
        fresh->generation = generation_;
        auto answer = co_await exchange_on(fresh.get(), *head, &what, deadline);
        if (answer && fresh->can_be_kept())
            put_idle(std::move(fresh));
        co_return answer;
    }

    asio::awaitable<result<std::unique_ptr<response_stream>>> open(request what, time_point deadline) {
        auto keep = shared_from_this();
        auto head = request_head(what, *settings_, tls_ != nullptr);
        if (!head)
            co_return head.error();
        auto made = co_await client_connection::connect(rt_, settings_, tls_, deadline);
        if (!made)
            co_return made.error();
        auto connection = std::move(*made);
        auto answered = co_await send_and_read_head(connection.get(), *head, &what, response_parser::unlimited, deadline);
        if (!answered)
            co_return answered.error();
        std::unique_ptr<response_stream> opened = std::make_unique<open_response>(std::move(connection));
        co_return std::move(opened);
    }

    void forget_connections() {
        ++generation_;
        idle_.clear();
    }

    void use_tls(std::shared_ptr<tls_context> tls) { tls_ = std::move(tls); }

private:
    using connection_ptr = std::unique_ptr<client_connection>;

    asio::awaitable<result<void>> send_and_read_head(client_connection* on, std::string_view head, const request* what,
                                                     std::size_t body_size_max, time_point deadline) {
        auto sent = co_await on->send(head, what->body, deadline);
        // A server that refuses a body early answers and closes: its answer is worth more than the broken write.
        if (!sent && sent.error() != errc::closed)
            co_return sent.error();
        co_return co_await on->read_head(what->method == "HEAD", body_size_max, deadline);
    }

    asio::awaitable<result<response>> exchange_on(client_connection* on, std::string_view head, const request* what,
                                                  time_point deadline) {
        auto answered = co_await send_and_read_head(on, head, what, settings_->body_size_max, deadline);
        if (!answered)
            co_return answered.error();
        auto read = co_await on->read_body(deadline);
        if (!read)
            co_return read.error();
        co_return take_response(on->parser());
    }

    /// The connection that was used last; those above their age are closed on the way.
    connection_ptr take_idle() {
        auto oldest_good = rt_.now() - settings_->idle_connection_age_max;
        std::erase_if(idle_, [&](const connection_ptr& one) { return one->idle_since < oldest_good; });
        if (idle_.empty())
            return nullptr;
        auto last = std::move(idle_.back());
        idle_.pop_back();
        return last;
    }

    void put_idle(connection_ptr one) {
        if (one->generation != generation_ || settings_->idle_connections_max == 0)
            return;
        one->idle_since = rt_.now();
        if (idle_.size() == settings_->idle_connections_max)
            idle_.erase(idle_.begin());
        idle_.push_back(std::move(one));
    }

    runtime& rt_;
    std::shared_ptr<const client_settings> settings_;
    std::shared_ptr<tls_context> tls_;
    permit_queue permits_;
    std::vector<connection_ptr> idle_;
    unsigned generation_ = 0;
};

client::client(runtime& rt, client_settings settings) : impl_(std::make_shared<impl>(rt, std::move(settings))) {}

client::~client() {
    impl_->forget_connections();
}

asio::awaitable<result<response>> client::exchange(request what, time_point deadline) {
    return impl_->exchange(std::move(what), deadline);
}

asio::awaitable<result<std::unique_ptr<response_stream>>> client::open(request what, time_point deadline) {
    return impl_->open(std::move(what), deadline);
}

void client::forget_connections() {
    impl_->forget_connections();
}

void client::use_tls(std::shared_ptr<tls_context> tls) {
    impl_->use_tls(std::move(tls));
}

} // namespace proto_http
