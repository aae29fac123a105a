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

// With `items` and a `path` of two parts, the volume links the folder and not the file.
BOOST_AUTO_TEST_CASE(each_of_two_swaps_is_told_for_a_file_in_a_folder_of_the_volume) {
    for (const char* name : {"..one", "..two", "..three"}) {
        std::filesystem::create_directories(folder / name / "sub");
        write(std::string(name) + "/sub/config", name);
    }
    std::filesystem::create_directory_symlink("..one", folder / "..data");
    std::filesystem::create_directory_symlink("..data/sub", folder / "sub");
    auto changes = watch("sub/config");
    std::string old = "..one";
    for (const char* name : {"..two", "..three"}) {
        std::filesystem::create_directory_symlink(name, folder / "..data_tmp");
        std::filesystem::rename(folder / "..data_tmp", folder / "..data");
        BOOST_TEST(run(changes->next()).has_value());
        std::filesystem::remove_all(folder / old);
        old = name;
    }
    write("..three/sub/config", "edited in place");
    BOOST_TEST(run(changes->next()).has_value());
}

BOOST_AUTO_TEST_CASE(a_file_behind_a_link_to_elsewhere_is_followed) {
    std::filesystem::create_directory(folder / "elsewhere");
    write("elsewhere/real");
    std::filesystem::create_symlink(folder / "elsewhere" / "real", folder / "a");
    auto changes = watch("a");
    write("elsewhere/real", "again");
    BOOST_TEST(run(changes->next()).has_value());
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_replaced_is_told_and_the_new_one_followed) {
    std::filesystem::create_directory(folder / "conf");
    std::filesystem::create_directory(folder / "new");
    write("new/a");
    auto changes = watch("conf/a");
    std::filesystem::rename(folder / "conf", folder / "old");
    std::filesystem::rename(folder / "new", folder / "conf");
    BOOST_TEST(run(changes->next()).has_value());
    write("conf/a", "again");
    BOOST_TEST(run(changes->next()).has_value());
}

BOOST_AUTO_TEST_CASE(links_in_a_circle_end) {
    std::filesystem::create_symlink("b", folder / "a");
    std::filesystem::create_symlink("a", folder / "b");
    auto changes = watch("a");
    std::filesystem::remove(folder / "b");
    write("b");
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

// One who writes it twice in a row has it truncated when the first change is told: it would be read as empty.
BOOST_AUTO_TEST_CASE(a_file_that_is_being_written_is_told_when_its_writer_closes_it) {
    auto changes = watch("a");
    auto others = watch("b");
    write("a");
    std::ofstream half(folder / "a");
    auto waiting = start(changes->next());
    context.poll();
    write("b");
    BOOST_TEST(run(others->next()).has_value());
    BOOST_TEST(!waiting.is_done());
    half << "the whole" << std::flush;
    half.close();
    BOOST_TEST(run_until([&] { return waiting.is_done(); }));
    auto again = start(changes->next());
    write("b");
    BOOST_TEST(run(others->next()).has_value());
    BOOST_TEST(!again.is_done()); // all of it was one change
    again.cancel();
    run_until([&] { return again.is_done(); });
}

BOOST_AUTO_TEST_CASE(a_file_that_goes_while_it_is_being_written_is_told) {
    auto changes = watch("a");
    std::ofstream half(folder / "a");
    half << "hal" << std::flush;
    auto waiting = start(changes->next());
    context.poll();
    std::filesystem::remove(folder / "a");
    BOOST_TEST(run_until([&] { return waiting.is_done(); }));
}

BOOST_AUTO_TEST_CASE(a_folder_that_goes_while_its_file_is_being_written_is_told) {
    std::filesystem::create_directory(folder / "conf");
    auto changes = watch("conf/a");
    std::ofstream half(folder / "conf" / "a");
    half << "hal" << std::flush;
    auto waiting = start(changes->next());
    context.poll();
    std::filesystem::rename(folder / "conf", folder / "old");
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

BOOST_AUTO_TEST_CASE(a_folder_that_comes_later_is_told) {
    auto changes = watch("late/more/a");
    std::filesystem::create_directory(folder / "late");
    BOOST_TEST(run(changes->next()).has_value());
    std::filesystem::create_directory(folder / "late" / "more");
    BOOST_TEST(run(changes->next()).has_value());
    write("late/more/a");
    BOOST_TEST(run(changes->next()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
