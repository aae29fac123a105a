#include "controller/exposition.hpp"

#include "proto_http/text.hpp"

namespace kh {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view hex_digits = "0123456789abcdef";

// Calls `plain(byte)` for ASCII and `sequence(view)` for each longer well-formed sequence, or an empty view for a byte that is
// none.
template <class Plain, class Sequence>
void for_each_character(std::string_view text, Plain plain, Sequence sequence) {
    while (!text.empty()) {
        const auto size = proto_http::utf8_sequence_size(text);
        if (size == 1)
            plain(text.front());
        else
            sequence(text.substr(0, size));
        text.remove_prefix(size == 0 ? 1 : size);
    }
}

void append_json_ascii(std::string& out, char c) {
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        if (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&')
            out.append("\\u00").append({hex_digits[static_cast<unsigned>(c) >> 4U], hex_digits[static_cast<unsigned>(c) & 15U]});
        else
            out += c;
    }
}

} // namespace

void append_go_json_string(std::string& out, std::string_view text) {
    out += '"';
    for_each_character(
        text, [&out](char c) { append_json_ascii(out, c); },
        [&out](std::string_view sequence) {
            if (sequence.empty())
                out += "\\ufffd";
            else if (sequence == "\u2028")
                out += "\\u2028";
            else if (sequence == "\u2029")
                out += "\\u2029";
            else
                out += sequence;
        });
    out += '"';
}

void append_label_value(std::string& out, std::string_view text) {
    for_each_character(
        text,
        [&out](char c) {
            if (c == '\\' || c == '"')
                out += '\\';
            if (c == '\n')
                out += "\\n";
            else
                out += c;
        },
        [&out](std::string_view sequence) { out += sequence.empty() ? replacement : sequence; });
}

void append_help_text(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == '\n')
            out += "\\n";
        else if (c == '\\')
            out += "\\\\";
        else
            out += c;
    }
}

} // namespace kh
