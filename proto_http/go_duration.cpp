#include "proto_http/go_duration.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace proto_http {

namespace {

constexpr std::uint64_t magnitude_max = std::uint64_t{1} << 63; // of the most negative value

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> units{{
    {"ns", 1},
    {"us", 1'000},
    {"\u00b5s", 1'000}, // micro sign
    {"\u03bcs", 1'000}, // Greek letter mu
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
}};

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::optional<std::uint64_t> take_integer(std::string_view& text) {
    std::uint64_t value = 0;
    while (!text.empty() && is_digit(text.front())) {
        if (value > magnitude_max / 10)
            return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
        if (value > magnitude_max)
            return std::nullopt;
        text.remove_prefix(1);
    }
    return value;
}

struct fraction {
    std::uint64_t digits = 0;
    double scale = 1; // value = digits / scale
};

// Digits that no longer fit say nothing about nanoseconds: they are read and dropped, as Go does.
fraction take_fraction(std::string_view& text) {
    fraction value;
    bool full = false;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
        if (full || value.digits > (magnitude_max - 1) / 10) {
            full = true;
            continue;
        }
        value.digits = value.digits * 10 + static_cast<std::uint64_t>(text.front() - '0');
        value.scale *= 10;
    }
    return value;
}

std::optional<std::uint64_t> take_unit(std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && text[size] != '.' && !is_digit(text[size]))
        ++size;
    const auto name = text.substr(0, size);
    text.remove_prefix(size);
    for (const auto& [known, nanoseconds] : units)
        if (known == name)
            return nanoseconds;
    return std::nullopt;
}

// One "1.5h" of a duration, in nanoseconds.
std::optional<std::uint64_t> take_term(std::string_view& text) {
    const auto size_before = text.size();
    const auto whole = take_integer(text);
    if (!whole)
        return std::nullopt;
    bool any_digit = text.size() != size_before;
    fraction part;
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        const auto size_after_point = text.size();
        part = take_fraction(text);
        any_digit = any_digit || text.size() != size_after_point;
    }
    if (!any_digit)
        return std::nullopt;
    const auto unit = take_unit(text);
    if (!unit || *whole > magnitude_max / *unit)
        return std::nullopt;
    auto value = *whole * *unit;
    if (part.digits > 0)
        value += static_cast<std::uint64_t>(static_cast<double>(part.digits) * (static_cast<double>(*unit) / part.scale));
    return value > magnitude_max ? std::nullopt : std::optional(value);
}

// `value` / 10^`places` without trailing zeros: 1500, 3 -> "1.5".
std::string decimal(std::uint64_t value, int places) {
    std::string digits;
    bool significant = false;
    for (int i = 0; i < places; ++i, value /= 10) {
        const auto digit = value % 10;
        significant = significant || digit != 0;
        if (significant)
            digits.insert(digits.begin(), static_cast<char>('0' + digit));
    }
    return std::to_string(value) + (digits.empty() ? "" : "." + digits);
}

} // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (text.front() == '-' || text.front() == '+'))
        text.remove_prefix(1);
    if (text == "0")
        return std::chrono::nanoseconds(0);
    if (text.empty())
        return std::nullopt;
    std::uint64_t total = 0;
    while (!text.empty()) {
        const auto term = take_term(text);
        if (!term)
            return std::nullopt;
        total += *term;
        if (total > magnitude_max)
            return std::nullopt;
    }
    if (negative)
        return std::chrono::nanoseconds(static_cast<std::int64_t>(std::uint64_t{0} - total));
    if (total == magnitude_max)
        return std::nullopt;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string format_go_duration(std::chrono::nanoseconds value) {
    const bool negative = value.count() < 0;
    const auto bits = static_cast<std::uint64_t>(value.count());
    const auto total = negative ? std::uint64_t{0} - bits : bits;
    const std::string sign = negative ? "-" : "";
    if (total == 0)
        return "0s";
    if (total < 1'000)
        return sign + std::to_string(total) + "ns";
    if (total < 1'000'000)
        return sign + decimal(total, 3) + "\u00b5s";
    if (total < 1'000'000'000)
        return sign + decimal(total, 6) + "ms";
    const std::uint64_t minute = 60'000'000'000;
    const auto seconds = decimal(total % minute, 9) + "s";
    const auto minutes = total / minute;
    if (minutes == 0)
        return sign + seconds;
    if (minutes < 60)
        return sign + std::to_string(minutes) + "m" + seconds;
    return sign + std::to_string(minutes / 60) + "h" + std::to_string(minutes % 60) + "m" + seconds;
}

} // namespace proto_http
