#pragma once

#include "proto_http/result.hpp"
#include "proto_http/stream.hpp"
#include "proto_http/time.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The only door to the outside: time, randomness, the network, files and child processes. Production uses `system_runtime`;
// tests and the simulation bring their own, so that nothing else in the project reads a clock or opens a socket.

namespace proto_http {

/// A host (name or IP address, IPv6 without brackets) and a port.
struct host_port {
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const host_port&) const = default;
};

/// A name whose addresses are asked for, and who is asked.
struct name_query {
    std::string name;
    std::string server; ///< one DNS server, "10.96.0.10", "10.96.0.10:5353" or "[fd00::a]:53"; empty: the system's own way
};

/// A child process to run to its end. `environment` is added to the parent's.
struct command {
    std::vector<std::string> arguments; ///< [0] is the program, looked up in PATH
    std::vector<std::pair<std::string, std::string>> environment;
    std::string input;
    std::string working_directory; ///< empty: the parent's
    /// Keep only so many bytes of the end of each output, however much there is. 0: of error_output the first 64 KiB, and more
    /// than 16 MiB of output is an error.
    std::size_t output_tail = 0;
};

struct command_output {
    int exit_code = 0; ///< 128 + the signal's number where a signal ended it, as in a shell
    int signal = 0;    ///< 0: it ended by itself
    std::string output;
    std::string error_output;
};

class runtime {
public:
    using wait_handler = boost::asio::any_completion_handler<void(error_code)>;

    virtual ~runtime() = default;

    virtual boost::asio::any_io_executor executor() noexcept = 0;

    virtual time_point now() const noexcept = 0;
    virtual wall_time wall_now() const noexcept = 0;

    /// 64 bits, unpredictable to an attacker in production.
    virtual std::uint64_t random() = 0;

    /// Completes at `until` (or at once, by a post, if it has passed; never if it is `never`) with no error, or with
    /// operation_aborted when cancelled through the handler's slot.
    virtual void start_wait(time_point until, wait_handler handler) = 0;

    /// Connects over TCP, trying each address of the name in turn, with keep-alive probes (15 s, every 5 s, 3 of them),
    /// TCP_USER_TIMEOUT 30 s and TCP_NODELAY. Terminal cancellation is honoured in every phase. Errors: errc::host_not_found,
    /// errc::name_server_failed, errc::connect_failed or the system's own code of the last address tried.
    virtual boost::asio::awaitable<result<std::unique_ptr<stream>>> dial(host_port to) = 0;

    /// The addresses of a name as dial() finds them, in the order in which it tries them. With a server of its own: by DNS alone,
    /// without /etc/hosts. Errors: errc::host_not_found, errc::name_server_failed; some error when cancelled (terminal).
    virtual boost::asio::awaitable<result<std::vector<boost::asio::ip::address>>> resolve(name_query what) = 0;

    /// Listens; an empty host is every address of both families. Errors: errc::address_in_use, or the system's own code.
    virtual result<std::unique_ptr<acceptor>> listen(host_port at) = 0;

    /// The whole file, at most `size_max` bytes. Errors: errc::file_not_readable.
    virtual result<std::string> read_file(const std::string& path, std::size_t size_max) = 0;

    /// Empty where the variable is not set.
    virtual std::string environment(std::string_view name) = 0;

    /// Runs a child process to its end without blocking. Cancelled: the child is killed. Errors: errc::command_failed when it
    /// cannot be started; a non-zero exit is a value.
    virtual boost::asio::awaitable<result<command_output>> run(command what) = 0;
};

/// Waits until `until`. Returns no error, or operation_aborted when cancelled (it does not throw).
boost::asio::awaitable<error_code> wait_until(runtime& rt, time_point until);

} // namespace proto_http
