#include "tools/devcluster/api/metadata_validation.hpp"
#include "tools/devcluster/api/pattern.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace devcluster {
namespace {

constexpr std::string_view dns_label_shape = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view dns_subdomain_shape = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
constexpr std::string_view dns_1035_label_shape = "[a-z]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view qualified_shape = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view label_value_shape = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
constexpr std::string_view config_key_shape = "[-._a-zA-Z0-9]+";
constexpr std::string_view must_be_qualified =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

pattern whole(std::string_view shape) {
    return pattern(fmt::format("^{}$", shape));
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

bool is_subdomain(std::string_view name) {
    static const auto shape = whole(dns_subdomain_shape);
    return shape.matches(name);
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
    static const auto shape = whole(dns_label_shape);
    std::vector<std::string> wrong;
    if (name.size() > size_max)
        wrong.push_back(too_many(size_max, "characters"));
    if (shape.matches(name))
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
    static const auto shape = whole(dns_1035_label_shape);
    std::vector<std::string> wrong;
    if (name.size() > size_max)
        wrong.push_back(too_many(size_max, "characters"));
    if (!shape.matches(name))
        wrong.push_back(shape_error("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                                    "alphabetic character, and end with an alphanumeric character",
                                    "'my-name',  or 'abc-123'", dns_1035_label_shape));
    return wrong;
}

std::vector<std::string> wrong_qualified_name(std::string_view name) {
    constexpr std::size_t size_max = 63;
    static const auto shape = whole(qualified_shape);
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
    if (!shape.matches(name))
        wrong.push_back("name part " + qualified_error());
    return wrong;
}

std::vector<std::string> wrong_label_value(std::string_view value) {
    constexpr std::size_t size_max = 63;
    static const auto shape = whole(label_value_shape);
    std::vector<std::string> wrong;
    if (value.size() > size_max)
        wrong.push_back(too_many(size_max, "bytes"));
    if (!shape.matches(value))
        wrong.push_back(
            shape_error("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                        "must start and end with an alphanumeric character",
                        "'MyValue',  or 'my_value',  or '12345'", label_value_shape));
    return wrong;
}

std::vector<std::string> wrong_config_key(std::string_view key) {
    constexpr std::size_t size_max = 253;
    static const auto shape = whole(config_key_shape);
    std::vector<std::string> wrong;
    if (key.size() > size_max)
        wrong.push_back(too_many(size_max, "characters"));
    if (!shape.matches(key))
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
