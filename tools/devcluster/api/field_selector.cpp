#include "tools/devcluster/api/selector.hpp"

#include "asio_k8s/json_access.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>

// k8s.io/apimachinery/pkg/fields.

namespace devcluster {
namespace {

namespace json = boost::json;

constexpr std::string_view name_path = "metadata.name";
constexpr std::string_view namespace_path = "metadata.namespace";

/// At commas that no backslash escapes, sorted: the first error is that of the first term in order.
std::vector<std::string_view> terms_of(std::string_view text) {
    std::vector<std::string_view> terms;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] == '\\') {
            ++i;
        } else if (i == text.size() || text[i] == ',') {
            terms.push_back(text.substr(start, i - start));
            start = i + 1;
        }
    }
    if (start < text.size()) // a backslash at the end
        terms.push_back(text.substr(start));
    std::sort(terms.begin(), terms.end());
    return terms;
}

/// The whole code point that follows a backslash, for the message.
std::string_view escape_at(std::string_view text, std::size_t backslash) {
    auto end = std::min(backslash + 2, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
        ++end;
    return text.substr(backslash, end - backslash);
}

outcome<std::string> unescape(std::string_view text) {
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '=' || c == ',')
            return bad_request(fmt::format("invalid field selector: unescaped character in value: {}", static_cast<int>(c)));
        if (c != '\\') {
            made += c;
            continue;
        }
        const char escaped = i + 1 < text.size() ? text[i + 1] : '\0';
        if (escaped != '\\' && escaped != ',' && escaped != '=')
            return bad_request(fmt::format("invalid field selector: invalid escape sequence: {}", escape_at(text, i)));
        made += escaped;
        ++i;
    }
    return made;
}

outcome<std::vector<field_requirement>> parse_terms(std::string_view text) {
    std::vector<field_requirement> made;
    for (const auto term : terms_of(text)) {
        if (term.empty())
            continue;
        auto at = term.find('=');
        if (at == std::string_view::npos)
            return bad_request(fmt::format("invalid selector: '{}'; can't understand '{}'", text, term));
        auto value = term.substr(at + 1);
        const bool differs = at > 0 && term[at - 1] == '!';
        if (differs)
            --at;
        else if (value.starts_with('='))
            value.remove_prefix(1);
        auto unescaped = unescape(value);
        if (!unescaped)
            return unescaped.error();
        made.push_back({std::string(term.substr(0, at)), !differs, std::move(*unescaped)});
    }
    // "=" alone asks for nothing.
    std::erase_if(made, [](const auto& one) { return one.path.empty() && one.value.empty(); });
    return made;
}

bool is_metadata(std::string_view path) {
    return path == name_path || path == namespace_path;
}

/// An absent field is compared as empty; some booleans are false then.
std::string text_of(const json::object& object, std::string_view path) {
    const json::object* in = &object;
    auto rest = path;
    for (auto dot = rest.find('.'); dot != std::string_view::npos && in != nullptr; dot = rest.find('.')) {
        in = k8s::object_at(*in, rest.substr(0, dot));
        rest.remove_prefix(dot + 1);
    }
    const auto* value = in == nullptr ? nullptr : in->if_contains(rest);
    if (value != nullptr && value->is_bool())
        return value->get_bool() ? "true" : "false";
    if (value != nullptr && value->is_int64())
        return fmt::to_string(value->get_int64());
    if (value != nullptr && value->is_string())
        return std::string(value->get_string());
    if (path == "source") { // of an Event: the component, wherever it says so
        const auto* source = k8s::object_at(object, path);
        const auto component = source == nullptr ? std::string_view() : k8s::text_at(*source, "component");
        return std::string(component.empty() ? k8s::text_at(object, "reportingComponent") : component);
    }
    return path == "spec.hostNetwork" || path == "spec.unschedulable" ? "false" : "";
}

} // namespace

outcome<field_selector> field_selector::parse(std::string_view text, const std::vector<std::string>& supported) {
    auto terms = parse_terms(text);
    if (!terms)
        return terms.error();
    for (const auto& one : *terms)
        if (!is_metadata(one.path) && std::find(supported.begin(), supported.end(), one.path) == supported.end())
            return bad_request("field label not supported: " + one.path);
    field_selector made;
    made.requirements_ = std::move(*terms);
    return made;
}

outcome<field_selector> field_selector::parse_metadata_only(std::string_view text) {
    auto terms = parse_terms(text);
    if (!terms)
        return terms.error();
    for (const auto& one : *terms)
        if (!is_metadata(one.path))
            return bad_request(
                fmt::format("\"{}\" is not a known field selector: only \"{}\", \"{}\"", one.path, name_path, namespace_path));
    field_selector made;
    made.requirements_ = std::move(*terms);
    return made;
}

bool field_selector::matches(const json::object& object) const {
    return std::all_of(requirements_.begin(), requirements_.end(), [&](const field_requirement& wanted) {
        return (text_of(object, wanted.path) == wanted.value) == wanted.equals;
    });
}

std::optional<std::string> field_selector::name() const {
    for (const auto& one : requirements_)
        if (one.equals && one.path == name_path)
            return one.value;
    return std::nullopt;
}

} // namespace devcluster
