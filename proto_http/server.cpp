#include "proto_http/server.hpp"

#include "proto_http/error.hpp"
#include "proto_http/event.hpp"
#include "proto_http/session.hpp"
#include "proto_http/task_group.hpp"
#include "proto_http/tls.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <map>

namespace proto_http {

namespace asio = boost::asio;

namespace {

// Out of descriptors: the next accept would fail in the same way at once.
constexpr auto accept_pause = std::chrono::milliseconds(100);

} // namespace

class server::impl : public std::enable_shared_from_this<impl> {
public:
    impl(runtime& rt, std::vector<route> routes, server_limits limits, std::shared_ptr<tls_context> tls)
        : rt_(rt), host_(std::make_shared<session_host>(rt, std::move(routes), limits, std::move(tls))), changed_(rt),
          tasks_(rt, [this](const std::string&, std::exception_ptr exception) { report(exception); }) {}

    std::function<void(std::string_view)> on_error;

    asio::awaitable<void> run(std::unique_ptr<acceptor> from) {
        auto keep = shared_from_this();
        bool throws = co_await asio::this_coro::throw_if_cancelled();
        // From here on a cancel is looked at, not thrown: the sessions have to be seen to their end.
        co_await asio::this_coro::throw_if_cancelled(false);
        host_->report = [this](std::string_view text) { report(text); };
        acceptor_ = from.get();
        if (!host_->is_closing)
            co_await accept_until_closed();
        acceptor_ = nullptr;
        from->close();
        from.reset();
        co_await finish_sessions();
        tasks_.cancel();
        co_await tasks_.join();
        co_await asio::this_coro::throw_if_cancelled(throws);
    }

    void drain(time_point deadline, time_point listen_until) {
        deadline_ = std::min(deadline_, deadline);
        host_->is_draining = true;
        listen_until = std::min(listen_until, deadline);
        if (listen_until <= rt_.now())
            close();
        else
            tasks_.spawn("last connections", close_at(listen_until));
    }

    void use_tls(std::shared_ptr<tls_context> tls) { host_->tls = std::move(tls); }

    std::size_t connections() const noexcept { return sessions_.size(); }

private:
    struct entry {
        std::shared_ptr<session> what;
        task_group::task_id task = 0;
    };

    asio::awaitable<void> close_at(time_point when) {
        const auto error = co_await wait_until(rt_, when);
        if (!error)
            close();
    }

    void close() {
        host_->is_closing = true;
        if (acceptor_ != nullptr)
            acceptor_->close();
        for (auto& [key, one] : sessions_) {
            if (one.what->is_idle())
                one.what->close();
            else if (!one.what->drains_with_grace())
                tasks_.cancel(one.task);
        }
        changed_.set();
    }

    asio::awaitable<void> accept_until_closed() {
        while (true) {
            auto accepted = co_await acceptor_->accept();
            auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none || host_->is_closing)
                co_return;
            if (accepted) {
                start_session(std::move(*accepted));
                continue;
            }
            if (accepted.error() == asio::error::operation_aborted)
                co_return;
            report("accept failed: " + accepted.error().message());
            co_await changed_.wait(rt_.now() + accept_pause);
        }
    }

    void start_session(std::unique_ptr<stream> over) {
        if (sessions_.size() >= host_->limits.connections_max) {
            if (host_->awaited.empty())
                return; // the newcomer's stream closes with it
            host_->awaited.front()->give_way();
        }
        auto key = ++last_key_;
        auto& made = sessions_[key];
        made.what = std::make_shared<session>(host_, std::move(over));
        auto task = tasks_.spawn("http session", serve(shared_from_this(), key, made.what));
        if (auto at = sessions_.find(key); at != sessions_.end())
            at->second.task = task;
    }

    static asio::awaitable<void> serve(std::shared_ptr<impl> self, std::uint64_t key, std::shared_ptr<session> what) {
        struct removal {
            impl& from;
            std::uint64_t key;
            ~removal() { from.remove(key); }
        };
        removal at_end{*self, key};
        co_await what->run();
    }

    void remove(std::uint64_t key) {
        sessions_.erase(key);
        if (sessions_.empty() && host_->is_closing)
            changed_.set();
    }

    asio::awaitable<void> finish_sessions() {
        while (!sessions_.empty() && host_->is_closing) {
            changed_.reset();
            auto error = co_await changed_.wait(deadline_);
            if (error)
                co_return; // the deadline, or a cancel from above
        }
    }

    void report(std::string_view text) {
        if (on_error)
            on_error(text);
    }

    void report(std::exception_ptr exception) {
        try {
            std::rethrow_exception(std::move(exception));
        } catch (const std::exception& error) {
            report(std::string("session failed: ") + error.what());
        } catch (...) {
            report("session failed");
        }
    }

    runtime& rt_;
    std::shared_ptr<session_host> host_;
    event changed_;
    task_group tasks_;
    std::map<std::uint64_t, entry> sessions_;
    std::uint64_t last_key_ = 0;
    acceptor* acceptor_ = nullptr;
    time_point deadline_ = never;
};

server::server(runtime& rt, std::vector<route> routes, server_limits limits, std::shared_ptr<tls_context> tls)
    : impl_(std::make_shared<impl>(rt, std::move(routes), limits, std::move(tls))) {
    impl_->on_error = [this](std::string_view text) {
        if (on_error)
            on_error(text);
    };
}

server::~server() {
    impl_->on_error = nullptr;
}

asio::awaitable<void> server::run(std::unique_ptr<acceptor> from) {
    return impl_->run(std::move(from));
}

void server::drain(time_point deadline, time_point listen_until) {
    impl_->drain(deadline, listen_until);
}

void server::use_tls(std::shared_ptr<tls_context> tls) {
    impl_->use_tls(std::move(tls));
}

std::size_t server::connections() const noexcept {
    return impl_->connections();
}

} // namespace proto_http
