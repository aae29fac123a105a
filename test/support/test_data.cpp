#include "support/test_data.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace test_support {

std::string read_test_data(std::string_view path) {
    std::string whole = TEST_DATA "/";
    whole += path;
    std::ifstream file(whole, std::ios::binary);
    if (!file)
        throw std::runtime_error("there is no " + whole);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace test_support
