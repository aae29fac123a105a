#include "tools/devcluster/api/format.hpp"

#include "tools/devcluster/api/pattern.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <string>

namespace devcluster {
namespace {

// What a regular expression can say.
constexpr std::pair<std::string_view, std::string_view> shapes[] = {
    {"byte", "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$"},
    {"duration", "^[-+]?(?:(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$|^[-+]?0$|"
                 "(?i)[0-9]\\s*(?:(?:ns|us|µs|ms|s|m|h|hr|d|w|wk)(?:[^a-zµ]|$)|nano|micro|milli|sec|min|hour|day|week)"},
    {"email", "^(?:[^<>@]*<)?[^\\s<>@,;:\"()]+@[^\\s<>@,;:\"()]+>?$"},
    {"hostname", "^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}]"
                 "(([-a-zA-Z0-9\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$"},
    {"k8slongname", "^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$"},
    {"k8sshortname", "^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$"},
    {"password", ""},
    {"uuid", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"},
    {"uuid3", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"},
    {"uuid4", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"},
    {"uuid5", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"},
};
// The others have functions.
constexpr std::string_view with_functions[] = {"cidr", "date", "datetime", "ipv4", "ipv6", "uri"};

/// kube-apiserver knows "date-time" and "datetime" alike.
std::string normal(std::string_view format) {
    std::string made(format);
    std::erase(made, '-');
    return made;
}

const std::map<std::string_view, pattern>& patterns() {
    static const auto made = [] {
        std::map<std::string_view, pattern> all;
        for (const auto& [name, source] : shapes)
            all.emplace(name, pattern(source));
        return all;
    }();
    return made;
}

int number(std::string_view digits) {
    int made = -1;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), made);
    return failure == std::errc() && end == digits.data() + digits.size() ? made : -1;
}

bool is_ipv6(std::string_view text) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return text.find(':') != std::string_view::npos && inet_pton(AF_INET6, std::string(text).c_str(), address.data()) == 1;
}

bool is_ipv4(std::string_view text) {
    static const pattern dotted(R"(^(?:0*(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}0*(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])$)");
    return dotted.matches(text) || (text.find('.') != std::string_view::npos && is_ipv6(text));
}

bool is_cidr(std::string_view text) {
    auto slash = text.find('/');
    if (slash == std::string_view::npos)
        return false;
    auto address = text.substr(0, slash);
    int bits = number(text.substr(slash + 1));
    return bits >= 0 && ((is_ipv6(address) && bits <= 128) || (is_ipv4(address) && bits <= 32));
}

bool is_date(std::string_view text) {
    static const pattern shape("^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
    if (!shape.matches(text))
        return false;
    std::chrono::year_month_day day(std::chrono::year(number(text.substr(0, 4))),
                                    std::chrono::month(static_cast<unsigned>(number(text.substr(5, 2)))),
                                    std::chrono::day(static_cast<unsigned>(number(text.substr(8, 2)))));
    return day.ok();
}

bool is_date_time(std::string_view text) {
    static const pattern time(R"(^(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:.[0-9]+)?(?:[zZ]|[-+][0-9]{2}:[0-9]{2})$)");
    return text.size() > 10 && is_date(text.substr(0, 10)) && (text[10] == 'T' || text[10] == 't') &&
           time.matches(text.substr(11));
}

/// As net/url.ParseRequestURI: "*", an absolute path, or anything after a scheme; an authority has no spaces and a port of
/// digits.
bool is_uri(std::string_view text) {
    static const pattern scheme("^[A-Za-z][-A-Za-z0-9+.]*:");
    static const pattern authority(
        R"(^[^:/]*://(?:[^\s/?@]*@)?(?:\[[0-9A-Fa-f:.%]+\]|[^\s/?:@<>"^`{|}\\]*)(?::[0-9]*)?(?:[/?]|$))");
    static const pattern path(R"(^(?:[^\x00-\x1f\x7f%?]|%[0-9A-Fa-f]{2})*(?:\?[^\x00-\x1f\x7f]*)?$)");
    if (text == "*")
        return true;
    auto colon = text.find(':');
    bool has_scheme = scheme.matches(text);
    bool has_authority = has_scheme && text.substr(colon + 1).starts_with("//");
    if (!has_scheme && !text.starts_with('/'))
        return false;
    return path.matches(text) && (!has_authority || authority.matches(text));
}

bool is_short_enough(std::string_view format, std::string_view text) {
    std::size_t max = format == "hostname"       ? 255
                      : format == "k8slongname"  ? 253
                      : format == "k8sshortname" ? 63
                                                 : std::string::npos;
    return text.size() <= max;
}

} // namespace

bool is_known_format(const std::vector<std::string>& types, std::string_view format) {
    std::string_view type = types.size() == 1 ? std::string_view(types.front()) : std::string_view();
    if (type == "integer")
        return format == "int32" || format == "int64";
    if (type == "number")
        return format == "float" || format == "double";
    if (!type.empty() && type != "string")
        return false;
    auto name = normal(format);
    return patterns().contains(name) ||
           std::find(std::begin(with_functions), std::end(with_functions), name) != std::end(with_functions);
}

bool has_format(std::string_view format, std::string_view text) {
    auto name = normal(format);
    if (name == "cidr")
        return is_cidr(text);
    if (name == "date")
        return is_date(text);
    if (name == "datetime")
        return is_date_time(text);
    if (name == "ipv4")
        return is_ipv4(text);
    if (name == "ipv6")
        return is_ipv6(text);
    if (name == "uri")
        return is_uri(text);
    auto shape = patterns().find(name);
    return shape == patterns().end() || (is_short_enough(name, text) && shape->second.matches(text));
}

} // namespace devcluster
