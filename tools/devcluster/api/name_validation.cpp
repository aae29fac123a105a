#include "tools/devcluster/api/metadata_validation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace devcluster {
namespace {

// The shapes as refusals tell them. What they mean is written out below: names are judged in every write, and a regular
// expression takes ten times as long.
constexpr std::string_view dns_label_shape = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view dns_subdomain_shape = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
constexpr std::string_view dns_1035_label_shape = "[a-z]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view qualified_shape = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view label_value_shape = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
constexpr std::string_view config_key_shape = "[-._a-zA-Z0-9]+";
constexpr std::string_view must_be_qualified =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr bool is_dns_character(char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c);
}

constexpr bool is_alphanumeric(char c) {
    return is_dns_character(c) || (c >= 'A' && c <= 'Z');
}

constexpr bool is_key_character(char c) {
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
}

bool is_label(std::string_view name) {
    return !name.empty() && is_dns_character(name.front()) && is_dns_character(name.back()) &&
           std::all_of(name.begin(), name.end(), [](char c) { return is_dns_character(c) || c == '-'; });
}

bool is_subdomain(std::string_view name) {
    for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
        if (!is_label(name.substr(0, dot)))
            return false;
        name.remove_prefix(dot + 1);
    }
    return is_label(name);
}

bool is_qualified(std::string_view name) {
    return !name.empty() && is_alphanumeric(name.front()) && is_alphanumeric(name.back()) &&
           std::all_of(name.begin(), name.end(), is_key_character);
}

/// Of whole names kube-apiserver says characters, of keys and values bytes; both mean bytes.
std::string too_many(std::size_t max, std::string_view units) {
    return fmt::format("must be no more than {} {}", max, units);
}

std::string shape_error(std::string_view words, std::string_view examples, std::string_view shape) {
    return fmt::format("{} (e.g. {}, regex used for validation is '{}')", words, examples, shape);
}

std::string qualified_error() {
    return shape_error(must_be_qualified, "'MyName',  or 'my.name',  or '123-abc'", qualified_shape);
}

std::vector<std::string> wrong_subdomain(std::string_view name, std::string_view units) {
    constexpr std::size_t size_max = 253;
    std::vector<std::string> wrong;
    if (name.size() > size_max)
        wrong.push_back(too_many(size_max, units));
    if (!is_subdomain(name))
        wrong.push_back(
            shape_error("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                        "must start and end with an alphanumeric character",
                        "'example.com'", dns_subdomain_shape));
    return wrong;
}

std::vector<std::string> wrong_prefix(std::string_view prefix) {
    if (prefix.empty())
        return {"prefix part must be non-empty"};
    auto wrong = wrong_subdomain(prefix, "bytes");
    for (auto& one : wrong)
        one.insert(0, "prefix part ");
    return wrong;
}

} // namespace

std::vector<std::string> wrong_dns_subdomain(std::string_view name) {
    return wrong_subdomain(name, "characters");
}

std::vector<std::string> wrong_dns_label(std::string_view name) {
    constexpr std::size_t size_max = 63;
    std::vector<std::string> wrong;
    if (name.size() > size_max)
        wrong.push_back(too_many(size_max, "characters"));
    if (is_label(name))
        return wrong;
    if (is_subdomain(name))
        wrong.emplace_back("must not contain dots");
    else
        wrong.push_back(
            shape_error("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                        "start and end with an alphanumeric character",
                        "'my-name',  or '123-abc'", dns_label_shape));
    return wrong;
}

std::vector<std::string> wrong_dns_1035_label(std::string_view name) {
    constexpr std::size_t size_max = 63;
    std::vector<std::string> wrong;
    if (name.size() > size_max)
        wrong.push_back(too_many(size_max, "characters"));
    if (!is_label(name) || is_digit(name.front()))
        wrong.push_back(shape_error("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                                    "alphabetic character, and end with an alphanumeric character",
                                    "'my-name',  or 'abc-123'", dns_1035_label_shape));
    return wrong;
}

std::vector<std::string> wrong_qualified_name(std::string_view name) {
    constexpr std::size_t size_max = 63;
    if (std::count(name.begin(), name.end(), '/') > 1)
        return {fmt::format("a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                            qualified_error())};
    std::vector<std::string> wrong;
    if (auto slash = name.find('/'); slash != std::string_view::npos) {
        wrong = wrong_prefix(name.substr(0, slash));
        name.remove_prefix(slash + 1);
    }
    if (name.empty())
        wrong.emplace_back("name part must be non-empty");
    else if (name.size() > size_max)
        wrong.push_back("name part " + too_many(size_max, "bytes"));
    if (!is_qualified(name))
        wrong.push_back("name part " + qualified_error());
    return wrong;
}

std::vector<std::string> wrong_label_value(std::string_view value) {
    constexpr std::size_t size_max = 63;
    std::vector<std::string> wrong;
    if (value.size() > size_max)
        wrong.push_back(too_many(size_max, "bytes"));
    if (!value.empty() && !is_qualified(value))
        wrong.push_back(
            shape_error("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                        "must start and end with an alphanumeric character",
                        "'MyValue',  or 'my_value',  or '12345'", label_value_shape));
    return wrong;
}

std::vector<std::string> wrong_config_key(std::string_view key) {
    constexpr std::size_t size_max = 253;
    std::vector<std::string> wrong;
    if (key.size() > size_max)
        wrong.push_back(too_many(size_max, "characters"));
    if (key.empty() || !std::all_of(key.begin(), key.end(), is_key_character))
        wrong.push_back(shape_error("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                                    "'key.name',  or 'KEY_NAME',  or 'key-name'", config_key_shape));
    else if (key == "." || key.starts_with(".."))
        wrong.push_back(
            fmt::format("must not {} '{}'", key == "." || key == ".." ? "be" : "start with", key == "." ? "." : ".."));
    return wrong;
}

std::string wrong_kind_name(std::string_view kind) {
    std::string lower(kind);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    auto wrong = wrong_dns_1035_label(lower);
    if (wrong.empty())
        return {};
    return fmt::format("may have mixed case, but should otherwise match: {}", fmt::join(wrong, ","));
}

} // namespace devcluster
