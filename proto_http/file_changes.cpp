#include "proto_http/file_changes.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <set>

namespace proto_http {

namespace asio = boost::asio;

namespace {

constexpr std::uint32_t of_interest = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE;

/// An editor writes a file in several steps.
constexpr auto settle_time = std::chrono::milliseconds(50);

/// What a ConfigMap volume swaps when its content changes: the files themselves are links through it.
constexpr std::string_view configmap_link = "..data";

class inotify_changes final : public file_changes {
public:
    inotify_changes(asio::io_context& context, int descriptor) : input_(context, descriptor), settling_(context) {}

    error_code add(const std::string& path) {
        auto slash = path.rfind('/');
        auto folder = slash == std::string::npos ? std::string(".") : slash == 0 ? std::string("/") : path.substr(0, slash);
        int watch = ::inotify_add_watch(input_.native_handle(), folder.c_str(), of_interest);
        if (watch < 0)
            return error_code(errno, boost::system::system_category());
        names_[watch].insert(slash == std::string::npos ? path : path.substr(slash + 1));
        return {};
    }

    asio::awaitable<result<void>> next() override {
        bool is_seen = false;
        while (!is_seen) {
            auto [error, size] = co_await input_.async_read_some(asio::buffer(buffer_), await_tuple);
            if (error == asio::error::operation_aborted)
                co_return errc::cancelled;
            if (error)
                co_return error;
            is_seen = concerns_us(size);
        }
        settling_.expires_after(settle_time);
        auto [cancelled] = co_await settling_.async_wait(await_tuple);
        if (cancelled)
            co_return errc::cancelled;
        co_return result<void>();
    }

private:
    bool concerns_us(std::size_t size) const {
        bool found = false;
        for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
            const auto* one = reinterpret_cast<const inotify_event*>(buffer_.data() + at);
            at += sizeof(inotify_event) + one->len;
            auto names = names_.find(one->wd);
            std::string_view name = one->len == 0 ? std::string_view() : std::string_view(one->name);
            found = found || (names != names_.end() && (name == configmap_link || names->second.contains(name)));
        }
        return found;
    }

    asio::posix::stream_descriptor input_;
    asio::steady_timer settling_;
    std::map<int, std::set<std::string, std::less<>>> names_;
    alignas(inotify_event) std::array<char, 4096> buffer_;
};

} // namespace

result<std::unique_ptr<file_changes>> file_changes::watch(asio::io_context& context, const std::vector<std::string>& paths) {
    int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0)
        return error_code(errno, boost::system::system_category());
    auto made = std::make_unique<inotify_changes>(context, descriptor);
    for (const auto& path : paths)
        if (auto error = made->add(path))
            return error;
    return std::unique_ptr<file_changes>(std::move(made));
}

} // namespace proto_http
