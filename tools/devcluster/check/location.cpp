#include "tools/devcluster/check/location.hpp"

namespace devcluster {

std::string follow_location(std::string_view base, std::string_view location) {
    auto scheme_end = location.find("://");
    if (scheme_end != std::string_view::npos && location.find_first_of("/?#") > scheme_end)
        return std::string(location);
    auto authority_start = base.find("://") + 3;
    if (location.starts_with("//"))
        return std::string(base.substr(0, authority_start - 2)).append(location);

    auto origin = base.substr(0, base.find_first_of("/?#", authority_start));
    auto target = base.substr(origin.size());
    auto path = target.substr(0, target.find_first_of("?#"));
    auto tail_start = location.find_first_of("?#");
    auto tail = tail_start == std::string_view::npos ? std::string_view() : location.substr(tail_start);
    auto way = std::string(location.substr(0, tail_start));
    if (way.empty())
        way = path.empty() ? "/" : path;
    else if (!way.starts_with('/'))
        way.insert(0, path.empty() ? "/" : path.substr(0, path.rfind('/') + 1));
    return std::string(origin).append(way).append(tail);
}

} // namespace devcluster
