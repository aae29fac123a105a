#pragma once

#include "proto_http/runtime.hpp"
#include "support/memory_stream.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// A runtime whose time, network, files and randomness are the test's. Nothing in it reads a clock or makes a system call, so the
// same seed gives the same run. Several runtimes (simulated processes, each with its own io_context) may share a timeline and a
// network.

namespace test_support {

/// Virtual time: an ordered set of waits, by (time, order of the call). It moves only when told.
class timeline : public std::enable_shared_from_this<timeline> {
public:
    proto_http::time_point now() const noexcept { return now_; }

    /// Moves to the earliest wait and completes that one (by a post). False if there is none.
    bool fire_next();

    /// The time of the earliest wait, or `never`.
    proto_http::time_point next() const noexcept;

    /// Moves without firing; not beyond the earliest wait.
    void move_to(proto_http::time_point at);

    std::size_t size() const noexcept { return waits_.size(); }

    void start_wait(const void* owner, boost::asio::any_io_executor executor, proto_http::time_point until,
                    proto_http::runtime::wait_handler handler);

    /// Drops, without completing, the waits of one owner: its process was killed.
    void drop(const void* owner);

    /// How many waits of that owner are pending.
    std::size_t waits_of(const void* owner) const;

private:
    using key = std::pair<proto_http::time_point, std::uint64_t>;
    struct wait;
    void cancel(const key& which);

    proto_http::time_point now_{std::chrono::hours(1)};
    std::uint64_t last_sequence_ = 0;
    std::map<key, std::shared_ptr<wait>> waits_;
};

/// What a dial comes to. The default connects at once.
struct dial_plan {
    proto_http::error_code error; ///< fails with this
    bool hangs = false;           ///< never completes, until cancelled
    proto_http::duration delay{}; ///< virtual time before it completes
    std::size_t capacity = 64 * 1024;
};

/// In-memory listeners by address. A listener on an empty host takes every host.
class memory_network {
public:
    /// Asked at each dial; null: the default plan.
    std::function<dial_plan(const proto_http::host_port&)> on_dial;
    /// Told of each connection made.
    std::function<void(const proto_http::host_port&, memory_wire)> on_connected;

    std::size_t dials() const noexcept { return dials_; }

private:
    friend class manual_runtime;
    class listener;
    class listener_handle;
    using address = std::pair<std::string, std::uint16_t>;

    std::shared_ptr<listener> find(const proto_http::host_port& at) const;

    std::map<address, std::weak_ptr<listener>> listeners_;
    std::uint16_t last_port_ = 40'000;
    std::size_t dials_ = 0;
};

class manual_runtime : public proto_http::runtime {
public:
    explicit manual_runtime(boost::asio::io_context& context, std::uint64_t seed = 1,
                            std::shared_ptr<timeline> time = std::make_shared<timeline>(),
                            std::shared_ptr<memory_network> net = std::make_shared<memory_network>());

    timeline& time() noexcept { return *timeline_; }
    memory_network& network() noexcept { return *network_; }

    std::map<std::string, std::string> files;
    std::map<std::string, std::string, std::less<>> variables;
    /// What names resolve to; an error where a name is not among them, errc::name_server_failed for any name if there is none.
    std::map<std::string, std::vector<boost::asio::ip::address>, std::less<>> names;
    /// Runs a child process; null: every command fails to start.
    std::function<proto_http::result<proto_http::command_output>(const proto_http::command&)> on_run;
    std::string own_address = "10.0.0.1";                               ///< what a peer sees of a dialled connection
    proto_http::duration clock_offset{};                                ///< of this process's boot clock against the timeline
    proto_http::wall_time wall_base{std::chrono::hours(24 * 365 * 56)}; ///< the wall clock when the boot clock says zero

    /// A kill: drops every wait of this runtime without completing it. Call it, then destroy what was built on the runtime and
    /// the io_context; streams that go with it are seen as closed by their peers.
    void drop_waits();

    /// The network's view of a kill -9: every connection of this process is reset, its listeners are gone, and whatever it
    /// still does reaches nobody. What it had sent is lost where the peer has not read it.
    void sever();

    /// Resets every connection of this process; new ones are made as before.
    void reset_connections();

    /// The connections that this process dialled or accepted and that are open.
    const std::vector<memory_wire>& connections();

    std::size_t pending_waits() const { return timeline_->waits_of(this); }

    /// Runs what is ready. True if anything ran.
    bool poll();

    /// Runs what is ready and then moves time on, wait by wait, until `done()` (true), or until nothing is left to happen or
    /// `limit` of virtual time has passed (false).
    bool run_until(const std::function<bool()>& done, proto_http::duration limit = std::chrono::hours(1));

    /// Lets `by` of virtual time pass.
    void run_for(proto_http::duration by);

    boost::asio::any_io_executor executor() noexcept override;
    proto_http::time_point now() const noexcept override;
    proto_http::wall_time wall_now() const noexcept override;
    std::uint64_t random() override;
    void start_wait(proto_http::time_point until, wait_handler handler) override;
    boost::asio::awaitable<proto_http::result<std::unique_ptr<proto_http::stream>>> dial(proto_http::host_port to) override;
    boost::asio::awaitable<proto_http::result<std::vector<boost::asio::ip::address>>>
    resolve(proto_http::name_query what) override;
    proto_http::result<std::unique_ptr<proto_http::acceptor>> listen(proto_http::host_port at) override;
    proto_http::result<std::string> read_file(const std::string& path, std::size_t size_max) override;
    std::string environment(std::string_view name) override;
    boost::asio::awaitable<proto_http::result<proto_http::command_output>> run(proto_http::command what) override;

private:
    boost::asio::io_context& context_;
    std::shared_ptr<timeline> timeline_;
    std::shared_ptr<memory_network> network_;
    std::uint64_t random_state_;
    std::shared_ptr<std::vector<memory_wire>> connections_ = std::make_shared<std::vector<memory_wire>>();
    std::vector<std::weak_ptr<memory_network::listener>> listening_;
    bool is_severed_ = false;
};

} // namespace test_support
