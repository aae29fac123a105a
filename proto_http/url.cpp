#include "proto_http/url.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/error.hpp"
#include "proto_http/percent.hpp"

#include <boost/asio/ip/address.hpp>

#include <charconv>

namespace proto_http {

namespace {

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

bool has_blank_or_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

bool read_port(std::string_view text, std::uint16_t& port) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

/// host, host:port, [v6] or [v6]:port. The port stays as it was where none is named.
bool read_authority(std::string_view text, host_port& to) {
    std::string_view rest;
    if (text.starts_with('[')) {
        auto end = text.find(']');
        if (end == std::string_view::npos)
            return false;
        to.host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        error_code error;
        boost::asio::ip::make_address_v6(to.host, error);
        if (error)
            return false;
    } else {
        auto colon = text.find(':');
        to.host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
        constexpr std::string_view forbidden = "/\\@[]<>\"`{}|^%";
        if (to.host.find_first_of(forbidden) != std::string::npos)
            return false;
    }
    if (to.host.empty())
        return false;
    if (rest.empty() || rest == ":")
        return true;
    return rest.front() == ':' && read_port(rest.substr(1), to.port);
}

} // namespace

result<url_parts> parse_url(std::string_view text) {
    url_parts parts;
    auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos || has_blank_or_control(text))
        return errc::bad_url;
    auto scheme = ascii::lower(text.substr(0, scheme_end));
    if (scheme != "http" && scheme != "https")
        return errc::bad_url;
    parts.tls = scheme == "https";
    parts.origin.port = parts.tls ? 443 : 80;

    auto rest = text.substr(scheme_end + 3);
    auto authority_end = rest.find_first_of("/?#");
    auto authority = rest.substr(0, authority_end);
    if (auto at = authority.rfind('@'); at != std::string_view::npos) {
        parts.user_info = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    if (!read_authority(authority, parts.origin))
        return errc::bad_url;

    parts.target = "/";
    if (authority_end != std::string_view::npos) {
        auto path = rest.substr(authority_end);
        path = path.substr(0, path.find('#'));
        parts.target = path;
        if (!path.starts_with('/'))
            parts.target.insert(0, "/");
        path = path.substr(0, path.find('?'));
        while (path.ends_with('/'))
            path.remove_suffix(1);
        parts.path = path;
    }
    return parts;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (i + 2 >= text.size())
                return std::nullopt;
            int high = ascii::hex_value(text[i + 1]);
            int low = ascii::hex_value(text[i + 2]);
            if (high < 0 || low < 0)
                return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

} // namespace proto_http
