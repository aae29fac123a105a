#include "tools/devcluster/api/field_error.hpp"
#include "tools/devcluster/api/field_path.hpp"
#include "tools/devcluster/api/format.hpp"
#include "tools/devcluster/api/go_text.hpp"
#include "tools/devcluster/api/quote.hpp"
#include "tools/devcluster/api/schema_node.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_set>

// Follows k8s.io/kube-openapi/pkg/validation/validate step by step, so that the same things are found in the same order and
// words.

namespace devcluster {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

std::string_view type_of(const value& is) {
    switch (is.kind()) {
    case boost::json::kind::bool_:
        return "boolean";
    case boost::json::kind::string:
        return "string";
    case boost::json::kind::array:
        return "array";
    case boost::json::kind::object:
        return "object";
    case boost::json::kind::double_:
        return "number";
    case boost::json::kind::null:
        return "null";
    default:
        return "integer";
    }
}

/// An error that belongs to no field is shown with the path that Go's nil has.
std::string field_of(const field_path& path) {
    auto text = path.text();
    if (text.starts_with('.'))
        text.erase(0, 1);
    return text.empty() ? "<nil>" : text;
}

/// What a check found. What is said twice is kept once. `matches` counts the checks that were made; anyOf and oneOf show the
/// failures of the alternative that went furthest.
class report {
public:
    bool is_valid() const noexcept { return findings_.empty(); }
    int matches() const noexcept { return matches_; }
    void count() noexcept { ++matches_; }

    /// `text` is the error as a sentence, which tells repetitions.
    void add(std::string text, cause what) {
        if (texts_.insert(text).second)
            findings_.push_back({std::move(text), std::move(what)});
    }
    void add_invalid(const field_path& path, const value& bad, std::string text) {
        auto what = invalid_value(field_of(path), bad, text);
        add(std::move(text), std::move(what));
    }
    void add_type(const field_path& path, std::string_view wanted, std::string_view is) {
        auto text = fmt::format("{} in body must be of type {}: {}", path, wanted, quoted(is));
        auto what = invalid_type(field_of(path), is, text);
        add(std::move(text), std::move(what));
    }
    /// An error without a field.
    void add_general(std::string text) { add_invalid(field_path(), "", std::move(text)); }

    void merge(const report& other) {
        for (const auto& one : other.findings_)
            add(one.text, one.what);
        matches_ += other.matches_;
    }

