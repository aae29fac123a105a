#include "proto_http/request_head.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/error.hpp"
#include "proto_http/header_text.hpp"

namespace proto_http {

namespace {

bool has_brackets(const std::string& host) {
    return host.find(':') != std::string::npos;
}

std::string full_authority(const host_port& origin) {
    auto host = has_brackets(origin.host) ? "[" + origin.host + "]" : origin.host;
    return host + ":" + std::to_string(origin.port);
}

bool is_target(std::string_view text) {
    return !text.empty() &&
           std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

bool wants_body(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

} // namespace

std::string authority_of(const host_port& origin, bool tls) {
    auto text = full_authority(origin);
    if (origin.port == (tls ? 443 : 80))
        text.resize(text.rfind(':'));
    return text;
}

result<std::string> request_head(const request& what, const client_settings& settings, bool tls) {
    if (!is_token(what.method) || !is_target(what.target))
        return errc::malformed;
    auto authority = authority_of(settings.origin, tls);
    std::string head;
    head.reserve(512);
    head.append(what.method).append(" ");
    bool is_absolute = settings.via && !tls;
    if (is_absolute)
        head.append("http://").append(authority);
    head.append(what.target).append(" HTTP/1.1\r\n");
    if (!what.headers.has("Host"))
        append_header(head, "Host", authority);
    for (const auto& [name, value] : what.headers) {
        if (!is_token(name) || !is_field_value(value))
            return errc::malformed;
        if (!ascii::equal(name, "Content-Length") && !ascii::equal(name, "Transfer-Encoding"))
            append_header(head, name, value);
    }
    if (is_absolute && !settings.via->authorization.empty())
        append_header(head, "Proxy-Authorization", settings.via->authorization);
    if (!what.body.empty() || wants_body(what.method))
        append_header(head, "Content-Length", std::to_string(what.body.size()));
    head.append("\r\n");
    return head;
}

result<std::string> connect_head(const client_settings& settings) {
    auto authority = full_authority(settings.origin);
    if (!is_target(authority) || !is_field_value(settings.via->authorization))
        return errc::malformed;
    auto head = "CONNECT " + authority + " HTTP/1.1\r\n";
    append_header(head, "Host", authority);
    if (!settings.via->authorization.empty())
        append_header(head, "Proxy-Authorization", settings.via->authorization);
    head.append("\r\n");
    return head;
}

} // namespace proto_http
