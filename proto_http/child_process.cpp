#include "proto_http/child_process.hpp"

#include "proto_http/await_value.hpp"
#include "proto_http/error.hpp"
#include "proto_http/spawn.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

namespace proto_http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t output_size_max = 16 * 1024 * 1024;
constexpr std::size_t error_output_size_max = 64 * 1024;

using run_handler = asio::any_completion_handler<void(error_code, command_output)>;

std::vector<std::string> environment_of(const command& what) {
    std::vector<std::string> all;
    all.reserve(what.environment.size());
    for (const auto& [name, value] : what.environment)
        all.emplace_back(name).append("=").append(value);
    for (char** item = environ; *item != nullptr; ++item) {
        std::string_view text(*item);
        auto name = text.substr(0, text.find('='));
        bool is_replaced =
            std::any_of(what.environment.begin(), what.environment.end(), [&](const auto& added) { return added.first == name; });
        if (!is_replaced)
            all.emplace_back(text);
    }
    return all;
}

/// A running child: three pipes and its pidfd on the reactor. It ends when all four have; then the child has been reaped.
class child_process : public std::enable_shared_from_this<child_process> {
public:
    explicit child_process(asio::io_context& context)
        : context_(context), input_(context), output_(context), error_output_(context), exit_(context) {}

    // Only a context that is destroyed drops a running child: it is not left behind.
    ~child_process() {
        if (pid_ <= 0)
            return;
        kill();
        ::waitpid(pid_, nullptr, 0);
    }

    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;

    bool start(command what) {
        if (what.arguments.empty())
            return false;
        pipe_ends input, output, error_output;
        if (!input.open() || !output.open() || !error_output.open())
            return false;
        spawn_plan plan;
        plan.environment = environment_of(what);
        plan.arguments = std::move(what.arguments);
        plan.working_directory = std::move(what.working_directory);
        plan.input = input.read.get();
        plan.output = output.write.get();
        plan.error_output = error_output.write.get();
        auto pid = spawn(std::move(plan));
        if (!pid)
            return false;
        pid_ = *pid;
        descriptor exit(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (exit.get() < 0)
            return false;
        input_.assign(input.write.release());
        output_.assign(output.read.release());
        error_output_.assign(error_output.read.release());
        exit_.assign(exit.release());
        text_ = std::move(what.input);
        tail_ = what.output_tail;
        return true;
    }

    void wait(run_handler handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected())
            slot.assign([weak = weak_from_this()](asio::cancellation_type) {
                if (auto self = weak.lock())
                    self->give_up(asio::error::operation_aborted);
            });
        handler_.emplace(std::move(handler));
        write_input();
        read_output(output_, result_.output, output_buffer_, output_size_max, true);
        read_output(error_output_, result_.error_output, error_buffer_, error_output_size_max, false);
        wait_exit();
    }

private:
    using pipe = asio::posix::stream_descriptor;
    using read_buffer = std::array<char, 4096>;

    void kill() noexcept {
        if (pid_ > 0)
            ::kill(-pid_, SIGKILL);
    }

    // The pidfd then tells of the end; grandchildren that left the group may hold the pipes, which are therefore closed here.
    void give_up(error_code why) {
        if (!failed_)
            failed_ = why;
        kill();
        error_code ignored;
        input_.close(ignored);
        output_.close(ignored);
        error_output_.close(ignored);
    }

    void write_input() {
        ++pending_;
        // A child that does not read its input is no error: EPIPE is ignored.
        asio::async_write(input_, asio::buffer(text_), [self = shared_from_this()](error_code, std::size_t) {
            error_code ignored;
            self->input_.close(ignored);
            self->end_one();
        });
    }

    void read_output(pipe& from, std::string& to, read_buffer& buffer, std::size_t size_max, bool fails_over_it) {
        ++pending_;
        from.async_read_some(asio::buffer(buffer), [self = shared_from_this(), &from, &to, &buffer, size_max,
                                                    fails_over_it](error_code error, std::size_t size) {
            self->keep(std::string_view(buffer.data(), size), to, size_max);
            if (fails_over_it && self->tail_ == 0 && to.size() == size_max)
                self->give_up(errc::command_failed);
            else if (!error)
                self->read_output(from, to, buffer, size_max, fails_over_it);
            self->end_one();
        });
    }

    void keep(std::string_view piece, std::string& to, std::size_t size_max) const {
        if (tail_ == 0) {
            to.append(piece.substr(0, size_max - to.size()));
            return;
        }
        to.append(piece);
        if (to.size() > tail_)
            to.erase(0, to.size() - tail_);
    }

    void wait_exit() {
        ++pending_;
        exit_.async_wait(pipe::wait_read, [self = shared_from_this()](error_code) {
            int status = 0;
            if (::waitpid(std::exchange(self->pid_, -1), &status, 0) < 0)
                self->failed_ = errc::command_failed;
            self->result_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
            self->result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + self->result_.signal;
            error_code ignored;
            self->input_.close(ignored);
            self->end_one();
        });
    }

    void end_one() {
        if (--pending_ != 0 || !handler_)
            return;
        auto handler = std::move(*handler_);
        handler_.reset();
        post_completion(context_.get_executor(), std::move(handler), failed_, std::move(result_));
    }

    asio::io_context& context_;
    pipe input_;
    pipe output_;
    pipe error_output_;
    pipe exit_;
    pid_t pid_ = -1;
    std::string text_;
    std::size_t tail_ = 0;
    read_buffer output_buffer_;
    read_buffer error_buffer_;
    command_output result_;
    error_code failed_;
    int pending_ = 0;
    std::optional<run_handler> handler_;
};

} // namespace

asio::awaitable<result<command_output>> run_command(asio::io_context& context, command what) {
    auto child = std::make_shared<child_process>(context);
    if (!child->start(std::move(what)))
        co_return errc::command_failed;
    // The child holds this coroutine by its handler, so this coroutine must not hold the child: what is under way on the context
    // does, and so a context that is destroyed ends both.
    auto start = [](run_handler handler, std::shared_ptr<child_process>* from) {
        auto running = std::move(*from);
        running->wait(std::move(handler));
    };
    auto [error, output] =
        co_await asio::async_initiate<const await_tuple_t, void(error_code, command_output)>(start, await_tuple, &child);
    if (error == asio::error::operation_aborted)
        co_return errc::cancelled;
    if (error)
        co_return error;
    co_return std::move(output);
}

} // namespace proto_http
