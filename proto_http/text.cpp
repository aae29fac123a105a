#include "proto_http/text.hpp"

#include <algorithm>

namespace proto_http {

namespace {

constexpr std::string_view cut_mark = "\u2026 (cut)";
constexpr std::string_view white_space = " \t\n\v\f\r";

constexpr unsigned byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
}

constexpr bool is_continuation(unsigned byte) {
    return (byte & 0xC0u) == 0x80u;
}

} // namespace

std::string_view cut_utf8(std::string_view text, std::size_t size_max) {
    if (text.size() <= size_max)
        return text;
    auto size = size_max;
    // At most three bytes back: more continuation bytes than that are no UTF-8 anyway.
    for (int i = 0; i < 3 && size > 0 && is_continuation(byte_at(text, size)); ++i)
        --size;
    return text.substr(0, is_continuation(byte_at(text, size)) ? size_max : size);
}

std::string cut_and_mark(std::string_view text, std::size_t size_max) {
    if (text.size() <= size_max)
        return std::string(text);
    if (size_max <= cut_mark.size())
        return std::string(cut_utf8(text, size_max));
    return std::string(cut_utf8(text, size_max - cut_mark.size())).append(cut_mark);
}

std::string one_line(std::string_view text, std::size_t size_max) {
    std::string line;
    line.reserve(std::min(text.size(), size_max + 8));
    bool gap = false;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7F) {
            gap = !line.empty();
            continue;
        }
        if (gap)
            line += ' ';
        gap = false;
        line += c;
        if (line.size() > size_max + 8)
            break;
    }
    return cut_and_mark(line, size_max);
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

// Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t utf8_sequence_size(std::string_view text) {
    const auto first = byte_at(text, 0);
    const auto second = byte_at(text, 1);
    if (text.empty())
        return 0;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return is_continuation(second) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool good = is_continuation(second) && (first != 0xE0 || second >= 0xA0) && (first != 0xED || second < 0xA0);
        return good && is_continuation(byte_at(text, 2)) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool good = is_continuation(second) && (first != 0xF0 || second >= 0x90) && (first != 0xF4 || second < 0x90);
        return good && is_continuation(byte_at(text, 2)) && is_continuation(byte_at(text, 3)) ? 4 : 0;
    }
    return 0;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto size = utf8_sequence_size(text);
        if (size == 0)
            return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string valid_utf8(std::string_view text) {
    std::string made;
    made.reserve(text.size());
    while (!text.empty()) {
        const auto size = utf8_sequence_size(text);
        made += size == 0 ? "\uFFFD" : text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return made;
}

} // namespace proto_http
