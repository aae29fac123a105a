#include "proto_http/resolver.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <ares.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>
#include <optional>
#include <unordered_map>

namespace proto_http {

namespace asio = boost::asio;

namespace {

using address_list = std::vector<asio::ip::address>;
using lookup_handler = asio::any_completion_handler<void(error_code, address_list)>;

address_list addresses_of(const ares_addrinfo* found) {
    address_list list;
    for (auto* node = found->nodes; node != nullptr; node = node->ai_next) {
        if (node->ai_family == AF_INET) {
            asio::ip::address_v4::bytes_type bytes;
            std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(node->ai_addr)->sin_addr, bytes.size());
            list.emplace_back(asio::ip::address_v4(bytes));
        } else if (node->ai_family == AF_INET6) {
            const auto* v6 = reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
            asio::ip::address_v6::bytes_type bytes;
            std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
            list.emplace_back(asio::ip::address_v6(bytes, v6->sin6_scope_id));
        }
    }
    return list;
}

/// One name, one c-ares channel: its sockets and its timer live on the reactor as long as the lookup does.
class lookup : public std::enable_shared_from_this<lookup> {
public:
    explicit lookup(asio::io_context& context) : context_(context), timer_(context) {}

    ~lookup() { close(); }

    lookup(const lookup&) = delete;
    lookup& operator=(const lookup&) = delete;

    void start(const name_query& what, lookup_handler handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([weak = weak_from_this()](asio::cancellation_type) {
                if (auto self = weak.lock())
                    self->complete(asio::error::operation_aborted, {});
            });
        handler_.emplace(std::move(handler));
        if (!open(what.server)) {
            complete(errc::name_server_failed, {});
            return;
        }
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(channel_, what.name.c_str(), nullptr, &hints, &lookup::on_answer, this);
        leave_ares();
    }

private:
    struct watched_socket {
        explicit watched_socket(asio::io_context& context) : descriptor(context) {}
        asio::posix::stream_descriptor descriptor;
        bool wants_read = false;
        bool wants_write = false;
        bool is_reading = false;
        bool is_writing = false;
    };

    bool open(const std::string& server) {
        ares_options options{};
        options.timeout = 2'000; // of the first try, in milliseconds; it grows with each
        options.tries = 3;
        options.sock_state_cb = &lookup::on_socket_state;
        options.sock_state_cb_data = this;
        int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
        std::string by_dns_alone = "b";
        if (!server.empty()) {
            options.lookups = by_dns_alone.data();
            given |= ARES_OPT_LOOKUPS;
        }
        if (ares_init_options(&channel_, &options, given) != ARES_SUCCESS)
            return false;
        return server.empty() || ares_set_servers_ports_csv(channel_, server.c_str()) == ARES_SUCCESS;
    }

    static errc meaning_of(int status) {
        switch (status) {
        case ARES_SUCCESS:
        case ARES_ENODATA:
        case ARES_ENOTFOUND:
        case ARES_EBADNAME:
            return errc::host_not_found;
        default:
            return errc::name_server_failed;
        }
    }

    static void on_answer(void* self, int status, int, ares_addrinfo* found) {
        auto& me = *static_cast<lookup*>(self);
        address_list list;
        if (found != nullptr) {
            list = addresses_of(found);
            ares_freeaddrinfo(found);
        }
        if (status == ARES_SUCCESS && !list.empty())
            me.answer_.emplace(error_code(), std::move(list));
        else
            me.answer_.emplace(meaning_of(status), address_list());
    }

    static void on_socket_state(void* self, ares_socket_t socket, int readable, int writable) {
        static_cast<lookup*>(self)->watch(socket, readable != 0, writable != 0);
    }

    void watch(ares_socket_t socket, bool readable, bool writable) {
        if (!readable && !writable) {
            // c-ares closes the descriptor itself, right after this.
            if (auto at = sockets_.find(socket); at != sockets_.end()) {
                at->second->descriptor.release();
                sockets_.erase(at);
            }
            return;
        }
        auto& entry = sockets_[socket];
        if (!entry) {
            entry = std::make_shared<watched_socket>(context_);
            error_code error;
            entry->descriptor.assign(socket, error);
            if (error)
                return; // the query's own timer ends it
        }
        entry->wants_read = readable;
        entry->wants_write = writable;
        wait_ready(socket, entry);
    }

