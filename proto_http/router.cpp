#include "proto_http/router.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/percent.hpp"

#include <algorithm>

namespace proto_http {

namespace {

bool has(const std::vector<std::string>& methods, std::string_view method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

bool takes(const route& candidate, std::string_view method) {
    return candidate.methods.empty() || has(candidate.methods, method) || (method == "HEAD" && has(candidate.methods, "GET"));
}

void add_method(std::string& list, std::string_view method) {
    if (!list.empty())
        list += ", ";
    list += method;
}

std::string_view without_authority(std::string_view target) {
    auto scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos)
        return target;
    auto scheme = ascii::lower(target.substr(0, scheme_end));
    if (scheme != "http" && scheme != "https")
        return target;
    auto rest = target.substr(scheme_end + 3);
    auto path = rest.find_first_of("/?");
    if (path == 0)
        return {}; // RFC 9110, 4.2.1: without a host it is invalid
    return path == std::string_view::npos ? std::string_view("/") : rest.substr(path);
}

} // namespace

std::optional<target_parts> split_target(std::string_view target) {
    if (!target.starts_with('/') && target != "*")
        target = without_authority(target);
    if (target.starts_with('?'))
        return target_parts{"/", std::string(target.substr(1))};
    if (!target.starts_with('/') && target != "*")
        return std::nullopt;
    auto mark = target.find('?');
    auto path = percent_decode(target.substr(0, mark));
    if (!path || path->find('\0') != std::string::npos)
        return std::nullopt;
    return target_parts{std::move(*path), mark == std::string_view::npos ? std::string() : std::string(target.substr(mark + 1))};
}

router::match router::find(std::string_view method, std::string_view path) const {
    auto exact = find_listed(method, path);
    return exact.by_path != nullptr ? exact : find_listed(method, "*");
}

router::match router::find_listed(std::string_view method, std::string_view listed_path) const {
    match result;
    for (const auto& candidate : routes_) {
        if (candidate.path != listed_path)
            continue;
        if (result.by_path == nullptr)
            result.by_path = &candidate;
        if (takes(candidate, method)) {
            result.by_path = result.found = &candidate;
            result.allow.clear();
            return result;
        }
        for (const auto& allowed : candidate.methods) {
            add_method(result.allow, allowed);
            if (allowed == "GET" && !has(candidate.methods, "HEAD"))
                add_method(result.allow, "HEAD");
        }
    }
    return result;
}

} // namespace proto_http