    std::vector<cause> causes() const {
        std::vector<cause> made;
        for (const auto& one : findings_)
            made.push_back(one.what);
        return made;
    }

private:
    struct finding {
        std::string text;
        cause what;
    };
    std::vector<finding> findings_;
    std::unordered_set<std::string> texts_;
    int matches_ = 0;
};

/// Up to here a double is a whole number beyond doubt.
constexpr double exact_double_max = 9007199254740991.0;

void check(report& made, const schema_node& of, const value& is, const field_path& path);

report check_alone(const schema_node& of, const value& is, const field_path& path) {
    report made;
    check(made, of, is, path);
    return made;
}

bool has_type(const schema_node& of, std::string_view type) {
    return std::find(of.types.begin(), of.types.end(), type) != of.types.end();
}

void check_type(report& made, const schema_node& of, const value& is, const field_path& path) {
    const auto wanted = [&of] { return fmt::format("{}", fmt::join(of.types, ",")); };
    auto type = type_of(is);
    if (is.is_null()) {
        if (!of.types.empty() && !of.nullable)
            made.add_type(path, wanted(), type);
        return;
    }
    bool is_whole_number = is.is_double() && is.get_double() == std::trunc(is.get_double()) &&
                           std::fabs(is.get_double()) <= exact_double_max && has_type(of, "integer");
    bool fits = has_type(of, type) || is_whole_number || (type == "integer" && has_type(of, "number"));
    bool is_text_or_list = is.is_string() || is.is_array();
    if (!of.format.empty() && !is_text_or_list && !fits) {
        std::string_view go_format = type == "integer" ? "int64" : type == "number" ? "float64" : "";
        made.add_type(path, of.format, go_format);
        return;
    }
    bool format_decides = is_text_or_list && !of.format.empty() && !has_type(of, "number") && !has_type(of, "integer");
    if (!format_decides && !fits)
        made.add_type(path, wanted(), type);
    made.count();
}

void check_text(report& made, const schema_node& of, std::string_view text, const value& is, const field_path& path) {
    auto length = static_cast<std::int64_t>(count_code_points(text));
    if (of.length_max && length > *of.length_max)
        made.add(fmt::format("{} in body should be at most {} chars long", path, *of.length_max),
                 too_long(field_of(path), *of.length_max));
    else if (of.length_min && length < *of.length_min)
        made.add_invalid(path, is, fmt::format("{} in body should be at least {} chars long", path, *of.length_min));
    else if (of.text_pattern && !of.text_pattern->matches(text)) {
        auto error = of.text_pattern->error();
        auto shown = error.empty() ? of.pattern_source : fmt::format("{}, but pattern is invalid: {}", of.pattern_source, error);
        made.add_invalid(path, is, fmt::format("{} in body should match '{}'", path, shown));
    }
}

/// Numbers of a schema without another type are checked as Go's types would hold them.
void check_range(report& made, const schema_node& of, double number, const field_path& path) {
    if (of.types.size() != 1)
        return;
    bool fits = true;
    if (of.types.front() == "integer") {
        bool is_small = of.format == "int32";
        double max = is_small ? std::numeric_limits<std::int32_t>::max() : 9223372036854775808.0;
        double min = is_small ? std::numeric_limits<std::int32_t>::min() : -9223372036854775808.0;
        fits = number == std::trunc(number) && number >= min && (is_small ? number <= max : number < max);
    } else if (of.format == "float") {
        fits = std::fabs(number) <= static_cast<double>(std::numeric_limits<float>::max());
    }
    if (fits)
        return;
    auto format = of.format.empty() ? "(default format)" : "with format " + of.format;
    made.add_general(fmt::format("Checked value must be of type {} {} in {}", of.types.front(), format, path));
}

bool is_multiple(const value& is, double number, double factor) {
    if (is.is_int64() && factor <= exact_double_max)
        return is.get_int64() % static_cast<std::int64_t>(factor) == 0;
    double times = factor < 1 ? 1 / factor * number : number / factor;
    return std::fabs(times - std::round(times)) < 1e-9 * std::max(1.0, std::fabs(times));
}

void check_multiple(report& made, const schema_node& of, const value& is, double number, const field_path& path) {
    double factor = is.is_int64() ? std::trunc(*of.multiple_of) : *of.multiple_of;
    auto shown = fmt::format("{:g}", factor);
    if (factor <= 0)
        made.add_invalid(path, factor, fmt::format("factor MultipleOf declared for {} must be positive: {}", path, shown));
    else if (!is_multiple(is, number, factor))
        made.add_invalid(path, is, fmt::format("{} in body should be a multiple of {}", path, shown));
}

void check_boundary(report& made, const value& is, double number, double boundary, bool is_maximum, bool is_exclusive,
                    const field_path& path) {
    if (is.is_int64()) // as Go does: the boundary becomes an integer
        boundary = std::trunc(boundary);
    bool is_beyond = is_maximum ? number > boundary : number < boundary;
    if (!is_beyond && !(is_exclusive && number == boundary))
        return;
    std::string_view words = is_maximum ? (is_exclusive ? "less than" : "less than or equal to")
                                        : (is_exclusive ? "greater than" : "greater than or equal to");
    auto shown = is.is_int64() ? fmt::format("{:.0f}", boundary) : fmt::format("{:g}", boundary);
    made.add_invalid(path, is, fmt::format("{} in body should be {} {}", path, words, shown));
}

void check_number(report& made, const schema_node& of, const value& is, const field_path& path) {
    auto number = is.to_number<double>();
    if (!is.is_int64() || of.format == "int32")
        check_range(made, of, number, path);
    if (of.multiple_of)
        check_multiple(made, of, is, number, path);
    if (of.minimum)
        check_boundary(made, is, number, *of.minimum, false, of.exclusive_minimum, path);
    if (of.maximum)
        check_boundary(made, is, number, *of.maximum, true, of.exclusive_maximum, path);
    made.count();
}

void check_elements(report& made, const schema_node& of, const array& list, const field_path& path) {
    auto size = static_cast<std::int64_t>(list.size());
    if (of.elements != nullptr)
        for (std::size_t i = 0; i < list.size(); ++i)
            check(made, *of.elements, list[i], path.index(i));
    if (of.items_min && size < *of.items_min)
        made.add_invalid(path, size, fmt::format("{} in body should have at least {} items", path, *of.items_min));
    if (of.items_max && size > *of.items_max)
        made.add(fmt::format("{} in body should have at most {} items", path, *of.items_max),
                 too_many(field_of(path), size, *of.items_max));
    if (of.unique_items)
        for (auto element = list.begin(); element != list.end(); ++element)
            if (std::find(list.begin(), element, *element) != element)
                made.add_invalid(path, "", fmt::format("{} in body shouldn't contain duplicates", path));
    made.count();
}

void check_enumeration(report& made, const schema_node& of, const value& is, const field_path& path) {
    auto is_same = [&](const value& one) {
        bool are_numbers = is.is_number() && one.is_number();
        return !is.is_null() && (one == is || (are_numbers && one.to_number<double>() == is.to_number<double>()));
    };
    if (of.enumeration.empty() || std::any_of(of.enumeration.begin(), of.enumeration.end(), is_same))
        return;
    std::vector<std::string> supported;
    for (const auto& one : of.enumeration)
        supported.push_back(one.is_string() ? std::string(one.get_string()) : go_json(one));
    made.add(fmt::format("{} in body should be one of [{}]", path, fmt::join(supported, " ")),
             unsupported_value(field_of(path), is, supported));
}

void check_members(report& made, const schema_node& of, const object& is, const field_path& path) {
    auto size = static_cast<std::int64_t>(is.size());
    if (of.properties_min && size < *of.properties_min)
        made.add_invalid(path, size, fmt::format("{} in body should have at least {} properties", path, *of.properties_min));
    if (of.properties_max && size > *of.properties_max)
        made.add(fmt::format("{} in body should have at most {} properties", path, *of.properties_max),
                 too_many(field_of(path), size, *of.properties_max));
    for (const auto& member : is) {
        if (of.properties.contains(member.key()))
            continue;
        auto name = member.key();
        if (of.allows_additional == false)
            made.add_invalid(path, member.key(), fmt::format("{}.{} in body is a forbidden property", path, name));
        else if (of.additional != nullptr)
            check(made, *of.additional, member.value(), path.dotted(name));
    }
    for (const auto& [name, schema] : of.properties)
        if (const auto* member = is.if_contains(name))
            check(made, *schema, *member, path.child(name));
    for (const auto& name : of.required)
        if (!is.contains(name))
            made.add(fmt::format("{}.{} in body is required", path, name), required_value(field_of(path.dotted(name))));
}

/// Of several failed alternatives the one that went furthest is shown.
struct alternatives {
    int valid = 0;
    std::optional<report> best_failure, first_success;

