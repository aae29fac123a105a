// pod-shim: stands between the node and one container, as containerd's shim does, so that no process of the container outlives
// the node or the container's first process, whatever happens to either.
//
// Descriptor 0 is a socket to the node, 1 and 2 are the container's log. Over the socket comes a plan (node/process.cpp writes
// it), then a 'T' for each SIGTERM that the process group is to get. Its end, which the kernel brings about even when the node is
// killed, means: kill everything. Back go lines: "forked PID", then "started" or "failed STAGE ERRNO", then "exited CODE".
//
// The shim is the subreaper of the container: a process whose parent has ended becomes a child of the shim, also after setsid()
// or a double fork, so that killing children until there are none gets them all. Should the shim itself be killed, the kernel
// kills the first process (PR_SET_PDEATHSIG) and the node its group.
//
// A program of its own and not a fork of the node: it starts in a millisecond, holds no memory of the node's, and its command
// line does not carry the node's name, so that `pkill -9 -f` of that name still leaves somebody to clean up.

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int control = STDIN_FILENO;
constexpr int kill_time_max_seconds = 5; ///< a process in an uninterruptible wait is left to the kernel, which ends it after that

struct plan {
    std::string working_directory; ///< empty: as the node's
    std::vector<std::string> arguments;
    std::size_t terms = 0; ///< SIGTERMs that were asked for already
};

/// "COUNT", then that many texts, each ended by a NUL: the working directory and the arguments.
std::optional<plan> parse_plan(std::string_view bytes) {
    std::vector<std::string> texts;
    std::size_t count = 0;
    while (texts.empty() || texts.size() < count + 1) {
        auto end = bytes.find('\0');
        if (end == std::string_view::npos)
            return std::nullopt;
        texts.emplace_back(bytes.substr(0, end));
        bytes.remove_prefix(end + 1);
        if (texts.size() == 1)
            std::from_chars(texts[0].data(), texts[0].data() + texts[0].size(), count);
    }
    plan found;
    if (count > 0)
        found.working_directory = texts[1];
    if (count > 1)
        found.arguments.assign(texts.begin() + 2, texts.end());
    found.terms = bytes.size();
    return found;
}

/// Nothing if the node has gone before it was whole.
std::optional<plan> read_plan() {
    std::string bytes;
    std::array<char, 4096> block{};
    while (true) {
        auto got = ::read(control, block.data(), block.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return std::nullopt;
        bytes.append(block.data(), static_cast<std::size_t>(got));
        if (auto found = parse_plan(bytes))
            return found;
    }
}

void tell(const std::string& line) {
    ::send(control, line.data(), line.size(), MSG_NOSIGNAL);
}

struct exec_failure {
    char stage = 0; ///< 'd': the working directory, 'x': the program
    int error = 0;
};

std::vector<std::string> places_of(const std::string& program) {
    if (program.find('/') != std::string::npos)
        return {program};
    std::vector<std::string> places;
    const char* path = std::getenv("PATH");
    std::string_view left = path == nullptr ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" : path;
    while (!left.empty()) {
        auto folder = left.substr(0, left.find(':'));
        left.remove_prefix(std::min(folder.size() + 1, left.size()));
        if (!folder.empty() && !program.empty())
            places.push_back(std::string(folder) + "/" + program);
    }
    return places;
}

/// Not execvp, which hands what it cannot execute to a shell.
int execute(std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (auto& text : arguments)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    int error = ENOENT;
    for (const auto& place : places_of(arguments[0])) {
        ::execv(place.c_str(), pointers.data());
        if (errno == EACCES)
            error = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR)
            return errno;
    }
    return error;
}

/// The first process of the container, from fork to exec.
[[noreturn]] void become(plan& what, pid_t shim, int failure_pipe) {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != shim)
        ::_exit(127);
    // Before anything runs that the shim might not live to tell of.
    tell("forked " + std::to_string(::getpid()) + "\n");
    for (int number = 1; number < NSIG; ++number)
        std::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    exec_failure failure;
    if (!what.working_directory.empty() && ::chdir(what.working_directory.c_str()) != 0)
        failure = {'d', errno};
    else
        failure = {'x', execute(what.arguments)};
    [[maybe_unused]] auto written = ::write(failure_pipe, &failure, sizeof failure);
    ::_exit(127);
}

