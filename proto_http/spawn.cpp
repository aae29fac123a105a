#include "proto_http/spawn.hpp"

#include <fcntl.h>
#include <spawn.h>

#include <array>
#include <csignal>

namespace proto_http {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (auto& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// posix_spawn's two option objects.
class spawn_options {
public:
    spawn_options() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
    }
    ~spawn_options() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    spawn_options(const spawn_options&) = delete;
    spawn_options& operator=(const spawn_options&) = delete;

    void set_descriptors(int input, int output, int error_output) {
        posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, error_output, STDERR_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    }

    void set_directory(const std::string& directory) {
        if (!directory.empty())
            posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
    }

    void set_signals_and_group() {
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        sigset_t defaults;
        sigemptyset(&defaults);
        sigaddset(&defaults, SIGPIPE); // ignored by the parent
        posix_spawnattr_setsigdefault(&attributes_, &defaults);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }

    const posix_spawn_file_actions_t* actions() const { return &actions_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

} // namespace

bool pipe_ends::open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return false;
    read = descriptor(ends[0]);
    write = descriptor(ends[1]);
    return true;
}

result<pid_t> spawn(spawn_plan what) {
    spawn_options options;
    options.set_descriptors(what.input, what.output, what.error_output);
    options.set_directory(what.working_directory);
    options.set_signals_and_group();
    const auto& program = what.program.empty() ? what.arguments.at(0) : what.program;
    pid_t pid = -1;
    int error = ::posix_spawnp(&pid, program.c_str(), options.actions(), options.attributes(), pointers_to(what.arguments).data(),
                               pointers_to(what.environment).data());
    if (error != 0)
        return error_code(error, boost::system::system_category());
    return pid;
}

} // namespace proto_http
