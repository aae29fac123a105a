#include "proto_http/ascii.hpp"
#include "proto_http/client.hpp"
#include "proto_http/error.hpp"
#include "proto_http/percent.hpp"
#include "proto_http/url.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <openssl/evp.h>

// Which proxy an origin is reached through. The rules are those of Go's golang.org/x/net/http/httpproxy, for kubectl and every
// other Kubernetes client follow them.

namespace proto_http {

namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> parse_address(std::string_view text) {
    error_code error;
    auto address = ip::make_address(std::string(text), error);
    if (error)
        return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

template <class Network, class Address>
bool contains(const Network& network, const Address& address) {
    return Network(address, network.prefix_length()).canonical() == network.canonical();
}

/// Nothing if `text` is not a CIDR.
std::optional<bool> cidr_match(std::string_view text, const std::optional<ip::address>& address) {
    error_code error;
    if (auto v4 = ip::make_network_v4(std::string(text), error); !error)
        return address && address->is_v4() && contains(v4, address->to_v4());
    if (auto v6 = ip::make_network_v6(std::string(text), error); !error)
        return address && address->is_v6() && contains(v6, address->to_v6());
    return std::nullopt;
}

/// host:port or [v6]:port; a bare IPv6 address has no port.
std::pair<std::string_view, std::string_view> split_port(std::string_view text) {
    auto colon = text.rfind(':');
    if (text.starts_with('[')) {
        auto end = text.find(']');
        if (end != std::string_view::npos && end + 1 == colon)
            return {text.substr(1, end - 1), text.substr(colon + 1)};
        return {text, {}};
    }
    if (colon == std::string_view::npos || text.find(':') != colon)
        return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

bool domain_match(std::string_view pattern, std::string_view host) {
    if (pattern.starts_with("*."))
        pattern.remove_prefix(1);
    if (pattern.starts_with('.'))
        return host.ends_with(pattern);
    if (host == pattern)
        return true;
    return host.size() > pattern.size() && host.ends_with(pattern) && host[host.size() - pattern.size() - 1] == '.';
}

bool entry_match(std::string_view entry, std::string_view host, const std::optional<ip::address>& address, std::uint16_t port) {
    if (entry == "*")
        return true;
    if (auto match = cidr_match(entry, address))
        return match.value();
    auto [name, wanted_port] = split_port(entry);
    if (name.empty() || (!wanted_port.empty() && wanted_port != std::to_string(port)))
        return false;
    if (auto wanted = parse_address(name))
        return address && *address == *wanted;
    return domain_match(name, host);
}

bool is_exempt(std::string_view no_proxy, const host_port& origin) {
    auto host = ascii::lower(origin.host);
    auto address = parse_address(host);
    if (host == "localhost" || (address && address->is_loopback()))
        return true;
    bool exempt = false;
    ascii::split(ascii::lower(no_proxy), ',', [&](std::string_view entry) {
        exempt = !entry.empty() && entry_match(entry, host, address, origin.port);
        return !exempt;
    });
    return exempt;
}

std::string environment_any(runtime& rt, std::string_view upper, std::string_view lower) {
    auto value = rt.environment(upper);
    return value.empty() ? rt.environment(lower) : value;
}

std::string base64(std::string_view text) {
    std::string out((text.size() + 2) / 3 * 4 + 1, '\0'); // EVP_EncodeBlock ends its output with a NUL
    auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                                static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

} // namespace

result<std::string> basic_authorization(std::string_view user_info) {
    auto user = percent_decode(user_info);
    if (!user)
        return errc::bad_url;
    if (user->find(':') == std::string::npos)
        *user += ':';
    return "Basic " + base64(*user);
}

result<proxy> proxy_from_url(std::string_view url) {
    std::string with_scheme(url);
    if (url.find("://") == std::string_view::npos)
        with_scheme = "http://" + with_scheme;
    auto parts = parse_url(with_scheme);
    // A TLS connection to the proxy itself, or SOCKS, is refused rather than quietly done in another way.
    if (!parts || parts->tls)
        return errc::bad_url;
    proxy via;
    via.address = parts->origin;
    if (!parts->user_info.empty()) {
        auto authorization = basic_authorization(parts->user_info);
        if (!authorization)
            return authorization.error();
        via.authorization = std::move(*authorization);
    }
    return via;
}

result<std::optional<proxy>> proxy_from_environment(runtime& rt, bool tls, const host_port& origin) {
    std::optional<proxy> none;
    auto url = tls ? environment_any(rt, "HTTPS_PROXY", "https_proxy") : environment_any(rt, "HTTP_PROXY", "http_proxy");
    if (url.empty() || is_exempt(environment_any(rt, "NO_PROXY", "no_proxy"), origin))
        return none;
    auto via = proxy_from_url(url);
    if (!via)
        return via.error();
    return std::optional<proxy>(std::move(*via));
}

} // namespace proto_http
