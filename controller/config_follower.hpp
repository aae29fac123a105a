#pragma once

#include "controller/log.hpp"
#include "controller/settings.hpp"
#include "proto_http/file_changes.hpp"
#include "proto_http/runtime.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

// The configuration file while the program runs: read again when it changes, as a whole or not at all.

namespace kh {

class config_follower {
public:
    using apply_function = std::function<void(const settings&)>;

    /// `running` is what the program was started with. `apply` is called with the whole of the new settings after each change
    /// that can be made while it runs; what cannot has its old value in it. Runtime and logger must outlive it.
    config_follower(proto_http::runtime& rt, logger& log, command_line arguments, settings_load running, apply_function apply);

    /// Reads the file again after each change that `changes` tells, until cancelled. If nothing more can be told, it says so in
    /// the log and ends.
    boost::asio::awaitable<void> run(std::unique_ptr<proto_http::file_changes> changes);

    /// Reads it now.
    void reload();

    /// Whether the file as it is now was taken.
    bool is_successful() const { return refusal_.empty(); }
    proto_http::wall_time last_success() const { return last_success_; }

    /// What people must know: the file was refused, or a key of it waits for a restart. One line each, naming file and key.
    std::vector<std::string> complaints() const;

private:
    void refuse(std::string why);
    void take(settings_load load);

    proto_http::runtime& runtime_;
    logger& log_;
    command_line arguments_;
    settings_load running_;
    apply_function apply_;
    std::string refusal_;
    std::vector<std::string> waiting_for_restart_; ///< keys
    proto_http::wall_time last_success_;
};

} // namespace kh
