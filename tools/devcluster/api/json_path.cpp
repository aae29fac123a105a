#include "tools/devcluster/api/json_path.hpp"

#include "proto_http/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <span>

namespace devcluster {
namespace {

namespace json = boost::json;
using kind = json_path_step::kind;
using steps = std::vector<json_path_step>;
using values = std::vector<const json::value*>;

constexpr std::string_view ends_of_name = " \t\r\n.,[]$@{}";

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    const auto* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

// After the first thing that does not fit, everything returns false and error() says what. It recurs only for the operands of a
// filter, which ends at its first parenthesis and so has no filter within, and for a name in brackets, which has no bracket.
class parser {
public:
    explicit parser(std::string_view text) : rest_(text) {}

    bool parse() {
        while (!rest_.empty())
            if (!part())
                return false;
        return true;
    }

    steps take_steps() { return std::move(steps_); }
    std::string take_error() { return std::move(error_); }

private:
    bool fail(std::string what) {
        error_ = std::move(what);
        return false;
    }

    json_path_step& add(kind what) {
        steps_.emplace_back().what = what;
        return steps_.back();
    }

    std::string_view take(std::size_t size) {
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }

    bool part() {
        if (rest_.starts_with("[?("))
            return filter();
        if (rest_.starts_with(".."))
            return fail("recursive descent is not supported");
        const char c = rest_.front();
        switch (c) {
        case ' ':
        case '@':
        case '$':
            take(1);
            return true;
        case '.':
            take(1);
            return field();
        case '[':
            return brackets();
        case '"':
        case '\'':
            return quotation(c);
        default:
            return word();
        }
    }

    /// A backslash makes the next character part of the name, and is itself left out.
    bool field() {
        std::string name;
        std::size_t size = 0;
        for (; size < rest_.size() && ends_of_name.find(rest_[size]) == std::string_view::npos; ++size) {
            if (rest_[size] == '\\' && ++size == rest_.size())
                break;
            name += rest_[size];
        }
        if (take(size) == "*")
            add(kind::wildcard);
        else
            add(kind::field).name = std::move(name);
        return true;
    }

    bool word() {
        const auto text = take(rest_.find_first_of(ends_of_name));
        if (text == "true" || text == "false")
            add(kind::literal).value = text == "true";
        else if (const auto integer = parse_number<std::int64_t>(text))
            add(kind::literal).value = *integer;
        else if (const auto real = parse_number<double>(text))
            add(kind::literal).value = *real;
        else
            return fail(fmt::format("'{}' cannot stand here", text.empty() ? rest_.substr(0, 1) : text));
        return true;
    }

    bool quotation(char quote) {
        const auto end = rest_.find(quote, 1);
        if (end == std::string_view::npos)
            return fail("unterminated quoted string");
        add(kind::literal).value = json::string(rest_.substr(1, end - 1));
        take(end + 1);
        return true;
    }

    bool brackets() {
        const auto size = rest_.find(']');
        if (size == std::string_view::npos)
            return fail("unterminated array");
        const auto inside = take(size + 1).substr(1, size - 1);
        if (inside.size() < 2 || inside.front() != '\'' || inside.find('\'', 1) != inside.size() - 1)
            return slice(inside == "*" ? ":" : inside);
        // "['a.b']" is ".a.b", two fields.
        const auto path = fmt::format(".{}", inside.substr(1, inside.size() - 2));
        parser inner(path);
        if (!inner.parse())
            return fail(inner.take_error());
        std::move(inner.steps_.begin(), inner.steps_.end(), std::back_inserter(steps_));
        return true;
    }

    /// "0", "-1", "1:", ":2", "0:6".
    bool slice(std::string_view inside) {
        const auto colon = inside.find(':');
        const auto second = colon == std::string_view::npos ? std::string_view() : inside.substr(colon + 1);
        auto& made = add(kind::slice);
        made.is_single = colon == std::string_view::npos;
        if (!index(inside.substr(0, colon), made.begin) || !index(second, made.end))
            return fail(fmt::format("invalid array index {}", inside));
        if (made.is_single)
            made.end = made.begin.value_or(0) + 1;
        return true;
    }

    static bool index(std::string_view text, std::optional<std::int64_t>& out) {
        constexpr std::int64_t limit = 1'000'000'000; // no list is as long, and sums stay within the type
        if (text.empty())
            return true;
        out = parse_number<std::int64_t>(text);
        return out && *out >= -limit && *out <= limit;
    }

