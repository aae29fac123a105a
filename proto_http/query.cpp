#include "proto_http/ascii.hpp"
#include "proto_http/percent.hpp"
#include "proto_http/server.hpp"

namespace proto_http {

namespace {

bool is_key(std::string_view encoded, std::string_view name) {
    if (encoded.find_first_of("%+") == std::string_view::npos)
        return encoded == name;
    auto decoded = percent_decode(encoded, true);
    return decoded && *decoded == name;
}

} // namespace

query_value first_query_value(std::string_view query, std::string_view name) {
    query_value first;
    ascii::split(query, '&', [&](std::string_view item) {
        auto mark = item.find('=');
        if (!is_key(item.substr(0, mark), name))
            return true;
        auto value = mark == std::string_view::npos ? std::string_view() : item.substr(mark + 1);
        auto decoded = percent_decode(value, true);
        first.found = true;
        first.value = decoded ? std::move(*decoded) : std::string(value);
        return false;
    });
    return first;
}

server_response make_response(unsigned status, std::string content_type, std::string body) {
    server_response made;
    made.status = status;
    made.headers.add("Content-Type", std::move(content_type));
    made.body = std::make_shared<const std::string>(std::move(body));
    return made;
}

} // namespace proto_http
