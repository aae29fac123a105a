#include "tools/devcluster/api/pattern.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

namespace devcluster {
namespace {

re2::StringPiece piece(std::string_view text) {
    return {text.data(), text.size()};
}

} // namespace

pattern::pattern(std::string_view source) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    compiled_ = std::make_shared<const re2::RE2>(piece(source), options);
}

std::string pattern::error() const {
    return compiled_->ok() ? std::string() : fmt::format("error parsing regexp: {}", compiled_->error());
}

bool pattern::matches(std::string_view text) const {
    return compiled_->ok() && re2::RE2::PartialMatch(piece(text), *compiled_);
}

} // namespace devcluster