    /// "[?(@.a=="b")]": up to the parenthesis that is not within quotes.
    bool filter() {
        take(3);
        std::size_t end = 0;
        for (char quote = '\0'; end < rest_.size() && (quote != '\0' || rest_[end] != ')'); ++end)
            if (const char c = rest_[end]; c == quote)
                quote = '\0';
            else if (quote == '\0' && (c == '"' || c == '\''))
                quote = c;
        if (!rest_.substr(end).starts_with(")]"))
            return fail("unterminated filter");
        const auto inside = take(end);
        take(2);

        json_path_step made;
        made.what = kind::filter;
        const auto sign = std::min(inside.find_first_of("!<>="), inside.size());
        const auto right = std::min(inside.find_first_not_of("!<>=", sign), inside.size());
        made.name = inside.substr(sign, right - sign);
        if (sign == 0 || (right == inside.size()) != made.name.empty())
            return fail("a filter compares two things, or tells of one whether it is there");
        if (!operand(inside.substr(0, sign), made.left) || !operand(inside.substr(right), made.right))
            return false;
        steps_.push_back(std::move(made));
        return true;
    }

    bool operand(std::string_view text, steps& out) {
        parser inner(text);
        if (!inner.parse())
            return fail(inner.take_error());
        out = inner.take_steps();
        return true;
    }

    std::string_view rest_;
    steps steps_;
    std::string error_;
};

/// None: Go's templates do not compare these two.
std::optional<bool> compare(const json::value& left, std::string_view sign, const json::value& right) {
    int order = 0;
    if (left.is_string() && right.is_string())
        order = left.get_string().compare(right.get_string());
    else if (left.is_int64() && right.is_int64())
        order = left.get_int64() < right.get_int64() ? -1 : left.get_int64() > right.get_int64() ? 1 : 0;
    else if (left.is_bool() && right.is_bool() && (sign == "==" || sign == "!="))
        order = left.get_bool() == right.get_bool() ? 0 : 1;
    else
        return std::nullopt;
    if (sign == "==")
        return order == 0;
    if (sign == "!=")
        return order != 0;
    if (sign == "<" || sign == "<=")
        return order < 0 || (order == 0 && sign.size() == 2);
    if (sign == ">" || sign == ">=")
        return order > 0 || (order == 0 && sign.size() == 2);
    return std::nullopt;
}

// These return false where the path cannot be followed to its end.

bool walk(std::span<const json_path_step> path, values& at);

bool slice(const json_path_step& next, const json::array& list, values& out) {
    const auto size = static_cast<std::int64_t>(list.size());
    auto begin = next.begin.value_or(0);
    auto end = next.end.value_or(size);
    if (begin < 0)
        begin += size;
    if (end < 0 || (end == 0 && next.is_single))
        end += size;
    if (begin != end && (begin < 0 || begin >= size || end > size || begin > end))
        return false;
    for (auto i = begin; i < end; ++i)
        out.push_back(&list[static_cast<std::size_t>(i)]);
    return true;
}

std::optional<bool> passes(const json_path_step& filter, const json::value& element) {
    values left{&element};
    values right{&element};
    const bool is_followed = walk(filter.left, left);
    if (filter.name.empty())
        return is_followed && !left.empty();
    if (!is_followed || !walk(filter.right, right) || left.size() > 1 || right.size() > 1)
        return std::nullopt;
    if (left.empty() || right.empty())
        return false;
    return compare(*left.front(), filter.name, *right.front());
}

bool choose(const json_path_step& filter, const json::array& list, values& out) {
    for (const auto& element : list) {
        const auto chosen = passes(filter, element);
        if (!chosen)
            return false;
        if (*chosen)
            out.push_back(&element);
    }
    return true;
}

bool follow(const json_path_step& next, const json::object& from, values& out) {
    switch (next.what) {
    case kind::field:
        if (const auto* member = from.if_contains(next.name))
            out.push_back(member);
        return true;
    case kind::wildcard:
        for (const auto& member : from)
            out.push_back(&member.value());
        return true;
    case kind::literal:
        out.push_back(&next.value);
        return true;
    default:
        return false;
    }
}

bool follow(const json_path_step& next, const json::value& from, values& out) {
    if (const auto* object = from.if_object())
        return follow(next, *object, out);
    const auto* list = from.if_array();
    switch (next.what) {
    case kind::field:
        return true;
    case kind::wildcard:
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i)
            out.push_back(&(*list)[i]);
        return true;
    case kind::slice:
        return list == nullptr ? from.is_null() : slice(next, *list, out);
    case kind::filter:
        return list != nullptr && choose(next, *list, out);
    case kind::literal:
        out.push_back(&next.value);
        return true;
    }
    return false;
}

bool walk(std::span<const json_path_step> path, values& at) {
    for (const auto& next : path) {
        values reached;
        for (const auto* value : at)
            if (!follow(next, *value, reached))
                return false;
        at = std::move(reached);
    }
    return true;
}

} // namespace

boost::system::result<json_path, std::string> json_path::parse(std::string_view text) {
    if (!proto_http::is_utf8(text))
        return std::string("it is not UTF-8");
    parser in(text);
    if (!in.parse())
        return in.take_error();
    json_path made;
    made.steps_ = in.take_steps();
    return made;
}

values json_path::find(const json::object& root) const {
    values at;
    const std::span path(steps_);
    return !path.empty() && follow(path.front(), root, at) && walk(path.subspan(1), at) ? at : values();
}

} // namespace devcluster
