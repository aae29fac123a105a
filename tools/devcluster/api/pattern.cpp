#include "tools/devcluster/api/pattern.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

namespace devcluster {
namespace {

re2::StringPiece piece(std::string_view text) {
    return {text.data(), text.size()};
}

std::string_view words_of(re2::RE2::ErrorCode code) {
    switch (code) {
    case re2::RE2::ErrorBadEscape:
        return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass:
        return "invalid character class";
    case re2::RE2::ErrorBadCharRange:
        return "invalid character class range";
    case re2::RE2::ErrorMissingBracket:
        return "missing closing ]";
    case re2::RE2::ErrorMissingParen:
        return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen:
        return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash:
        return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument:
        return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize:
        return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp:
        return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp:
        return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8:
        return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture:
        return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge:
        return "expression too large";
    default:
        return "internal error";
    }
}

} // namespace

pattern::pattern(std::string_view source) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    compiled_ = std::make_shared<const re2::RE2>(piece(source), options);
}

std::string pattern::error() const {
    if (compiled_->ok())
        return {};
    auto words = words_of(compiled_->error_code());
    // Go shows the whole expression for an unclosed group, RE2 tells it as its argument too.
    return fmt::format("error parsing regexp: {}: `{}`", words, compiled_->error_arg());
}

bool pattern::matches(std::string_view text) const {
    return compiled_->ok() && re2::RE2::PartialMatch(piece(text), *compiled_);
}

} // namespace devcluster
