#pragma once

#include <cstddef>
#include <string_view>

namespace kh::core {

/// Compares secrets: how long it takes tells the length that was asked for, and nothing of the content.
inline bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size())
        return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
    return difference == 0;
}

} // namespace kh::core
