#include "proto_http/tcp_stream.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"
#include "proto_http/resolver.hpp"
#include "proto_http/with_deadline.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <fcntl.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>

namespace proto_http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using listener = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

template <int Level, int Name>
using int_option = asio::detail::socket_option::integer<Level, Name>;

// While other addresses are left, a silent one may not use up the caller's whole time limit.
constexpr auto attempt_time_max = std::chrono::seconds(3);

void close_on_exec(int descriptor) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

/// A dead path is found by the kernel: probes after 15 s, every 5 s, 3 of them; unacknowledged data fails after 30 s.
void set_options(socket& on) {
    error_code ignored;
    on.set_option(tcp::no_delay(true), ignored);
    on.set_option(asio::socket_base::keep_alive(true), ignored);
    on.set_option(int_option<IPPROTO_TCP, TCP_KEEPIDLE>(15), ignored);
    on.set_option(int_option<IPPROTO_TCP, TCP_KEEPINTVL>(5), ignored);
    on.set_option(int_option<IPPROTO_TCP, TCP_KEEPCNT>(3), ignored);
    on.set_option(int_option<IPPROTO_TCP, TCP_USER_TIMEOUT>(30'000), ignored);
    close_on_exec(on.native_handle());
}

class tcp_stream final : public stream {
public:
    explicit tcp_stream(socket from) : socket_(std::move(from)) { set_options(socket_); }

    executor_type get_executor() noexcept override { return socket_.get_executor(); }

    void start_read(asio::mutable_buffer buffer, transfer_handler handler) override {
        socket_.async_read_some(buffer, std::move(handler));
    }

    void start_write(std::span<const asio::const_buffer> buffers, transfer_handler handler) override {
        // The operation keeps a copy of what it is given: of the list, not of a view of it, which may not outlive this call.
        std::array<asio::const_buffer, gather_max> list;
        std::copy_n(buffers.begin(), std::min(buffers.size(), list.size()), list.begin());
        socket_.async_write_some(list, std::move(handler));
    }

    void close() noexcept override {
        error_code ignored;
        socket_.close(ignored);
    }

    asio::awaitable<void> shutdown() override {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        co_return;
    }

    std::string remote_address() const override {
        error_code error;
        auto peer = socket_.remote_endpoint(error);
        if (error)
            return {};
        auto address = peer.address();
        if (address.is_v6() && address.to_v6().is_v4_mapped())
            return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
        return address.to_string();
    }

private:
    socket socket_;
};

class tcp_acceptor final : public acceptor {
public:
    explicit tcp_acceptor(listener from) : listener_(std::move(from)) {}

    asio::awaitable<result<std::unique_ptr<stream>>> accept() override {
        auto [error, taken] = co_await listener_.async_accept(await_tuple);
        if (error)
            co_return error;
        std::unique_ptr<stream> accepted = std::make_unique<tcp_stream>(std::move(taken));
        co_return std::move(accepted);
    }

    std::uint16_t port() const override {
        error_code error;
        auto endpoint = listener_.local_endpoint(error);
        return error ? std::uint16_t{0} : endpoint.port();
    }

    void close() noexcept override {
        error_code ignored;
        listener_.close(ignored);
    }

private:
    listener listener_;
};

error_code open_listener(listener& on, const tcp::endpoint& at, bool both_families) {
    error_code error;
    on.open(at.protocol(), error);
    if (error)
        return error;
    close_on_exec(on.native_handle());
    on.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && at.protocol() == tcp::v6())
        on.set_option(asio::ip::v6_only(!both_families), error);
    if (!error)
        on.bind(at, error);
    if (!error)
        on.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        error_code ignored;
        on.close(ignored);
    }
    return error;
}

/// The listener and its error; every address of both families where the system has IPv6, else every IPv4 address.
error_code open_everywhere(listener& on, std::uint16_t port) {
    auto error = open_listener(on, tcp::endpoint(tcp::v6(), port), true);
    if (!error || error == asio::error::address_in_use)
        return error;
    return open_listener(on, tcp::endpoint(tcp::v4(), port), false);
}

asio::awaitable<result<void>> connect(socket* to, tcp::endpoint address) {
    auto [error] = co_await to->async_connect(address, await_tuple);
    if (error)
        co_return error;
    co_return result<void>();
}

} // namespace

asio::awaitable<result<std::unique_ptr<stream>>> dial_tcp(runtime& rt, asio::io_context& context, host_port to) {
    name_query asked;
    asked.name = to.host;
    auto addresses = co_await resolve(context, std::move(asked));
    if (!addresses)
        co_return addresses.error();
    error_code last = errc::connect_failed;
    for (std::size_t i = 0; i < addresses->size(); ++i) {
        tcp::endpoint endpoint((*addresses)[i], to.port);
        socket attempt(context.get_executor());
        auto connecting = connect(&attempt, endpoint);
        bool is_last = i + 1 == addresses->size();
        auto until = is_last ? never : rt.now() + attempt_time_max;
        auto connected = co_await with_deadline<void>(rt, std::move(connecting), until);
        if (connected) {
            std::unique_ptr<stream> made = std::make_unique<tcp_stream>(std::move(attempt));
            co_return std::move(made);
        }
        last = connected.error();
        if (last == errc::cancelled || last == asio::error::operation_aborted)
            co_return errc::cancelled;
    }
    co_return last;
}

result<std::unique_ptr<acceptor>> listen_tcp(asio::io_context& context, const host_port& at) {
    listener on(context.get_executor());
    error_code error;
    if (at.host.empty()) {
        error = open_everywhere(on, at.port);
    } else {
        auto address = asio::ip::make_address(at.host == "localhost" ? "127.0.0.1" : at.host, error);
        if (error)
            return errc::host_not_found;
        error = open_listener(on, tcp::endpoint(address, at.port), false);
    }
    if (error == asio::error::address_in_use)
        return errc::address_in_use;
    if (error)
        return error;
    std::unique_ptr<acceptor> made = std::make_unique<tcp_acceptor>(std::move(on));
    return made;
}

} // namespace proto_http
