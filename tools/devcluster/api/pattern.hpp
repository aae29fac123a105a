#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace devcluster {

/// A regular expression of a schema. They are in Go's dialect and come from whoever may create a CustomResourceDefinition, so the
/// engine is RE2: the same dialect, time linear in the text, and no recursion. (std::regex lacks parts of the dialect, takes
/// exponential time on `(a+)+$` and overflows the stack on long text.)
class pattern {
public:
    explicit pattern(std::string_view source);

    /// Empty: it is valid. Else why it is not, in RE2's words, which differ a little from Go's.
    std::string error() const;
    /// Somewhere in the text, as JSON schema wants it. False where the pattern is not valid.
    bool matches(std::string_view text) const;

private:
    std::shared_ptr<const re2::RE2> compiled_;
};

} // namespace devcluster
