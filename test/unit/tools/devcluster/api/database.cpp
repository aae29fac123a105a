#include "tools/devcluster/api/database.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace devcluster;
namespace json = boost::json;

namespace {

struct fixture {
    std::filesystem::path folder;
    std::string file;

    fixture() {
        std::string pattern = "/tmp/devcluster-database-XXXXXX";
        folder = ::mkdtemp(pattern.data());
        file = folder / "objects.sqlite";
    }
    ~fixture() { std::filesystem::remove_all(folder); }

    /// One life of the server: what is kept is restored, then `live` happens.
    template <class Live>
    void life(Live live) {
        auto opened = database::open(file);
        BOOST_TEST_REQUIRE(opened.has_value());
        store all;
        BOOST_TEST((*opened)->restore(all) == "");
        (*opened)->follow(all);
        live(all);
    }
    static json::object object_named(std::string name, int value) {
        json::object made;
        made["metadata"] = json::object{{"namespace", "a"}, {"name", name}};
        made["value"] = value;
        return made;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(database_suite, fixture)

BOOST_AUTO_TEST_CASE(an_object_as_deep_as_one_may_be_survives_a_restart) {
    json::value nested = 1;
    for (int depth = 0; depth < 490; ++depth) {
        json::object around;
        around["a"] = std::move(nested);
        nested = std::move(around);
    }
    life([&](store& all) {
        auto deep = object_named("deep", 1);
        deep["nested"] = nested;
        all.put(all.in("pods"), object_key("a", "deep"), std::move(deep));
    });
    life([&](store& all) {
        auto items = all.in("pods").list({});
        BOOST_TEST_REQUIRE(items.size() == 1u);
        BOOST_TEST((items.front()->value.at("nested") == nested));
    });
}

BOOST_AUTO_TEST_CASE(objects_and_the_revision_survive_a_restart) {
    std::uint64_t last = 0;
    life([&](store& all) {
        auto& pods = all.in("pods");
        all.put(pods, object_key("a", "x"), object_named("x", 1));
        all.put(pods, object_key("a", "x"), object_named("x", 2));
        all.put(pods, object_key("a", "gone"), object_named("gone", 1));
        all.erase(pods, object_key("a", "gone"));
        last = all.revision();
    });
    life([&](store& all) {
        BOOST_TEST(all.revision() == last);
        auto items = all.in("pods").list({});
        BOOST_TEST_REQUIRE(items.size() == 1u);
        BOOST_TEST(items[0]->value.at("value") == json::value(2));
        BOOST_TEST(items[0]->revision == last - 2);
    });
}

BOOST_AUTO_TEST_CASE(the_file_is_this_users_alone) {
    life([](store&) {});
    struct stat found {};
    BOOST_TEST_REQUIRE(::stat(file.c_str(), &found) == 0);
    BOOST_TEST((found.st_mode & 0077) == 0u);
}

BOOST_AUTO_TEST_CASE(two_servers_cannot_have_one_file) {
    life([&](store&) {
        auto second = database::open(file);
        BOOST_TEST_REQUIRE(second.has_error());
        BOOST_TEST(second.error().find("locked") != std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(what_is_no_database_is_said_to_be_none) {
    std::ofstream(file) << "this is a text of some length, but it is no database at all, and it must not be overwritten";
    auto opened = database::open(file);
    BOOST_TEST_REQUIRE(opened.has_error());
    BOOST_TEST(opened.error().starts_with(file));
    BOOST_TEST(database::open((folder / "no" / "folder").string()).has_error());
}

BOOST_AUTO_TEST_SUITE_END()