    alternatives(const std::vector<schema_node*>& all, const value& is, const field_path& path, bool stops_at_first) {
        for (const auto* one : all) {
            auto result = check_alone(*one, is, path);
            if (result.is_valid()) {
                ++valid;
                best_failure.reset();
                if (!first_success)
                    first_success = std::move(result);
                if (stops_at_first)
                    return;
            } else if (valid == 0 && (!best_failure || result.matches() > best_failure->matches())) {
                best_failure = std::move(result);
            }
        }
    }
};

void check_any_of(report& made, const schema_node& of, const value& is, const field_path& path) {
    alternatives found(of.any_of, is, path, true);
    if (found.valid == 0)
        made.add_general(fmt::format("{} must validate at least one schema (anyOf)", quoted(path.text())));
    if (const auto& shown = found.valid == 0 ? found.best_failure : found.first_success)
        made.merge(*shown);
}

void check_one_of(report& made, const schema_node& of, const value& is, const field_path& path) {
    alternatives found(of.one_of, is, path, false);
    if (found.valid != 1) {
        auto how = found.valid == 0 ? "Found none valid" : fmt::format("Found {} valid alternatives", found.valid);
        made.add_general(fmt::format("{} must validate one and only one schema (oneOf). {}", quoted(path.text()), how));
    }
    if (const auto& shown = found.valid == 1 ? found.first_success : found.best_failure)
        made.merge(*shown);
}

void check_all_of(report& made, const schema_node& of, const value& is, const field_path& path) {
    std::size_t valid = 0;
    for (const auto* one : of.all_of) {
        auto result = check_alone(*one, is, path);
        valid += result.is_valid() ? 1 : 0;
        made.merge(result);
    }
    if (valid != of.all_of.size())
        made.add_general(
            fmt::format("{} must validate all the schemas (allOf){}", quoted(path.text()), valid == 0 ? ". None validated" : ""));
}

void check_junctors(report& made, const schema_node& of, const value& is, const field_path& path) {
    if (!of.any_of.empty())
        check_any_of(made, of, is, path);
    if (!of.one_of.empty())
        check_one_of(made, of, is, path);
    if (!of.all_of.empty())
        check_all_of(made, of, is, path);
    if (of.none_of != nullptr && check_alone(*of.none_of, is, path).is_valid())
        made.add_general(fmt::format("{} must not validate the schema (not)", quoted(path.text())));
    made.count();
}

void check(report& made, const schema_node& outer, const value& is, const field_path& path) {
    const auto& of = outer.structure();
    if (is.is_null()) {
        check_type(made, of, is, path);
        check_enumeration(made, of, is, path);
        return;
    }
    if (!of.types.empty() || !of.format.empty()) {
        check_type(made, of, is, path);
        made.count();
    }
    check_junctors(made, of, is, path);
    made.count();
    if (const auto* text = is.if_string()) {
        check_text(made, of, *text, is, path);
        made.count();
        if (!of.format.empty() && is_known_format({"string"}, of.format)) {
            if (!has_format(of.format, *text))
                made.add_type(path, of.format, *text);
            made.count();
        }
    }
    if (is.is_number()) {
        check_number(made, of, is, path);
        made.count();
    }
    if (const auto* list = is.if_array()) {
        check_elements(made, of, *list, path);
        made.count();
    }
    check_enumeration(made, of, is, path);
    made.count();
    if (const auto* members = is.if_object()) {
        check_members(made, of, *members, path);
        made.count();
    }
    made.count();
}

} // namespace

std::vector<cause> validate_value(const schema_node& of, const value& is) {
    auto found = check_alone(of, is, field_path()).causes();
    check_embedded(of.structure(), is, field_path(), found);
    check_lists(of.structure(), is, field_path(), found);
    return found;
}

std::vector<cause> schema_node::validate(const object& is) const {
    std::array<unsigned char, 4096> room; // for a copy that is no longer needed than this call
    boost::json::monotonic_resource resource(room.data(), room.size());
    return validate_value(*this, value(is, &resource));
}

} // namespace devcluster
