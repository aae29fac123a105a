#include "tools/devcluster/api/quote.hpp"
#include "tools/devcluster/api/selector.hpp"

#include "asio_k8s/json_access.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

// k8s.io/apimachinery/pkg/labels: lexer, parser, and what keys and values may be.

namespace devcluster {
namespace {

enum class token { end, close, comma, bang, double_equals, equals, greater, identifier, in, less, not_equals, not_in, open };

struct lexeme {
    token what = token::end;
    std::string_view text;

    /// "in" and "notin" are words like others where no operator can be.
    bool is_word() const { return what == token::identifier || what == token::in || what == token::not_in; }
    bool starts_requirement() const { return is_word() || what == token::bang; }
};

constexpr std::string_view spaces = " \t\r\n";
constexpr std::string_view symbols = "=!(),><";

token symbol(std::string_view text) {
    if (text == "==")
        return token::double_equals;
    if (text == "!=")
        return token::not_equals;
    switch (text.front()) {
    case '=':
        return token::equals;
    case '!':
        return token::bang;
    case '(':
        return token::open;
    case ')':
        return token::close;
    case ',':
        return token::comma;
    case '>':
        return token::greater;
    default:
        return token::less;
    }
}

lexeme next_lexeme(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(spaces), rest.size()));
    if (rest.empty())
        return {};
    lexeme made;
    if (symbols.find(rest.front()) == std::string_view::npos) {
        made.text = rest.substr(0, rest.find_first_of(" \t\r\n=!(),><"));
        made.what = made.text == "in" ? token::in : made.text == "notin" ? token::not_in : token::identifier;
    } else {
        made.text = rest.substr(0, rest.starts_with("==") || rest.starts_with("!=") ? 2 : 1);
        made.what = symbol(made.text);
    }
    rest.remove_prefix(made.text.size());
    return made;
}

// What keys and values may be

constexpr std::size_t name_size_max = 63;
constexpr std::size_t prefix_size_max = 253;
constexpr std::string_view alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view name_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
constexpr std::string_view lowercase = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view lowercase_or_dash = "abcdefghijklmnopqrstuvwxyz0123456789-";

constexpr std::string_view name_rule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
    "'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view prefix_rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
    "an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view value_rule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
    "an "
    "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// All of `inner`, and at both ends of `outer`.
bool consists_of(std::string_view text, std::string_view inner, std::string_view outer) {
    return !text.empty() && text.find_first_not_of(inner) == std::string_view::npos &&
           outer.find(text.front()) != std::string_view::npos && outer.find(text.back()) != std::string_view::npos;
}

bool is_subdomain(std::string_view text) {
    for (;;) {
        const auto dot = text.find('.');
        if (!consists_of(text.substr(0, dot), lowercase_or_dash, lowercase))
            return false;
        if (dot == std::string_view::npos)
            return true;
        text.remove_prefix(dot + 1);
    }
}

