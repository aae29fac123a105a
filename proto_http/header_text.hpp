#pragma once

#include <algorithm>
#include <string>
#include <string_view>

// Header lines as text, for both sides. Internal to this floor.

namespace proto_http {

/// RFC 9110, 5.6.2.
constexpr bool is_token(std::string_view text) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

/// No character that could end the line or the text early.
constexpr bool is_field_value(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

inline void append_header(std::string& to, std::string_view name, std::string_view value) {
    to.append(name).append(": ").append(value).append("\r\n");
}

} // namespace proto_http
