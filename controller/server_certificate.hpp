#pragma once

#include "controller/log.hpp"
#include "controller/settings.hpp"
#include "proto_http/file_changes.hpp"
#include "proto_http/runtime.hpp"
#include "proto_http/tls.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

// The certificate with which the pages and the report endpoint are served, from files that somebody renews (cert-manager, a
// mounted Secret).

namespace kh {

class server_certificate {
public:
    /// Runtime and logger must outlive it.
    server_certificate(proto_http::runtime& rt, logger& log, certificate_files files);

    /// Called with the context of each certificate that is taken, those after the first load() included.
    std::function<void(std::shared_ptr<proto_http::tls_context>)> on_change;

    /// Reads the files. What is wrong with them, naming the file; empty: they were taken. A certificate that has run out is taken
    /// with a warning if there is no other yet, and refused later: then the old one stays.
    std::string load();

    /// Reads them again after each change that `changes` tells, until cancelled.
    boost::asio::awaitable<void> follow(std::unique_ptr<proto_http::file_changes> changes);

    /// Of the certificate in use; null before the first load.
    const std::shared_ptr<proto_http::tls_context>& context() const { return context_; }
    const proto_http::certificate& in_use() const { return in_use_; }

    /// What people must know, one line: the files as they are now were refused. Empty: they are in use.
    const std::string& complaint() const { return complaint_; }

private:
    std::string take(proto_http::tls_material& material, proto_http::certificate& read);

    proto_http::runtime& runtime_;
    logger& log_;
    certificate_files files_;
    std::shared_ptr<proto_http::tls_context> context_;
    proto_http::certificate in_use_;
    std::string chain_; ///< the text of the certificate in use
    std::string complaint_;
};

} // namespace kh
