#include "tools/devcluster/check/target.hpp"

#include "proto_http/error.hpp"
#include "proto_http/url.hpp"

#include <fmt/format.h>

namespace devcluster {

using namespace proto_http;

namespace {

constexpr std::size_t ca_file_size_max = 4 * 1024 * 1024;

bool names_port(std::string_view authority) {
    auto colon = authority.rfind(':');
    auto bracket = authority.rfind(']');
    return colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
}

} // namespace

std::optional<host_port> parse_target(std::string_view text, std::uint16_t default_port) {
    constexpr std::string_view tcp = "tcp://";
    if (text.starts_with(tcp)) {
        text.remove_prefix(tcp.size());
    } else if (text.find("://") != std::string_view::npos) {
        auto url = parse_url(text);
        return url ? std::optional(url->origin) : std::nullopt;
    }
    // What is left is the authority of a URL and nothing but that.
    auto parsed = parse_url(fmt::format("http://{}", text));
    if (!parsed || text.ends_with(':') || text.find_first_of("/?#@") != std::string_view::npos)
        return std::nullopt;
    if (names_port(text))
        return parsed->origin;
    parsed->origin.port = default_port;
    return default_port == 0 ? std::nullopt : std::optional(parsed->origin);
}

std::string text_of(const host_port& target) {
    bool is_v6 = target.host.find(':') != std::string::npos;
    return is_v6 ? fmt::format("[{}]:{}", target.host, target.port) : fmt::format("{}:{}", target.host, target.port);
}

trust make_trust(runtime& rt, const trust_options& from) {
    tls_material material;
    material.verify_peer = !from.is_insecure;
    if (!from.ca_file.empty()) {
        auto text = rt.read_file(from.ca_file, ca_file_size_max);
        // An empty file must not come to mean the system's store.
        if (!text || text->empty())
            return {nullptr, fmt::format("{}: {}", from.ca_file, make_error_code(errc::file_not_readable).message())};
        material.ca_certificates = std::move(*text);
    }
    auto made = tls_context::client(material);
    if (!made)
        return {nullptr, fmt::format("{}: {}", from.ca_file, made.error().message())};
    return {std::move(*made), {}};
}

} // namespace devcluster
