#include "controller/server_certificate.hpp"

#include "asio_k8s/rfc3339.hpp"
#include "controller/follow_files.hpp"
#include "proto_http/error.hpp"

#include <fmt/format.h>

namespace kh {

namespace {

constexpr std::size_t file_size_max = 1 << 20;

std::string day_of(std::chrono::sys_seconds at) {
    return k8s::format_rfc3339(at.time_since_epoch().count());
}

} // namespace

server_certificate::server_certificate(proto_http::runtime& rt, logger& log, certificate_files files)
    : runtime_(rt), log_(log), files_(std::move(files)) {}

/// Fills both from the files; what is wrong, or nothing.
std::string server_certificate::take(proto_http::tls_material& material, proto_http::certificate& read) {
    const auto text_of = [this](const std::string& path, std::string& into) {
        if (path.empty())
            return std::string();
        auto text = runtime_.read_file(path, file_size_max);
        if (!text)
            return fmt::format("{}: {}", path, text.error().message());
        into = std::move(*text);
        return std::string();
    };
    std::string wrong = text_of(files_.certificate, material.certificate_chain);
    if (wrong.empty())
        wrong = text_of(files_.key, material.private_key);
    if (wrong.empty())
        wrong = text_of(files_.client_ca, material.ca_certificates);
    if (!wrong.empty())
        return wrong;
    const auto own = proto_http::read_certificate(material.certificate_chain);
    if (!own)
        return fmt::format("{}: no certificate in PEM", files_.certificate);
    read = *own;
    return {};
}

std::string server_certificate::load() {
    proto_http::tls_material material;
    material.client_certificate_optional = true;
    proto_http::certificate read;
    std::string wrong = take(material, read);
    std::shared_ptr<proto_http::tls_context> made;
    if (wrong.empty()) {
        auto context = proto_http::tls_context::server(material);
        if (context)
            made = std::move(*context);
        else
            wrong = fmt::format("{}, {}: not a certificate with its key{}", files_.certificate, files_.key,
                                files_.client_ca.empty() ? "" : ", or " + files_.client_ca + " has no certificate");
    }
    const bool has_run_out = wrong.empty() && read.not_after <= runtime_.wall_now();
    if (has_run_out && context_)
        wrong = fmt::format("{}: ended on {}", files_.certificate, day_of(read.not_after));
    complaint_ = wrong;
    if (!wrong.empty())
        return wrong;
    if (has_run_out)
        log_.warning("the certificate of the HTTP server has run out",
                     {{"file", files_.certificate}, {"ended", day_of(read.not_after)}});
    const bool is_other = chain_ != material.certificate_chain;
    context_ = std::move(made);
    in_use_ = std::move(read);
    chain_ = std::move(material.certificate_chain);
    if (is_other)
        log_.info("certificate of the HTTP server", {{"subject", in_use_.subject}, {"ends", day_of(in_use_.not_after)}});
    if (on_change)
        on_change(context_);
    return {};
}

boost::asio::awaitable<void> server_certificate::follow(std::unique_ptr<proto_http::file_changes> changes) {
    return follow_files(std::move(changes), log_, "the certificate files are not followed any more", [this] {
        const std::string wrong = load();
        if (!wrong.empty())
            log_.warning("new certificate files are not usable; the old certificate stays", {{"error", wrong}});
    });
}

} // namespace kh
