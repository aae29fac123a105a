#pragma once

#include "proto_http/result.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

// Starting a child process: what runtime::run does, and what programs share that keep their children for longer.

namespace proto_http {

/// Owns a file descriptor.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int value) : value_(value) {}
    ~descriptor() { reset(); }
    descriptor(descriptor&& other) noexcept : value_(other.release()) {}
    descriptor& operator=(descriptor&& other) noexcept {
        reset();
        value_ = other.release();
        return *this;
    }

    int get() const noexcept { return value_; }
    int release() noexcept { return std::exchange(value_, -1); }
    void reset() noexcept {
        if (value_ >= 0)
            ::close(release());
    }

private:
    int value_ = -1;
};

struct pipe_ends {
    descriptor read;
    descriptor write;

    /// Both ends are closed on exec.
    bool open();
};

struct spawn_plan {
    std::vector<std::string> arguments;
    std::string program;                  ///< looked up in PATH; empty: arguments[0]
    std::vector<std::string> environment; ///< "NAME=value"; the whole of it
    std::string working_directory;        ///< empty: the parent's
    int input = -1;                       ///< becomes descriptor 0; all three are above 2
    int output = -1;
    int error_output = -1;
};

/// The child gets descriptors 0 to 2 only, default signals and a process group of its own. It is the caller's to kill and to wait
/// for. Errors: the system's own code.
result<pid_t> spawn(spawn_plan what);

} // namespace proto_http