class container {
public:
    /// False: it could not be started; the node has been told.
    bool start(plan what) {
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
            return fail({'x', errno});
        auto shim = ::getpid();
        first_ = ::fork();
        if (first_ == 0)
            become(what, shim, pipe[1]);
        ::close(pipe[1]);
        // The log ends when the container's own processes have let go of it.
        ::close(STDOUT_FILENO);
        ::close(STDERR_FILENO);
        exec_failure failure{'x', errno};
        if (first_ < 0 || ::read(pipe[0], &failure, sizeof failure) == sizeof failure) {
            ::waitpid(first_, nullptr, 0);
            return fail(failure);
        }
        ::close(pipe[0]);
        tell("started\n");
        for (; what.terms != 0; --what.terms)
            terminate();
        return true;
    }

    /// Until the first process has ended or the node wants the end.
    void watch(int child_signals) {
        while (!exit_code_) {
            std::array<pollfd, 2> on{pollfd{control, POLLIN, 0}, pollfd{child_signals, POLLIN, 0}};
            if (::poll(on.data(), on.size(), -1) < 0)
                continue;
            if (on[0].revents != 0 && !take_orders())
                return;
            if (on[1].revents != 0)
                reap(child_signals);
        }
    }

    /// Kills the first process and all that descends from it, then tells the node.
    void end(int child_signals) {
        auto give_up = ::time(nullptr) + kill_time_max_seconds;
        if (!exit_code_) // otherwise the number may be somebody else's by now
            ::kill(-first_, SIGKILL);
        while (reap(child_signals) && ::time(nullptr) < give_up) {
            for (auto pid : children())
                ::kill(pid, SIGKILL);
            pollfd on{child_signals, POLLIN, 0};
            ::poll(&on, 1, 20);
        }
        tell("exited " + std::to_string(exit_code_.value_or(128 + SIGKILL)) + "\n");
    }

private:
    static bool fail(exec_failure failure) {
        tell(std::string("failed ") + failure.stage + " " + std::to_string(failure.error) + "\n");
        return false;
    }

    void terminate() const { ::kill(-first_, SIGTERM); }

    /// False at the end of the socket.
    bool take_orders() const {
        std::array<char, 16> block{};
        auto got = ::read(control, block.data(), block.size());
        if (got > 0)
            terminate();
        return got > 0 || (got < 0 && errno == EINTR);
    }

    /// Takes leave of what has ended. False if no child is left.
    bool reap(int child_signals) {
        signalfd_siginfo ignored;
        while (::read(child_signals, &ignored, sizeof ignored) > 0) {
        }
        while (true) {
            int status = 0;
            auto pid = ::waitpid(-1, &status, WNOHANG);
            if (pid <= 0)
                return pid == 0;
            if (pid == first_)
                exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }

    static pid_t parent_of(const std::string& pid) {
        int file = ::open(("/proc/" + pid + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
        std::array<char, 512> block{};
        auto got = file < 0 ? 0 : ::read(file, block.data(), block.size());
        ::close(file);
        std::string_view text(block.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        // "PID (NAME) STATE PARENT ...", and the name may hold anything.
        auto after_name = text.rfind(')');
        if (after_name == std::string_view::npos || after_name + 4 >= text.size())
            return -1;
        pid_t parent = -1;
        std::from_chars(text.data() + after_name + 4, text.data() + text.size(), parent);
        return parent;
    }

    static std::vector<pid_t> children() {
        std::vector<pid_t> found;
        DIR* processes = ::opendir("/proc");
        while (auto* entry = processes == nullptr ? nullptr : ::readdir(processes)) {
            std::string name = entry->d_name;
            pid_t pid = 0;
            if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc() && parent_of(name) == ::getpid())
                found.push_back(pid);
        }
        if (processes != nullptr)
            ::closedir(processes);
        return found;
    }

    pid_t first_ = -1;
    std::optional<int> exit_code_;
};

} // namespace

int main() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t all;
    sigfillset(&all);
    std::signal(SIGCHLD, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &all, nullptr); // only SIGKILL and the end of the socket end the shim
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    int child_signals = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    auto what = read_plan();
    if (!what || what->arguments.empty() || child_signals < 0)
        ::_exit(1);
    container one;
    if (!one.start(std::move(*what)))
        ::_exit(0);
    one.watch(child_signals);
    one.end(child_signals);
    ::_exit(0);
}
