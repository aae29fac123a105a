#pragma once

#include "asio_k8s/client.hpp"
#include "controller/core/action.hpp"
#include "controller/core/event.hpp"
#include "proto_http/task_group.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

// Carries the core's actions out as API calls, one coroutine an operation, and tells the core how each ended. It decides nothing.

namespace kh {

struct executor_settings {
    std::string reporting_url;
    std::string authoritative_pod; ///< POD_NAME: who writes the states
};

class executor {
public:
    using event_sink = std::function<void(core::event)>;
    /// The pod template of a check or job as the watch has it now, or null.
    using template_source = std::function<std::shared_ptr<const std::string>(const core::check_key&, core::workload)>;

    executor(k8s::client& api, proto_http::task_group& tasks, executor_settings settings, template_source templates,
             event_sink tell);

    void start(core::create_pod what);
    void start(core::delete_pod what);
    void start(core::write_result what);
    void start(core::delete_state what);
    void start(core::set_phase what);
    void start(core::delete_job what);
    void start(core::set_condition what);
    void cancel(core::cancel_operation what);

    std::size_t in_flight() const noexcept { return tasks_of_.size(); }

private:
    void spawn(core::operation_id id, const char* name, boost::asio::awaitable<void> operation);
    boost::asio::awaitable<void> tracked(core::operation_id id, boost::asio::awaitable<void> operation);

    boost::asio::awaitable<void> create(core::create_pod what, std::string body);
    boost::asio::awaitable<void> remove(core::delete_pod what);
    boost::asio::awaitable<bool> is_another(k8s::object_key pod, std::string uid);
    boost::asio::awaitable<void> write(core::write_result what);
    boost::asio::awaitable<void> remove_state(core::delete_state what);
    boost::asio::awaitable<void> patch_phase(core::set_phase what);
    boost::asio::awaitable<void> remove_job(core::delete_job what);
    boost::asio::awaitable<void> patch_condition(core::set_condition what);

    enum class owner { exists, gone, unknown };
    /// Whether a check or job of that name exists with that uid (any, if empty).
    boost::asio::awaitable<owner> find_owner(core::check_key key, std::string uid);
    boost::asio::awaitable<owner> find_owner_of_kind(core::check_key key, core::workload kind, std::string uid);
    boost::asio::awaitable<void> read_after_conflict(core::check_key key, core::write_done* done);
    std::string fresh_secret();

    k8s::client& api_;
    proto_http::task_group& tasks_;
    executor_settings settings_;
    template_source templates_;
    event_sink tell_;
    std::unordered_map<core::operation_id, proto_http::task_group::task_id> tasks_of_;
};

} // namespace kh
