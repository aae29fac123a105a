#pragma once

#include "asio_k8s/cluster_config.hpp"
#include "asio_k8s/exec_credential.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace k8s {

/// How this process is known to the API server, kept fresh: files are read again once a minute and after a 401 (bound
/// service-account tokens live an hour, CAs and certificates rotate), an exec plugin runs again shortly before its credential
/// expires and after a 401. Those who need the plugin at the same time share one run.
class credentials {
public:
    using tls_user = std::function<void(std::shared_ptr<proto_http::tls_context>)>;

    /// `use_tls` is told of new TLS material. The runtime must outlive this.
    credentials(proto_http::runtime& rt, cluster_config config, tls_user use_tls);
    ~credentials();
    credentials(const credentials&) = delete;
    credentials& operator=(const credentials&) = delete;

    /// The TLS context to begin with; null for plain HTTP. Errors: errc::bad_configuration.
    api_result<std::shared_ptr<proto_http::tls_context>> first_tls() const;

    struct presented {
        std::string authorization;    ///< value of the Authorization header, or empty
        std::uint64_t generation = 0; ///< for `refused`
    };

    /// Errors: errc::bad_configuration where nothing can be presented; proto_http::errc::cancelled.
    boost::asio::awaitable<api_result<presented>> present();

    /// The API server answered 401 to what was presented. True if `present` may have something else now.
    bool refused(std::uint64_t generation);

private:
    struct plugin_run;

    bool read_files();
    bool read_token();
    bool read_tls_files();
    bool read_into(const std::string& file, std::string& content);
    std::string authorization() const;
    bool plugin_is_fresh() const;
    boost::asio::awaitable<api_result<void>> freshen_plugin();
    boost::asio::awaitable<api_result<void>> run_plugin();
    api_result<void> take(exec_credential fresh);
    api_result<std::shared_ptr<proto_http::tls_context>> make_tls() const;

    proto_http::runtime& rt_;
    cluster_config config_;
    tls_user use_tls_;
    std::string token_;
    proto_http::time_point files_due_;
    std::uint64_t generation_ = 1;
    std::optional<exec_credential> from_plugin_;
    std::shared_ptr<plugin_run> running_;
};

} // namespace k8s
