#include "tools/devcluster/api/request_path.hpp"

#include "proto_http/server.hpp"

#include <charconv>

namespace devcluster {

namespace {

std::vector<std::string> segments_of(std::string_view path) {
    std::vector<std::string> made;
    while (!path.empty()) {
        auto end = path.find('/', 1);
        made.emplace_back(path.substr(1, end == std::string_view::npos ? end : end - 1));
        path.remove_prefix(end == std::string_view::npos ? path.size() : end);
    }
    if (!made.empty() && made.back().empty())
        made.pop_back(); // a slash at the end
    return made;
}

} // namespace

std::optional<request_path> parse_request_path(std::string_view path) {
    auto parts = segments_of(path);
    request_path made;
    std::size_t at = 0;
    if (parts.size() >= 3 && parts[0] == "api") {
        made.version = parts[1];
        at = 2;
    } else if (parts.size() >= 4 && parts[0] == "apis") {
        made.group = parts[1];
        made.version = parts[2];
        at = 3;
    } else {
        return std::nullopt;
    }
    // /namespaces/NAME and its subresources are the namespace itself; /namespaces/NAME/PLURAL is what is in it.
    bool is_scoped =
        parts.size() >= at + 3 && parts[at] == "namespaces" && parts[at + 2] != "status" && parts[at + 2] != "finalize";
    if (is_scoped) {
        made.ns = parts[at + 1];
        at += 2;
    }
    made.plural = parts[at++];
    if (at < parts.size())
        made.name = parts[at++];
    if (at < parts.size())
        made.subresource = parts[at++];
    if (at < parts.size() || made.plural.empty())
        return std::nullopt;
    return made;
}

std::string query_values::get(std::string_view name) const {
    return proto_http::first_query_value(query_, name).value;
}

bool query_values::has(std::string_view name) const {
    return proto_http::first_query_value(query_, name).found;
}

bool query_values::is_true(std::string_view name) const {
    auto value = proto_http::first_query_value(query_, name);
    return value.found && value.value != "false" && value.value != "0" && value.value != "f";
}

std::optional<long long> query_values::integer(std::string_view name) const {
    auto text = get(name);
    long long value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

} // namespace devcluster
