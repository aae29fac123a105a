#include "proto_http/system_runtime.hpp"

#include "proto_http/child_process.hpp"
#include "proto_http/error.hpp"
#include "proto_http/resolver.hpp"
#include "proto_http/tcp_stream.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/consign.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>

namespace proto_http {

namespace asio = boost::asio;

namespace {

template <class TimePoint>
TimePoint read_clock(clockid_t id) noexcept {
    timespec now{};
    ::clock_gettime(id, &now);
    return TimePoint(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

/// What Asio's timers measure against. Asio sleeps on CLOCK_MONOTONIC for at most five minutes at a time and then looks at this
/// clock again: after a suspend of the machine a wait may end late by what was left of that sleep, never early.
struct ticking_boot_clock : boot_clock {
    static time_point now() noexcept { return read_clock<time_point>(CLOCK_BOOTTIME); }
};

using boot_timer =
    asio::basic_waitable_timer<ticking_boot_clock, asio::wait_traits<ticking_boot_clock>, asio::io_context::executor_type>;

/// getrandom in blocks: one system call for many numbers.
class random_source {
public:
    std::uint64_t next() {
        if (used_ == block_.size())
            refill();
        return block_[used_++];
    }

private:
    void refill() {
        auto* at = reinterpret_cast<char*>(block_.data());
        std::size_t left = sizeof(block_);
        while (left != 0) {
            auto got = ::getrandom(at, left, 0);
            if (got < 0 && errno != EINTR)
                std::terminate(); // a kernel without getrandom: nothing secret could be made
            if (got < 0)
                continue;
            at += got;
            left -= static_cast<std::size_t>(got);
        }
        used_ = 0;
    }

    std::array<std::uint64_t, 32> block_{};
    std::size_t used_ = block_.size();
};

class open_file {
public:
    explicit open_file(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~open_file() {
        if (descriptor_ >= 0)
            ::close(descriptor_);
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;

    /// The number of bytes, 0 at the end, negative on error.
    ssize_t read(char* to, std::size_t size) {
        ssize_t got;
        do
            got = ::read(descriptor_, to, size);
        while (got < 0 && errno == EINTR);
        return got;
    }

private:
    int descriptor_;
};

class system_runtime final : public runtime {
public:
    explicit system_runtime(asio::io_context& context) : context_(context) {
        // Writes to sockets ask for no signal; those to the pipes of child processes cannot.
        std::signal(SIGPIPE, SIG_IGN);
    }

    asio::any_io_executor executor() noexcept override { return context_.get_executor(); }

    time_point now() const noexcept override { return ticking_boot_clock::now(); }

    wall_time wall_now() const noexcept override { return read_clock<wall_time>(CLOCK_REALTIME); }

    std::uint64_t random() override { return random_.next(); }

    void start_wait(time_point until, wait_handler handler) override {
        auto timer = std::make_unique<boot_timer>(context_, until);
        auto& waiting = *timer;
        waiting.async_wait(asio::consign(std::move(handler), std::move(timer)));
    }

    asio::awaitable<result<std::unique_ptr<stream>>> dial(host_port to) override {
        return dial_tcp(*this, context_, std::move(to));
    }

    asio::awaitable<result<std::vector<asio::ip::address>>> resolve(name_query what) override {
        return proto_http::resolve(context_, std::move(what));
    }

    result<std::unique_ptr<acceptor>> listen(host_port at) override { return listen_tcp(context_, at); }

    result<std::string> read_file(const std::string& path, std::size_t size_max) override {
        open_file file(path);
        std::string text;
        std::array<char, 16 * 1024> block;
        while (true) {
            auto got = file.read(block.data(), block.size());
            if (got < 0 || text.size() + static_cast<std::size_t>(got) > size_max)
                return errc::file_not_readable;
            if (got == 0)
                return text;
            text.append(block.data(), static_cast<std::size_t>(got));
        }
    }

    std::string environment(std::string_view name) override {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::string() : std::string(value);
    }

    asio::awaitable<result<command_output>> run(command what) override { return run_command(context_, std::move(what)); }

private:
    asio::io_context& context_;
    random_source random_;
};

} // namespace

std::unique_ptr<runtime> make_system_runtime(asio::io_context& context) {
    return std::make_unique<system_runtime>(context);
}

} // namespace proto_http
