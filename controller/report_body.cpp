#include "controller/report_body.hpp"

#include "proto_http/text.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace kh {

namespace {

namespace json = boost::json;

// Small enough to follow by hand and beyond any report; an attacker's nesting costs nothing.
constexpr std::size_t depth_max = 32;

bool same_in_any_case(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size())
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
        if (c != lower[i])
            return false;
    }
    return true;
}

// Takes OK and Errors out of the stream of tokens in the order of the document, which a DOM would lose for repeated members, and
// without building what is ignored.
class report_handler {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    core::report_content content;
    bool is_object = false;
    bool wrong_ok = false;
    bool wrong_errors = false;

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        is_object = is_object || depth_ == 0;
        value_of_wrong_type();
        ++depth_;
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&) { return --depth_, true; }
    bool on_array_begin(json::error_code&) {
        if (depth_ == 1 && member_ == member::errors)
            content.errors.clear();
        else
            value_of_wrong_type();
        ++depth_;
        return true;
    }
    bool on_array_end(std::size_t, json::error_code&) { return --depth_, true; }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        if (depth_ == 1)
            text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code&) {
        if (depth_ != 1)
            return true;
        text_.append(part.data(), part.size());
        member_ = same_in_any_case(text_, "ok") ? member::ok : same_in_any_case(text_, "errors") ? member::errors : member::other;
        text_.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
        if (in_errors())
            text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&) {
        if (in_errors()) {
            text_.append(part.data(), part.size());
            content.errors.push_back(std::exchange(text_, {}));
        } else {
            value_of_wrong_type();
        }
        return true;
    }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return value_of_wrong_type(); }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return value_of_wrong_type(); }
    bool on_double(double, json::string_view, json::error_code&) { return value_of_wrong_type(); }
    bool on_bool(bool value, json::error_code&) {
        if (depth_ == 1 && member_ == member::ok)
            content.ok = value;
        else
            value_of_wrong_type();
        return true;
    }
    bool on_null(json::error_code&) {
        if (depth_ == 1 && member_ == member::errors)
            content.errors.clear();
        else if (in_errors())
            value_of_wrong_type();
        return true;
    }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

private:
    enum class member { other, ok, errors };

    bool in_errors() const { return depth_ == 2 && member_ == member::errors && !wrong_errors; }

    bool value_of_wrong_type() {
        wrong_ok = wrong_ok || (depth_ == 1 && member_ == member::ok);
        wrong_errors = wrong_errors || (depth_ >= 1 && depth_ <= 2 && member_ == member::errors);
        return true;
    }

    std::size_t depth_ = 0;
    member member_ = member::other;
    std::string text_;
};

// What a missing marker of a truncated list may need.
constexpr std::size_t list_mark_size_max = 64;
constexpr std::size_t element_overhead = 3;

std::string refusal(const report_handler& read) {
    if (!read.is_object)
        return "the body is not a JSON object";
    if (read.wrong_ok)
        return "OK is not true or false";
    if (read.wrong_errors)
        return "Errors is not a list of strings";
    if (read.content.ok && !read.content.errors.empty())
        return "OK is true, but there are Errors";
    if (!read.content.ok && read.content.errors.empty())
        return "OK is false or absent, but there are no Errors that say why";
    for (const auto& error : read.content.errors)
        if (proto_http::trim(error).empty())
            return "Errors contains a blank error";
    return {};
}

} // namespace

report_parse parse_report(std::string_view body) {
    json::parse_options options;
    options.max_depth = depth_max;
    json::basic_parser<report_handler> parser(options);
    json::error_code error;
    const auto size = parser.write_some(false, body.data(), body.size(), error);
    if (error == json::error::too_deep)
        return {std::nullopt, "the body is nested too deeply"};
    if (proto_http::trim(body).empty())
        return {std::nullopt, "the body is empty"};
    if (error || size < body.size())
        return {std::nullopt, error || !parser.done() ? "the body is not JSON in UTF-8" : "there is data after the JSON object"};
    auto& read = parser.handler();
    if (auto reason = refusal(read); !reason.empty())
        return {std::nullopt, std::move(reason)};
    return {std::move(read.content), {}};
}

core::report_content bound_report(core::report_content content) {
    auto& errors = content.errors;
    std::size_t total = 0;
    std::size_t fits = 0; // the longest prefix that leaves room for the mark
    for (std::size_t i = 0; i < errors.size(); ++i) {
        if (errors[i].size() > report_error_size_max)
            errors[i] = proto_http::cut_and_mark(errors[i], report_error_size_max);
        total += errors[i].size() + element_overhead;
        if (total + list_mark_size_max <= report_errors_size_max)
            fits = i + 1;
    }
    if (total <= report_errors_size_max)
        return content;
    const auto missing = errors.size() - fits;
    errors.resize(fits);
    errors.shrink_to_fit(); // there may have been a hundred thousand
    errors.push_back(fmt::format("\u2026 (cut: {} more errors)", missing));
    return content;
}

} // namespace kh
