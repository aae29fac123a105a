#pragma once

#include "controller/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

// The keys of the configuration file. Pure.

namespace kh {

/// Puts the values of a YAML document into `into`; absent and null keys change nothing. Returns what is wrong, naming the key, or
/// an empty text. Each key that nobody knows is a warning.
std::string read_config(const std::string& yaml, settings& into, std::vector<std::string>& warnings);

} // namespace kh
