#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace k8s {

/// RFC 4648 base64 with padding. Line breaks are skipped, as Go does; nothing for any other character or length.
std::optional<std::string> base64_decode(std::string_view text);

std::string base64_encode(std::string_view bytes);

} // namespace k8s
