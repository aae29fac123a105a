#pragma once

#include <string>
#include <string_view>

namespace test_support {

/// A file under test/data. Throws where it is missing.
std::string read_test_data(std::string_view path);

} // namespace test_support
