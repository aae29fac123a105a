#include "proto_http/file_changes.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"

#include <filesystem>
#include <fstream>

using namespace proto_http;

namespace {

struct fixture : test_support::system_fixture {
    std::filesystem::path folder;

    fixture() {
        std::string pattern = "/tmp/proto-http-files-XXXXXX";
        folder = ::mkdtemp(pattern.data());
    }
    ~fixture() { std::filesystem::remove_all(folder); }

    std::unique_ptr<file_changes> watch(std::string name) {
        auto made = file_changes::watch(context, {(folder / name).string()});
        BOOST_TEST_REQUIRE(made.has_value());
        return std::move(*made);
    }
    void write(std::string name, std::string text = "x") { std::ofstream(folder / name) << text; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(file_changes_suite, fixture)

BOOST_AUTO_TEST_CASE(a_file_that_is_written_replaced_or_made_is_told) {
    auto changes = watch("a");
    write("a");
    BOOST_TEST(run(changes->next()).has_value());
    write("a", "again");
    BOOST_TEST(run(changes->next()).has_value());
    write("b");
    std::filesystem::rename(folder / "b", folder / "a");
    BOOST_TEST(run(changes->next()).has_value());
    std::filesystem::remove(folder / "a");
    BOOST_TEST(run(changes->next()).has_value());
}

BOOST_AUTO_TEST_CASE(the_swap_of_a_configmap_volume_is_told) {
    std::filesystem::create_directory(folder / "..one");
    std::filesystem::create_directory(folder / "..two");
    std::filesystem::create_directory_symlink("..one", folder / "..data");
    std::filesystem::create_symlink("..data/config", folder / "config");
    auto changes = watch("config");
    std::filesystem::create_directory_symlink("..two", folder / "..data_tmp");
    std::filesystem::rename(folder / "..data_tmp", folder / "..data");
    BOOST_TEST(run(changes->next()).has_value());
}

BOOST_AUTO_TEST_CASE(another_file_is_nobodys_business) {
    auto changes = watch("a");
    write("b");
    auto waiting = start(changes->next());
    write("c");
    context.poll();
    BOOST_TEST(!waiting.is_done());
    write("a");
    BOOST_TEST(run_until([&] { return waiting.is_done(); }));
}

BOOST_AUTO_TEST_CASE(a_wait_can_be_cancelled) {
    auto changes = watch("a");
    auto waiting = start(changes->next());
    context.poll();
    waiting.cancel();
    BOOST_TEST(run_until([&] { return waiting.is_done(); }));
    BOOST_TEST((waiting.value().error() == errc::cancelled));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_an_error) {
    BOOST_TEST(file_changes::watch(context, {(folder / "no" / "a").string()}).has_error());
}

BOOST_AUTO_TEST_SUITE_END()
