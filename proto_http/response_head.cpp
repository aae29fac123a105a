#include "proto_http/response_head.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/header_text.hpp"

#include <boost/beast/http/status.hpp>

namespace proto_http {

namespace {

bool is_ours(std::string_view name) {
    return ascii::equal(name, "Content-Length") || ascii::equal(name, "Connection") || ascii::equal(name, "Transfer-Encoding");
}

} // namespace

bool has_body(unsigned status) noexcept {
    return status / 100 != 1 && status != 204 && status != 304;
}

std::string response_head(const server_response& what, std::optional<std::size_t> body_size, connection_fate fate) {
    std::string head;
    head.reserve(256);
    auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(what.status));
    head.append("HTTP/1.1 ").append(std::to_string(what.status)).append(" ").append(std::string_view(reason)).append("\r\n");
    for (const auto& [name, value] : what.headers)
        if (!is_ours(name) && is_token(name) && is_field_value(value))
            append_header(head, name, value);
    if (has_body(what.status) && body_size)
        append_header(head, "Content-Length", std::to_string(*body_size));
    else if (has_body(what.status) && !fate.is_http_10)
        append_header(head, "Transfer-Encoding", "chunked");
    if (!fate.is_kept)
        append_header(head, "Connection", "close");
    else if (fate.is_http_10)
        append_header(head, "Connection", "keep-alive");
    head.append("\r\n");
    return head;
}

server_response plain_refusal(const refusal& what) {
    // The reasons are constants of ours without a character that JSON would escape.
    std::string body = "{\"error\":\"";
    body.append(what.reason).append("\"}\n");
    return make_response(what.status, "application/json", std::move(body));
}

} // namespace proto_http
