#include "tools/devcluster/api/go_text.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace devcluster {
namespace {

namespace json = boost::json;

std::vector<const json::key_value_pair*> in_order(const json::object& object) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& member : object)
        members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* left, const auto* right) { return left->key() < right->key(); });
    return members;
}

std::string in_format(double value, std::chars_format format) {
    char buffer[512];
    const auto [end, failure] = std::to_chars(buffer, buffer + sizeof buffer, value, format);
    return failure == std::errc() ? std::string(buffer, end) : std::string();
}

/// The shortest digits that are read back as the same; with an exponent from 10^-`small` and 10^`large` on.
std::string number(double value, int small, int large) {
    auto scientific = in_format(value, std::chars_format::scientific);
    const auto e = scientific.find('e');
    if (e == std::string::npos)
        return scientific;
    int exponent = 0;
    const auto* digits = scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1);
    std::from_chars(digits, scientific.data() + scientific.size(), exponent);
    return exponent >= -small && exponent < large ? in_format(value, std::chars_format::fixed) : scientific;
}

/// encoding/json writes 1e-7 where fmt writes 1e-07.
std::string json_number(double value) {
    auto made = number(value, 6, 21);
    if (const auto zero = made.find("e-0"); zero != std::string::npos)
        made.erase(zero + 2, 1);
    return made;
}

std::string json_string(std::string_view text) {
    const auto plain = json::serialize(json::string_view(text.data(), text.size()));
    std::string made;
    made.reserve(plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
        const auto rest = std::string_view(plain).substr(i);
        if (plain[i] == '<' || plain[i] == '>' || plain[i] == '&')
            made += fmt::format("\\u00{:02x}", static_cast<int>(plain[i]));
        else if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
            made += rest[2] == '\xa8' ? "\\u2028" : "\\u2029"; // line and paragraph separator
            i += 2;
        } else
            made += plain[i];
    }
    return made;
}

} // namespace

std::optional<std::int64_t> as_integer(const json::value& value) {
    constexpr double limit = 9.2e18;
    if (value.is_int64())
        return value.get_int64();
    if (value.is_double() && std::abs(value.get_double()) < limit && std::trunc(value.get_double()) == value.get_double())
        return static_cast<std::int64_t>(value.get_double());
    return std::nullopt;
}

std::string go_text(const json::value& value) {
    if (const auto integer = as_integer(value))
        return fmt::to_string(*integer);
    std::string made;
    switch (value.kind()) {
    case json::kind::null:
        return "<nil>";
    case json::kind::bool_:
        return value.get_bool() ? "true" : "false";
    case json::kind::string:
        return std::string(value.get_string());
    case json::kind::double_:
        return number(value.get_double(), 4, 6);
    case json::kind::array:
        for (const auto& element : value.get_array())
            made += (made.empty() ? "" : " ") + go_text(element);
        return "[" + made + "]";
    case json::kind::object:
        for (const auto* member : in_order(value.get_object()))
            made += fmt::format("{}{}:{}", made.empty() ? "" : " ", std::string_view(member->key()), go_text(member->value()));
        return "map[" + made + "]";
    default:
        return json::serialize(value);
    }
}

std::string go_json(const json::value& value) {
    if (const auto integer = as_integer(value))
        return fmt::to_string(*integer);
    std::string made;
    switch (value.kind()) {
    case json::kind::string:
        return json_string(value.get_string());
    case json::kind::double_:
        return json_number(value.get_double());
    case json::kind::array:
        for (const auto& element : value.get_array())
            made += (made.empty() ? "" : ",") + go_json(element);
        return "[" + made + "]";
    case json::kind::object:
        for (const auto* member : in_order(value.get_object()))
            made += fmt::format("{}{}:{}", made.empty() ? "" : ",", json_string(member->key()), go_json(member->value()));
        return "{" + made + "}";
    default:
        return json::serialize(value);
    }
}

} // namespace devcluster
