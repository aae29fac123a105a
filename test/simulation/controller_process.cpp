#include "simulation/controller_process.hpp"

#include "asio_k8s/client.hpp"
#include "controller/operator.hpp"
#include "proto_http/error.hpp"

#include <boost/asio/co_spawn.hpp>

#include <fmt/format.h>

#include <vector>

namespace simulation {

/// The controller's own lines, for readers of a trace.
class controller_process::told_log final : public kh::logger {
public:
    told_log(trace& to, const std::string& name) : trace_(to), name_(name) {
        set_level(to.prints() ? kh::log_level::info : kh::log_level::panic);
    }

private:
    void write(kh::log_level value, std::string_view message, std::span<const kh::log_field> fields) override {
        trace_.note(fmt::format("  {}: {}", name_, kh::format_log_line(kh::log_format::text, {}, value, message, fields)));
    }

    trace& trace_;
    const std::string& name_;
};

/// What inotify tells, at the moment of the write.
class controller_process::told_changes final : public proto_http::file_changes {
public:
    explicit told_changes(proto_http::event& told) : told_(told) {}

    boost::asio::awaitable<proto_http::result<void>> next() override {
        if (const auto error = co_await told_.wait())
            co_return error;
        told_.reset();
        co_return proto_http::result<void>();
    }

private:
    proto_http::event& told_;
};

/// Whatever it dials is the API server.
class controller_process::process_runtime final : public test_support::manual_runtime {
public:
    template <class... Args>
    explicit process_runtime(Args&&... args) : manual_runtime(std::forward<Args>(args)...) {
        reached_.set();
    }

    boost::asio::awaitable<proto_http::result<std::unique_ptr<proto_http::stream>>> dial(proto_http::host_port to) override {
        if (!reached_.is_set() && co_await reached_.wait())
            co_return proto_http::errc::cancelled;
        auto made = co_await manual_runtime::dial(std::move(to));
        if (made) {
            std::erase_if(dialled_, [](const test_support::memory_wire& one) { return one.is_closed(); });
            dialled_.push_back(connections().back());
        }
        co_return made;
    }

    void cut_off(bool is_cut_off) {
        is_cut_off ? reached_.reset() : reached_.set();
        for (auto& one : dialled_)
            one.stall(is_cut_off);
    }

private:
    proto_http::event reached_{*this}; ///< whether the API server can be
    std::vector<test_support::memory_wire> dialled_;
};

controller_process::controller_process(std::string name, std::uint64_t seed, proto_http::wall_time wall_base, const plan& about,
                                       trace& told, std::shared_ptr<test_support::timeline> time,
                                       std::shared_ptr<test_support::memory_network> net)
    : name_(std::move(name)), runtime_(std::make_unique<process_runtime>(context_, seed, std::move(time), std::move(net))),
      log_(std::make_unique<told_log>(told, name_)), config_is_written_(std::make_unique<proto_http::event>(*runtime_)) {
    runtime_->wall_base = wall_base;
    k8s::cluster_config config;
    config.server.origin = {"api", 80};
    api_ = std::move(k8s::client::make(*runtime_, std::move(config)).value());
    runtime_->variables = {{"POD_NAME", name_},
                           {"POD_NAMESPACE", "kuberhealthy"},
                           {"KH_EXTERNAL_REPORTING_URL", "http://kuberhealthy:8080/externalCheckStatus"}};
    runtime_->files[std::string(kh::default_config_path)] =
        fmt::format("maxCompletedPodCount: {}\nmaxErrorPodCount: {}\n", about.succeeded_pods_max, about.failed_pods_max);
    kh::command_line arguments;
    arguments.leader_election = about.has_election;
    kh::settings_load loaded = kh::load_settings(*runtime_, arguments);
    operator_ = std::make_unique<kh::controller_operator>(*runtime_, *api_, loaded.value.value(), *log_);
    operator_->follow_configuration(arguments, std::move(loaded), std::make_unique<told_changes>(*config_is_written_));
    auto listening = runtime_->listen(proto_http::host_port{name_, 8080});
    boost::asio::co_spawn(context_, operator_->run(std::move(*listening)), [this](std::exception_ptr) { has_ended_ = true; });
    context_.poll_one(); // a signal cannot come before run() has begun
}

controller_process::~controller_process() = default;

test_support::manual_runtime& controller_process::runtime() noexcept {
    return *runtime_;
}

void controller_process::cut_off(bool is_cut_off) {
    runtime_->cut_off(is_cut_off);
}

bool controller_process::is_ready() const {
    return operator_ && operator_->ready();
}

bool controller_process::leads() const {
    return operator_ && operator_->leads();
}

std::uint64_t controller_process::runs_started() const {
    return operator_ ? operator_->runs_started() : 0;
}

bool controller_process::kill() {
    runtime_->sever();
    runtime_->cut_off(false); // what it dials fails at once
    operator_->stop(proto_http::duration{});
    while (runtime_->poll())
        ;
    return has_ended_ && clean_up();
}

void controller_process::stop(proto_http::duration grace) {
    operator_->stop(grace);
}

void controller_process::retire(proto_http::duration grace) {
    operator_->retire(grace);
}

void controller_process::write_config(const std::string& yaml) {
    runtime_->files[std::string(kh::default_config_path)] = yaml;
    config_is_written_->set();
}

bool controller_process::clean_up() {
    operator_.reset();
    api_.reset();
    while (runtime_->poll())
        ;
    // A kept connection's limit may still be pending: it holds no coroutine.
    const bool is_clean = context_.stopped() || !runtime_->poll();
    const bool has_no_waits = runtime_->pending_waits() == 0;
    runtime_->drop_waits();
    return is_clean && has_no_waits;
}

} // namespace simulation
