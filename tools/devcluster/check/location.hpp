#pragma once

#include <string>
#include <string_view>

namespace devcluster {

/// Where a redirect leads: the Location header of an answer, which may be relative, seen from the URL that was asked (RFC 3986,
/// 5.2; "." and ".." are left to the server). The base must be a good http(s) URL; whether what comes out is one, asking for it
/// tells.
std::string follow_location(std::string_view base, std::string_view location);

} // namespace devcluster
