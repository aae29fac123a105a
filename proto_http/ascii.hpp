#pragma once

#include <algorithm>
#include <string>
#include <string_view>

// ASCII text helpers: protocol names never depend on a locale.

namespace proto_http::ascii {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool equal(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = lower(c);
    return out;
}

constexpr std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view blank = " \t";
    auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Calls `item` with each trimmed element of a list; `item` returns false to stop.
template <class F>
void split(std::string_view list, char separator, F item) {
    while (true) {
        auto end = list.find(separator);
        if (!item(trim(list.substr(0, end))) || end == std::string_view::npos)
            return;
        list.remove_prefix(end + 1);
    }
}

/// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

} // namespace proto_http::ascii
