#include "asio_k8s/base64.hpp"

#include <array>
#include <cstdint>

namespace k8s {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xFF;

constexpr auto digits = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return table;
}();

} // namespace

std::optional<std::string> base64_decode(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    unsigned count = 0;
    unsigned padding = 0;
    for (char c : text) {
        if (c == '\n' || c == '\r')
            continue;
        if (c == '=' && count >= 2 && count + padding < 4) {
            ++padding;
            continue;
        }
        auto digit = digits[static_cast<unsigned char>(c)];
        if (digit == no_digit || padding != 0)
            return std::nullopt;
        group = (group << 6U) | digit;
        if (++count < 4)
            continue;
        for (unsigned shift : {16U, 8U, 0U})
            bytes.push_back(static_cast<char>((group >> shift) & 0xFFU));
        group = 0;
        count = 0;
    }
    if (count == 0 && padding == 0)
        return bytes;
    if (count + padding != 4)
        return std::nullopt;
    group <<= 6U * padding;
    bytes.push_back(static_cast<char>((group >> 16U) & 0xFFU));
    if (count == 3)
        bytes.push_back(static_cast<char>((group >> 8U) & 0xFFU));
    return bytes;
}

std::string base64_encode(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
        std::uint32_t group = (byte(at) << 16U) | (byte(at + 1) << 8U) | byte(at + 2);
        text.push_back(alphabet[group >> 18U]);
        text.push_back(alphabet[(group >> 12U) & 0x3FU]);
        text.push_back(at + 1 < bytes.size() ? alphabet[(group >> 6U) & 0x3FU] : '=');
        text.push_back(at + 2 < bytes.size() ? alphabet[group & 0x3FU] : '=');
    }
    return text;
}

} // namespace k8s
