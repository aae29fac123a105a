#pragma once

#include "proto_http/file_changes.hpp"
#include "proto_http/runtime.hpp"
#include "proto_http/task_group.hpp"
#include "tools/devcluster/api/api_server.hpp"
#include "tools/devcluster/api/database.hpp"
#include "tools/devcluster/dev/access.hpp"
#include "tools/devcluster/dev/apply.hpp"
#include "tools/devcluster/dev/options.hpp"
#include "tools/devcluster/dev/terminal.hpp"
#include "tools/devcluster/dev/workload.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

// The whole of kuberhealthy-dev: the API server, the node, the controller and what a person sees of them, and in which order they
// start and stop.

namespace devcluster {

class dev_cluster {
public:
    /// The context and the runtime must outlive it.
    dev_cluster(boost::asio::io_context& context, proto_http::runtime& rt, dev_options options);
    ~dev_cluster();

    /// Opens, listens, applies. Errors: one line for the person; then nothing has been left behind.
    std::string start();

    /// Runs until stop(), or with --once until every check has ended. Answers the exit code of the program. Returns when every
    /// process and coroutine has ended.
    boost::asio::awaitable<int> run();

    void stop();

private:
    std::string open_data();
    std::string listen();
    std::string write_kubeconfig();
    std::string apply_definitions();
    std::string apply_files(bool is_first);
    std::string apply_file(const std::string& path, bool is_first);
    void greet();

    boost::asio::awaitable<void> follow_files();
    boost::asio::awaitable<void> follow_results();
    boost::asio::awaitable<void> await_results();
    void show();
    std::size_t running_pods();
    proto_http::duration longest_timeout();
    int verdict();

    boost::asio::io_context& context_;
    proto_http::runtime& rt_;
    dev_options options_;
    terminal terminal_;
    std::unique_ptr<database> database_;
    api_server api_;
    api_access access_;
    applier applier_;
    std::string kubeconfig_;
    std::unique_ptr<proto_http::file_changes> changes_;
    std::unique_ptr<proto_http::acceptor> api_listener_;
    std::unique_ptr<proto_http::acceptor> page_listener_;
    std::unique_ptr<proto_http::server> server_;
    std::unique_ptr<workload> workload_;
    proto_http::task_group api_tasks_;
    proto_http::task_group tasks_;
    proto_http::event objects_changed_;
    proto_http::event stopping_;
    proto_http::time_point started_;
    std::int64_t unix_started_ = 0;
};

} // namespace devcluster
