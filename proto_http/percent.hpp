#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proto_http {

/// Undoes percent-encoding (RFC 3986, 2.1). Nothing for a '%' without two hexadecimal digits. `plus_is_space` for form-encoded
/// queries.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

} // namespace proto_http
