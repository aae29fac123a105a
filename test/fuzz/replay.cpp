#include "fuzz/fuzz_targets.hpp" // made by CMakeLists.txt
#include "support/test_data.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

// Every file of the corpora through its target: what was found once stays found, and an ordinary compiler can tell. Seeds that
// stand in test/data are named in recorded_seeds.

namespace {

namespace files = std::filesystem;

struct target {
    const char* name;
    int (*run)(const std::uint8_t* data, std::size_t size);
};

constexpr target targets[] = {
#define FUZZ_TARGET(name) {#name, fuzz_##name},
    FUZZ_TARGETS
#undef FUZZ_TARGET
};

std::vector<files::path> corpus_of(std::string_view name) {
    std::vector<files::path> found;
    for (const auto& one : files::directory_iterator(files::path(FUZZ_FOLDER) / "corpus" / name))
        found.push_back(one.path());
    std::ifstream list(files::path(FUZZ_FOLDER) / "recorded_seeds");
    for (std::string of, path; list >> of >> path;)
        if (of == name)
            found.push_back(files::path(TEST_DATA) / path);
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<std::uint8_t> bytes_of(const files::path& path) {
    std::ifstream file(path, std::ios::binary);
    BOOST_TEST_REQUIRE(file.good(), path << " cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

void replay(const target& one) {
    auto corpus = corpus_of(one.name);
    BOOST_TEST(!corpus.empty(), "a target has seeds");
    for (const auto& path : corpus) {
        BOOST_TEST_CONTEXT(path.string()) {
            const auto bytes = bytes_of(path);
            try {
                one.run(bytes.data(), bytes.size());
            } catch (const std::exception& broken) {
                BOOST_ERROR(broken.what());
            }
        }
    }
}

bool add_tests() {
    for (const auto& one : targets)
        boost::unit_test::framework::master_test_suite().add(
            boost::unit_test::make_test_case([&one] { replay(one); }, one.name, __FILE__, __LINE__));
    return true;
}

} // namespace

int main(int argc, char** argv) {
    return boost::unit_test::unit_test_main(add_tests, argc, argv);
}
