#pragma once

#include "proto_http/result.hpp"
#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/types.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// One container's processes, behind a pod-shim (shim/main.cpp), which sees to it that none of them outlives us.

namespace devcluster {

struct process_plan {
    std::vector<std::string> arguments;   ///< [0] is looked up in the PATH of `environment`
    std::vector<std::string> environment; ///< "NAME=value"; the whole of it
    std::string working_directory;        ///< empty: ours
};

struct process_news {
    enum class kind {
        started,
        failed, ///< it could not be started; the last news
        ended,  ///< and nothing that it left behind lives; the last news
    };
    kind what = kind::ended;
    int exit_code = 0;   ///< of `ended`; of a signal, 128 and its number
    std::string message; ///< of `failed`, worded as runc does: 'exec: "nope": executable file not found in $PATH'
};

class process {
public:
    /// Starts the shim; nothing of the container runs before `launch`. Errors: the system's own code.
    static proto_http::result<std::shared_ptr<process>> start(proto_http::runtime& rt, const std::string& shim_path,
                                                              process_plan plan);

    /// Kills what still runs, and waits until it is dead: milliseconds.
    ~process();
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    /// Tells the shim what to run. Once, before `next`.
    boost::asio::awaitable<void> launch();

    /// The next thing that happened. Not to be called after the last news.
    boost::asio::awaitable<process_news> next();

    /// The next piece of standard output and error, which share a pipe so that their order holds. Empty at the end. The view is
    /// valid until the next call.
    boost::asio::awaitable<std::string_view> read_output();
    /// Ends a `read_output` that waits.
    void close_output();

    /// SIGTERM to the process group.
    void terminate() noexcept;
    /// SIGKILL to everything that descends from the first process. `next` then tells the end.
    void kill() noexcept;

private:
    process(proto_http::runtime& rt, process_plan plan, pid_t shim, int control, int output);
    std::optional<process_news> read_news(std::string_view line);
    void kill_group() noexcept;

    process_plan plan_;
    pid_t shim_;
    pid_t first_ = -1; ///< of the container, and its group; until it has ended
    std::string received_;
    boost::asio::posix::stream_descriptor control_;
    boost::asio::posix::stream_descriptor output_;
    std::array<char, 16384> block_{};
};

} // namespace devcluster
