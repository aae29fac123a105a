#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace devcluster {

/// HTTP status codes as a person lists them: "200", "200-299", "200,301-302,404".
class status_set {
public:
    /// No value for anything else than numbers from 100 to 599 and ranges of them.
    static std::optional<status_set> parse(std::string_view text);

    bool contains(unsigned status) const noexcept;
    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    std::vector<std::pair<unsigned, unsigned>> ranges_;
};

} // namespace devcluster