    void wait_ready(ares_socket_t socket, const std::shared_ptr<watched_socket>& entry) {
        if (entry->wants_read && !entry->is_reading) {
            entry->is_reading = true;
            entry->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                         [self = shared_from_this(), socket, entry](error_code error) {
                                             entry->is_reading = false;
                                             self->on_ready(error, entry, socket, ARES_SOCKET_BAD);
                                         });
        }
        if (entry->wants_write && !entry->is_writing) {
            entry->is_writing = true;
            entry->descriptor.async_wait(asio::posix::descriptor_base::wait_write,
                                         [self = shared_from_this(), socket, entry](error_code error) {
                                             entry->is_writing = false;
                                             self->on_ready(error, entry, ARES_SOCKET_BAD, socket);
                                         });
        }
    }

    void on_ready(error_code error, const std::shared_ptr<watched_socket>& entry, ares_socket_t readable,
                  ares_socket_t writable) {
        if (error || channel_ == nullptr || !entry->descriptor.is_open())
            return;
        ares_process_fd(channel_, readable, writable);
        if (channel_ != nullptr && entry->descriptor.is_open())
            wait_ready(readable != ARES_SOCKET_BAD ? readable : writable, entry);
        leave_ares();
    }

    void arm_timer() {
        timeval limit{};
        if (ares_timeout(channel_, nullptr, &limit) == nullptr)
            return;
        timer_.expires_after(std::chrono::seconds(limit.tv_sec) + std::chrono::microseconds(limit.tv_usec));
        timer_.async_wait([self = shared_from_this()](error_code error) {
            if (error || self->channel_ == nullptr)
                return;
            ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            self->leave_ares();
        });
    }

    // The answer comes from inside c-ares; its channel may be destroyed only after it has returned.
    void leave_ares() {
        if (answer_) {
            auto [error, list] = std::move(*answer_);
            complete(error, std::move(list));
        } else if (channel_ != nullptr) {
            arm_timer();
        }
    }

    void complete(error_code error, address_list list) {
        if (!handler_)
            return;
        auto self = shared_from_this();
        auto handler = std::move(*handler_);
        handler_.reset();
        close();
        post_completion(context_.get_executor(), std::move(handler), error, std::move(list));
    }

    void close() noexcept {
        timer_.cancel();
        if (auto* channel = std::exchange(channel_, nullptr))
            ares_destroy(channel);
        for (auto& [socket, entry] : sockets_)
            entry->descriptor.release();
        sockets_.clear();
    }

    asio::io_context& context_;
    asio::steady_timer timer_;
    ares_channel channel_ = nullptr;
    std::unordered_map<ares_socket_t, std::shared_ptr<watched_socket>> sockets_;
    std::optional<std::pair<error_code, address_list>> answer_;
    std::optional<lookup_handler> handler_;
};

bool is_localhost(std::string_view host) {
    auto name = ascii::lower(host);
    return name == "localhost" || name.ends_with(".localhost");
}

} // namespace

asio::awaitable<result<address_list>> resolve(asio::io_context& context, name_query what) {
    error_code error;
    if (auto address = asio::ip::make_address(what.name, error); !error)
        co_return address_list(1, address);
    if (what.server.empty() && is_localhost(what.name)) {
        address_list both;
        both.emplace_back(asio::ip::address_v4::loopback());
        both.emplace_back(asio::ip::address_v6::loopback());
        co_return both;
    }
    auto one = std::make_shared<lookup>(context);
    auto start = [](lookup_handler handler, const std::shared_ptr<lookup>& with, const name_query& query) {
        with->start(query, std::move(handler));
    };
    auto [failed, list] =
        co_await asio::async_initiate<const await_tuple_t, void(error_code, address_list)>(start, await_tuple, one, what);
    if (failed)
        co_return failed;
    co_return std::move(list);
}

} // namespace proto_http
