#include "tools/devcluster/api/field_error.hpp"

#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/quote.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace devcluster {
namespace {

cause make(std::string_view reason, std::string field, std::string_view words, std::string_view detail) {
    cause made;
    made.reason = reason;
    made.message = detail.empty() ? std::string(words) : fmt::format("{}: {}", words, detail);
    made.field = std::move(field);
    return made;
}

/// Text as %q, other simple values as %v, the rest as JSON.
std::string shown(const boost::json::value& value) {
    if (const auto* text = value.if_string())
        return quoted(*text);
    return value.is_number() ? go_text(value) : go_json(value);
}

} // namespace

cause invalid_value(std::string field, const boost::json::value& bad, std::string_view detail) {
    return invalid_text(std::move(field), shown(bad), detail);
}

cause invalid_text(std::string field, std::string_view shown, std::string_view detail) {
    return make("FieldValueInvalid", std::move(field), fmt::format("Invalid value: {}", shown), detail);
}

cause invalid_type(std::string field, std::string_view bad, std::string_view detail) {
    return make("FieldValueTypeInvalid", std::move(field), "Invalid value: " + quoted(bad), detail);
}

cause required_value(std::string field, std::string_view detail) {
    return make("FieldValueRequired", std::move(field), "Required value", detail);
}

cause forbidden_value(std::string field, std::string_view detail) {
    return make("FieldValueForbidden", std::move(field), "Forbidden", detail);
}

cause not_found_value(std::string field, const boost::json::value& bad) {
    return make("FieldValueNotFound", std::move(field), "Not found: " + shown(bad), {});
}

cause duplicate_value(std::string field, const boost::json::value& bad) {
    return make("FieldValueDuplicate", std::move(field), "Duplicate value: " + shown(bad), {});
}

cause unsupported_value(std::string field, const boost::json::value& bad, const std::vector<std::string>& supported) {
    std::vector<std::string> words;
    std::transform(supported.begin(), supported.end(), std::back_inserter(words), quoted);
    auto detail = words.empty() ? std::string() : fmt::format("supported values: {}", fmt::join(words, ", "));
    return make("FieldValueNotSupported", std::move(field), "Unsupported value: " + shown(bad), detail);
}

cause too_long(std::string field, std::int64_t max) {
    return make("FieldValueTooLong", std::move(field), "Too long",
                fmt::format("may not be more than {} {}", max, max == 1 ? "byte" : "bytes"));
}

cause too_many(std::string field, std::int64_t actual, std::int64_t max) {
    return make("FieldValueTooMany", std::move(field), fmt::format("Too many: {}", actual),
                fmt::format("must have at most {} {}", max, max == 1 ? "item" : "items"));
}

std::string child_path(std::string_view path, std::string_view name) {
    std::string made;
    made.reserve(path.size() + 1 + name.size()); // one for each member of each object that is validated
    made.append(path).append(path.empty() ? "" : ".").append(name);
    return made;
}

std::string index_path(std::string_view path, std::size_t index) {
    return fmt::format("{}[{}]", path, index);
}

std::string key_path(std::string_view path, std::string_view key) {
    return fmt::format("{}[{}]", path, key);
}

} // namespace devcluster
