#pragma once

#include <string_view>

namespace kh {

/// The project's version, as built.
std::string_view version();

} // namespace kh
