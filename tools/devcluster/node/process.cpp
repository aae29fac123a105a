#include "tools/devcluster/node/process.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/spawn.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstring>

namespace devcluster {

namespace asio = boost::asio;
using namespace proto_http;

namespace {

template <class Number>
Number take_number(std::string_view& text) {
    Number value{};
    auto end = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

std::string lower_first(std::string text) {
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return text;
}

/// As runc words what hinders it, in Go's words for the system's errors.
std::string failure_text(char stage, int error, const std::string& program, const std::string& directory) {
    auto why = lower_first(std::strerror(error));
    if (stage == 'd')
        return fmt::format("chdir to cwd (\"{}\") set in config.json failed: {}", directory, why);
    if (program.find('/') != std::string::npos && error == ENOENT)
        return fmt::format("exec: \"{0}\": stat {0}: {1}", program, why);
    if (error == ENOENT)
        return fmt::format("exec: \"{}\": executable file not found in $PATH", program);
    return fmt::format("exec: \"{}\": {}", program, why);
}

} // namespace

result<std::shared_ptr<process>> process::start(runtime& rt, const std::string& shim_path, process_plan plan) {
    auto failed = [] { return error_code(errno, boost::system::system_category()); };
    std::array<int, 2> sockets{};
    pipe_ends output;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0)
        return failed();
    descriptor ours(sockets[0]);
    descriptor theirs(sockets[1]);
    if (!output.open())
        return failed();
    spawn_plan shim_plan;
    shim_plan.program = shim_path;
    shim_plan.arguments = {"pod-shim"};
    shim_plan.environment = plan.environment; // the container's, which the shim hands on
    shim_plan.input = theirs.get();
    shim_plan.output = output.write.get();
    shim_plan.error_output = output.write.get();
    auto shim = spawn(std::move(shim_plan));
    if (!shim)
        return shim.error();
    return std::shared_ptr<process>(new process(rt, std::move(plan), *shim, ours.release(), output.read.release()));
}

process::process(runtime& rt, process_plan plan, pid_t shim, int control, int output)
    : plan_(std::move(plan)), shim_(shim), control_(rt.executor(), control), output_(rt.executor(), output) {}

process::~process() {
    error_code ignored;
    control_.close(ignored); // the shim kills at the end of the socket
    int status = 0;
    while (::waitpid(shim_, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status))
        kill_group();
}

asio::awaitable<void> process::launch() {
    std::string bytes = std::to_string(plan_.arguments.size() + 1) + '\0' + plan_.working_directory + '\0';
    for (const auto& text : plan_.arguments)
        bytes += text + '\0';
    co_await asio::async_write(control_, asio::buffer(bytes), await_tuple);
}

asio::awaitable<process_news> process::next() {
    while (true) {
        auto end = received_.find('\n');
        if (end != std::string::npos) {
            auto news = read_news(std::string_view(received_).substr(0, end));
            received_.erase(0, end + 1);
            if (news)
                co_return *news;
            continue;
        }
        std::array<char, 64> block{};
        auto [error, size] = co_await control_.async_read_some(asio::buffer(block), await_tuple);
        received_.append(block.data(), size);
        if (error)
            break;
    }
    // The shim was killed, and the kernel has killed the first process for it.
    kill_group();
    process_news news;
    news.exit_code = 128 + SIGKILL;
    co_return news;
}

std::optional<process_news> process::read_news(std::string_view line) {
    process_news news;
    auto word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    if (word == "forked") {
        first_ = take_number<pid_t>(line);
        return std::nullopt;
    }
    if (word == "started") {
        news.what = process_news::kind::started;
        return news;
    }
    first_ = -1;
    if (word == "failed") {
        news.what = process_news::kind::failed;
        char stage = line.at(0);
        line.remove_prefix(2);
        news.message = failure_text(stage, take_number<int>(line), plan_.arguments.at(0), plan_.working_directory);
    } else {
        news.exit_code = take_number<int>(line);
    }
    return news;
}

void process::kill_group() noexcept {
    if (first_ > 0)
        ::kill(-std::exchange(first_, -1), SIGKILL);
}

asio::awaitable<std::string_view> process::read_output() {
    auto [error, size] = co_await output_.async_read_some(asio::buffer(block_), await_tuple);
    if (error)
        co_return std::string_view();
    co_return std::string_view(block_.data(), size);
}

void process::close_output() {
    error_code ignored;
    output_.close(ignored);
}

void process::terminate() noexcept {
    ::send(control_.native_handle(), "T", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void process::kill() noexcept {
    ::shutdown(control_.native_handle(), SHUT_WR);
}

} // namespace devcluster
