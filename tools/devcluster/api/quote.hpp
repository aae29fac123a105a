#pragma once

#include <string>
#include <string_view>

namespace devcluster {

/// A Go string literal, as %q and strconv.Quote write it: what Kubernetes' messages show names and values in. Characters beyond
/// ASCII stay as they are, except for control characters and bytes that are not UTF-8.
std::string quoted(std::string_view text);

/// UTF-8 without control characters: what a header may say.
bool is_printable(std::string_view text) noexcept;

/// The code points of UTF-8 text; a byte that belongs to none counts as one, as Go's utf8.RuneCountInString does.
std::size_t count_code_points(std::string_view text) noexcept;

} // namespace devcluster
