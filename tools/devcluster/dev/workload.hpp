#pragma once

#include "asio_k8s/client.hpp"
#include "controller/log.hpp"
#include "controller/operator.hpp"
#include "tools/devcluster/dev/access.hpp"
#include "tools/devcluster/dev/options.hpp"
#include "tools/devcluster/node/node.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

// What runs on the embedded API server, each as a client of its own: the node and the controller, the same as in a cluster.

namespace devcluster {

class workload {
public:
    using print_function = std::function<void(std::string_view lines)>;

    /// The runtime must outlive it. Errors: a text.
    static boost::system::result<std::unique_ptr<workload>, std::string> make(proto_http::runtime& rt, const api_access& to,
                                                                              const dev_options& options, print_function print);
    virtual ~workload() = default;

    virtual log_source& logs() = 0;

    /// Runs both until stop(); the controller ends before the node.
    virtual boost::asio::awaitable<void> run(std::unique_ptr<proto_http::acceptor> page) = 0;
    virtual void stop() = 0;
};

} // namespace devcluster