/// Empty if the key is a good one.
std::string wrong_with_key(std::string_view key) {
    std::vector<std::string> wrong;
    const auto slash = key.find('/');
    if (slash != std::string_view::npos && key.find('/', slash + 1) != std::string_view::npos)
        return fmt::format("a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                           name_rule);
    if (slash != std::string_view::npos) {
        const auto prefix = key.substr(0, slash);
        if (prefix.empty())
            wrong.emplace_back("prefix part must be non-empty");
        else if (prefix.size() > prefix_size_max)
            wrong.emplace_back(fmt::format("prefix part must be no more than {} bytes", prefix_size_max));
        if (!prefix.empty() && !is_subdomain(prefix))
            wrong.emplace_back(fmt::format("prefix part {}", prefix_rule));
    }
    const auto name = slash == std::string_view::npos ? key : key.substr(slash + 1);
    if (name.empty())
        wrong.emplace_back("name part must be non-empty");
    else if (name.size() > name_size_max)
        wrong.emplace_back(fmt::format("name part must be no more than {} bytes", name_size_max));
    if (!consists_of(name, name_characters, alphanumeric))
        wrong.emplace_back(fmt::format("name part {}", name_rule));
    return fmt::format("{}", fmt::join(wrong, "; "));
}

std::string wrong_with_value(std::string_view value) {
    std::vector<std::string> wrong;
    if (value.size() > name_size_max)
        wrong.emplace_back(fmt::format("must be no more than {} bytes", name_size_max));
    if (!value.empty() && !consists_of(value, name_characters, alphanumeric))
        wrong.emplace_back(value_rule);
    return fmt::format("{}", fmt::join(wrong, "; "));
}

std::optional<std::int64_t> integer(std::string_view text) {
    if (text.starts_with('+') && !text.starts_with("+-"))
        text.remove_prefix(1);
    std::int64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

// Recursive descent; after the first thing that does not fit, everything returns false and error() says what.
class parser {
public:
    explicit parser(std::string_view text) : rest_(text) { take(); }

    const std::string& error() const { return error_; }

    bool parse(std::vector<label_requirement>& out) {
        while (next_.what != token::end) {
            if (!next_.starts_requirement())
                return fail("found '{}', expected: !, identifier, or 'end of string'", next_.text);
            label_requirement made;
            if (!requirement(made)) {
                error_ = "unable to parse requirement: " + error_;
                return false;
            }
            out.push_back(std::move(made));
            if (next_.what == token::end)
                return true;
            if (const auto separator = take(); separator.what != token::comma)
                return fail("found '{}', expected: ',' or 'end of string'", separator.text);
            if (!next_.starts_requirement())
                return fail("found '{}', expected: identifier after ','", next_.text);
        }
        return true;
    }

private:
    template <class... Values>
    bool fail(fmt::format_string<Values...> pattern, Values&&... values) {
        error_ = fmt::format(pattern, std::forward<Values>(values)...);
        return false;
    }

    lexeme take() { return std::exchange(next_, next_lexeme(rest_)); }

    bool requirement(label_requirement& out) {
        const bool negated = next_.what == token::bang;
        if (negated)
            take();
        const auto key = take();
        if (!key.is_word())
            return fail("found '{}', expected: identifier", key.text);
        if (const auto wrong = wrong_with_key(key.text); !wrong.empty())
            return fail("<nil>: Invalid value: {}: {}", quoted(key.text), wrong);
        out.key = key.text;
        if (negated || next_.what == token::end || next_.what == token::comma) {
            out.what = negated ? label_operation::not_exists : label_operation::exists;
            return true;
        }
        return operation(out) && validate(out);
    }

    bool operation(label_requirement& out) {
        const auto sign = take();
        switch (sign.what) {
        case token::in:
        case token::not_in:
            out.what = sign.what == token::in ? label_operation::in : label_operation::not_in;
            return value_set(out.values);
        case token::equals:
        case token::double_equals:
            out.what = label_operation::in;
            break;
        case token::not_equals:
            out.what = label_operation::not_in;
            break;
        case token::greater:
            out.what = label_operation::greater;
            break;
        case token::less:
            out.what = label_operation::less;
            break;
        default:
            return fail("found '{}', expected: in, notin, =, ==, !=, gt, lt", sign.text);
        }
        return exact_value(out.values);
    }

    bool exact_value(std::vector<std::string>& out) {
        if (next_.what == token::end || next_.what == token::comma) {
            out.emplace_back();
            return true;
        }
        const auto value = take();
        if (!value.is_word())
            return fail("found '{}', expected: identifier", value.text);
        out.emplace_back(value.text);
        return true;
    }

    bool value_set(std::vector<std::string>& out) {
        if (const auto open = take(); open.what != token::open)
            return fail("found '{}' expected: '('", open.text);
        std::set<std::string, std::less<>> values;
        if (next_.what == token::close)
            values.emplace();
        else if (!next_.is_word() && next_.what != token::comma)
            return fail("found '{}', expected: ',', ')' or identifier", next_.text);
        else if (!identifiers(values))
            return false;
        take(); // the parenthesis
        out.assign(values.begin(), values.end());
        return true;
    }

    // "a,b", and with empty ones: ",a", "a,,b", "a,".
    bool identifiers(std::set<std::string, std::less<>>& out) {
        for (;;) {
            const auto found = take();
            if (found.is_word()) {
                out.emplace(found.text);
                if (next_.what == token::close)
                    return true;
                if (next_.what != token::comma)
                    return fail("found '{}', expected: ',' or ')'", next_.text);
            } else if (found.what == token::comma) {
                if (out.empty() || next_.what == token::close || next_.what == token::comma)
                    out.emplace();
                if (next_.what == token::close)
                    return true;
            } else {
                return fail("found '{}', expected: ',', or identifier", found.text);
            }
        }
    }

    bool validate(const label_requirement& made) {
        std::vector<std::string> wrong;
        const bool ordered = made.what == label_operation::greater || made.what == label_operation::less;
        if (ordered && !integer(made.values.front()))
            wrong.push_back(fmt::format("values[0]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer",
                                        quoted(made.values.front())));
        for (std::size_t i = 0; i < made.values.size(); ++i)
            if (const auto why = wrong_with_value(made.values[i]); !why.empty())
                wrong.push_back(fmt::format("values[{}][{}]: Invalid value: {}: {}", i, made.key, quoted(made.values[i]), why));
        if (wrong.empty())
            return true;
        return wrong.size() == 1 ? fail("{}", wrong.front()) : fail("[{}]", fmt::join(wrong, ", "));
    }

    std::string_view rest_;
    lexeme next_;
    std::string error_;
};

bool meets(const boost::json::object* labels, const label_requirement& wanted) {
    const auto* value = labels == nullptr ? nullptr : labels->if_contains(wanted.key);
    const auto text = value == nullptr ? std::string_view() : k8s::text_at(*labels, wanted.key);
    const auto is_listed = [&] { return std::find(wanted.values.begin(), wanted.values.end(), text) != wanted.values.end(); };
    switch (wanted.what) {
    case label_operation::exists:
        return value != nullptr;
    case label_operation::not_exists:
        return value == nullptr;
    case label_operation::in:
        return value != nullptr && is_listed();
    case label_operation::not_in:
        return value == nullptr || !is_listed();
    case label_operation::greater:
    case label_operation::less: {
        const auto number = integer(text);
        const auto limit = integer(wanted.values.front());
        return number && limit && (wanted.what == label_operation::greater ? *number > *limit : *number < *limit);
    }
    }
    return false;
}

} // namespace

outcome<label_selector> label_selector::parse(std::string_view text) {
    label_selector made;
    parser in(text);
    if (!in.parse(made.requirements_))
        return bad_request(in.error());
    return made;
}

bool label_selector::matches(const boost::json::object* labels) const {
    return std::all_of(requirements_.begin(), requirements_.end(), [&](const auto& wanted) { return meets(labels, wanted); });
}

} // namespace devcluster
