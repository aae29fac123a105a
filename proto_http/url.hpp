#pragma once

#include "proto_http/result.hpp"
#include "proto_http/runtime.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace proto_http {

struct proxy;

/// The parts of an http(s) URL.
struct url_parts {
    bool tls = false;
    host_port origin; ///< port 80 or 443 where the URL names none
    std::string user_info;
    std::string path;   ///< without a trailing '/'; may be empty
    std::string target; ///< path and query as they are written, for a request; "/" where there is neither

    bool operator==(const url_parts&) const = default;
};

/// Errors: errc::bad_url.
result<url_parts> parse_url(std::string_view text);

/// Percent-encodes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

/// The proxy for an origin by the environment, as Go's net/http does: HTTPS_PROXY or HTTP_PROXY (lower case too), with NO_PROXY
/// ("*", host, .suffix, host:port, IP, CIDR); loopback addresses and "localhost" never use one. Errors: errc::bad_url.
result<std::optional<proxy>> proxy_from_environment(runtime& rt, bool tls, const host_port& origin);

/// "Basic ..." of a URL's user information, for an Authorization header. Errors: errc::bad_url where it is not percent-encoded.
result<std::string> basic_authorization(std::string_view user_info);

/// A proxy given as a URL (kubeconfig's proxy-url). Errors: errc::bad_url.
result<proxy> proxy_from_url(std::string_view url);

} // namespace proto_http
