#include "tools/devcluster/api/quote.hpp"

namespace devcluster {
namespace {

constexpr char32_t no_character = 0xFFFFFFFF;

struct code_point {
    char32_t value = no_character; ///< no_character: a byte that is not UTF-8
    std::size_t size = 1;
};

constexpr bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

code_point first_of(std::string_view text) {
    auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80)
        return {first, 1};
    std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < size)
        return {};
    char32_t value = first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if (!is_continuation(text[i]))
            return {};
        value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    }
    constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest[size] || value > 0x10FFFF || is_surrogate)
        return {};
    return {value, size};
}

constexpr bool is_control(char32_t value) {
    return value < 0x20 || (value >= 0x7F && value < 0xA0);
}

std::string_view short_escape(char32_t value) {
    switch (value) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\a':
        return "\\a";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '\v':
        return "\\v";
    default:
        return {};
    }
}

/// A value of one byte: "\x1b", "\u0085".
void append_escape(std::string& to, std::string_view mark, char32_t value) {
    constexpr std::string_view digits = "0123456789abcdef";
    to.append(mark).append({digits[value >> 4], digits[value & 15]});
}

} // namespace

std::string quoted(std::string_view text) {
    std::string made = "\"";
    while (!text.empty()) {
        auto character = first_of(text);
        if (character.value == no_character)
            append_escape(made, "\\x", static_cast<unsigned char>(text.front()));
        else if (auto escape = short_escape(character.value); !escape.empty())
            made += escape;
        else if (is_control(character.value))
            append_escape(made, character.value < 0x80 ? "\\x" : "\\u00", character.value);
        else
            made += text.substr(0, character.size);
        text.remove_prefix(character.size);
    }
    return made += '"';
}

bool is_printable(std::string_view text) noexcept {
    while (!text.empty()) {
        auto character = first_of(text);
        if (character.value == no_character || is_control(character.value))
            return false;
        text.remove_prefix(character.size);
    }
    return true;
}

std::size_t count_code_points(std::string_view text) noexcept {
    std::size_t count = 0;
    for (; !text.empty(); ++count)
        text.remove_prefix(first_of(text).size);
    return count;
}

} // namespace devcluster
