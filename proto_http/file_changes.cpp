#include "proto_http/file_changes.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

namespace proto_http {

namespace asio = boost::asio;

namespace {

constexpr std::uint32_t of_interest = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE;

/// An editor writes a file in several steps.
constexpr auto settle_time = std::chrono::milliseconds(50);

constexpr int links_max = 40; // as the kernel follows

/// Somebody who changes the way faster than it is walked is told of the next change.
constexpr int walks_max = 8;

/// A folder on the way to a file, and the name in it that leads on.
using step = std::pair<std::string, std::string>;

/// The way to a file through every link, as far as it exists: whatever changes what the path means changes one of these names.
/// A ConfigMap volume swaps a link in the middle of it; somebody else may move a folder.
std::vector<step> way_to(const std::string& path) {
    std::vector<step> steps;
    std::deque<std::string> ahead;
    std::string folder;
    const auto turn_to = [&](const std::filesystem::path& target) {
        if (target.is_absolute())
            folder = "/";
        ahead.insert(ahead.begin(), target.begin(), target.end());
    };
    folder = ".";
    turn_to(path);
    for (int links = 0; !ahead.empty();) {
        std::string name = std::move(ahead.front());
        ahead.pop_front();
        if (name.empty() || name == "/" || name == ".")
            continue;
        const std::string at = folder + "/" + name;
        if (name == "..") {
            folder = at;
            continue;
        }
        steps.emplace_back(folder, std::move(name));
        std::error_code error;
        const auto target = std::filesystem::read_symlink(at, error);
        if (!error) {
            if (++links > links_max)
                break;
            turn_to(target);
        } else if (!std::filesystem::exists(at, error)) {
            break;
        } else {
            folder = at;
        }
    }
    return steps;
}

class inotify_changes final : public file_changes {
public:
    inotify_changes(asio::io_context& context, int descriptor, std::vector<std::string> paths)
        : input_(context, descriptor), settling_(context), paths_(std::move(paths)) {
        input_.non_blocking(true);
    }

    /// Watches the way to each file as it is now. An error if the end of one, as far as it exists, cannot be watched.
    error_code follow() {
        error_code failed;
        auto steps = all_steps();
        for (int walk = 0; walk < walks_max; ++walk) {
            failed = watch(steps);
            auto again = all_steps();
            if (again == steps)
                break;
            steps = std::move(again);
        }
        return failed;
    }

    asio::awaitable<result<void>> next() override {
        for (bool is_seen = false; !is_seen || !being_written_.empty();) {
            auto [error, size] = co_await input_.async_read_some(asio::buffer(buffer_), await_tuple);
            if (error == asio::error::operation_aborted)
                co_return errc::cancelled;
            if (error)
                co_return error;
            is_seen = take(size) || is_seen;
            if (!is_seen)
                continue;
            settling_.expires_after(settle_time);
            auto [cancelled] = co_await settling_.async_wait(await_tuple);
            if (cancelled)
                co_return errc::cancelled;
            take_what_waits();
            follow();
        }
        co_return result<void>();
    }

private:
    std::vector<std::vector<step>> all_steps() const {
        std::vector<std::vector<step>> all;
        for (const auto& path : paths_)
            all.push_back(way_to(path));
        return all;
    }

    error_code watch(const std::vector<std::vector<step>>& ways) {
        error_code failed;
        std::map<int, std::set<std::string, std::less<>>> wanted;
        for (const auto& way : ways) {
            error_code of_last;
            for (const auto& [folder, name] : way) {
                // Of the folders before the last one nobody needs to hear that a neighbour is written.
                const std::uint32_t also = &name == &way.back().second ? IN_MODIFY | IN_MASK_ADD : IN_MASK_ADD;
                const int id = ::inotify_add_watch(input_.native_handle(), folder.c_str(), of_interest | also);
                of_last = id < 0 ? error_code(errno, boost::system::system_category()) : error_code();
                if (id >= 0)
                    wanted[id].insert(name);
            }
            if (of_last) // a folder before it may be one that only lets through
                failed = of_last;
        }
        for (const auto& [id, names] : names_)
            if (!wanted.contains(id))
                ::inotify_rm_watch(input_.native_handle(), id);
        names_ = std::move(wanted);
        std::erase_if(being_written_, [this](const auto& file) { return !is_on_a_way(file.first, file.second); });
        return failed;
    }

    bool is_on_a_way(int id, std::string_view name) const {
        const auto names = names_.find(id);
        return names != names_.end() && names->second.contains(name);
    }

    /// Takes note of the events in the buffer. Says whether one concerns us.
    bool take(std::size_t size) {
        bool is_ours = false;
        for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
            const auto* one = reinterpret_cast<const inotify_event*>(buffer_.data() + at);
            at += sizeof(inotify_event) + one->len;
            if (one->mask & IN_Q_OVERFLOW) {
                being_written_.clear(); // the end of a writing may be among what is lost
                is_ours = true;
                continue;
            }
            const std::string_view name = one->len == 0 ? std::string_view() : std::string_view(one->name);
            if (!is_on_a_way(one->wd, name))
                continue;
            is_ours = true;
            if (one->mask & IN_MODIFY)
                being_written_.emplace(one->wd, name);
            else // closed, or the name stands for something else now
                being_written_.erase({one->wd, std::string(name)});
        }
        return is_ours;
    }

    void take_what_waits() {
        error_code error;
        while (std::size_t size = input_.read_some(asio::buffer(buffer_), error))
            take(size);
    }

    asio::posix::stream_descriptor input_;
    asio::steady_timer settling_;
    std::vector<std::string> paths_;
    std::map<int, std::set<std::string, std::less<>>> names_; ///< by watch
    std::set<std::pair<int, std::string>> being_written_;     ///< by watch and name: changed and not closed
    alignas(inotify_event) std::array<char, 4096> buffer_;
};

} // namespace

result<std::unique_ptr<file_changes>> file_changes::watch(asio::io_context& context, const std::vector<std::string>& paths) {
    int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0)
        return error_code(errno, boost::system::system_category());
    auto made = std::make_unique<inotify_changes>(context, descriptor, paths);
    if (auto error = made->follow())
        return error;
    return std::unique_ptr<file_changes>(std::move(made));
}

} // namespace proto_http
