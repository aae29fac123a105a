#include "tools/devcluster/api/store.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <random>

using namespace devcluster;
namespace json = boost::json;

namespace {

json::object object_named(std::string ns, std::string name, int value = 0) {
    json::object made;
    made["metadata"] = json::object{{"namespace", ns}, {"name", name}};
    made["value"] = value;
    return made;
}

std::string names_of(const std::vector<object_ptr>& items) {
    std::string made;
    for (const auto& one : items)
        made += (made.empty() ? "" : " ") + std::string(one->value.at("metadata").at("name").get_string()) + "=" +
                std::to_string(one->value.at("value").to_number<int>());
    return made;
}

struct fixture {
    devcluster::store all{100};
    collection& pods = all.in("pods");

    void put(std::string name, int value = 0, std::string ns = "a") {
        all.put(pods, object_key(ns, name), object_named(ns, name, value));
    }
    std::string changes_after(std::uint64_t revision) {
        std::string made;
        bool is_complete = pods.each_change_after(revision, [&](const change& one) {
            made += one.kind == change_kind::added ? '+' : one.kind == change_kind::deleted ? '-' : '~';
            made += std::string(one.object->value.at("metadata").at("name").get_string());
            return true;
        });
        return is_complete ? made : "lost";
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_suite, fixture)

BOOST_AUTO_TEST_CASE(each_change_has_a_revision_of_its_own_and_the_object_carries_it) {
    auto before = all.revision();
    put("x");
    put("x", 1);
    BOOST_TEST(all.revision() == before + 2);
    auto now = pods.find(object_key("a", "x"));
    BOOST_TEST(now->revision == before + 2);
    BOOST_TEST(std::string(now->value.at("metadata").at("resourceVersion").get_string()) == std::to_string(before + 2));
    BOOST_TEST(json::parse(now->text) == json::value(now->value));
}

BOOST_AUTO_TEST_CASE(a_list_is_in_the_order_of_namespace_and_name) {
    put("z", 1, "a");
    put("b", 2, "b");
    put("a", 3, "b");
    BOOST_TEST(names_of(pods.list({})) == "z=1 a=3 b=2");
    BOOST_TEST(names_of(pods.list("b")) == "a=3 b=2");
    BOOST_TEST(names_of(pods.list("c")).empty());
}

BOOST_AUTO_TEST_CASE(changes_are_told_from_any_revision_that_is_remembered) {
    auto before = all.revision();
    put("x");
    put("x", 1);
    all.erase(pods, object_key("a", "x"));
    BOOST_TEST(changes_after(before) == "+x~x-x");
    BOOST_TEST(changes_after(before + 2) == "-x");
    BOOST_TEST(changes_after(all.revision()).empty());
}

BOOST_AUTO_TEST_CASE(what_the_history_has_no_room_for_is_lost_and_said_to_be) {
    auto before = all.revision();
    for (int i = 0; i < 101; ++i)
        put("x", i);
    BOOST_TEST(changes_after(before) == "lost");
    BOOST_TEST(pods.forgotten() == before + 1);
    BOOST_TEST(changes_after(before + 1) != "lost");
    BOOST_TEST((pods.list_at({}, before) == std::nullopt));
}

BOOST_AUTO_TEST_CASE(a_compaction_forgets_but_who_has_followed_goes_on) {
    put("x");
    auto followed = all.revision();
    all.put(all.in("others"), object_key("a", "y"), object_named("a", "y"));
    all.compact();
    BOOST_TEST(pods.forgotten() == all.revision());
    put("z");
    BOOST_TEST(changes_after(followed) == "+z");
    BOOST_TEST(changes_after(followed - 1) == "lost");
}

BOOST_AUTO_TEST_CASE(a_list_as_of_an_earlier_revision_is_what_it_was_then) {
    // Against a model: every list is copied as it was.
    std::mt19937 random(7);
    std::map<std::uint64_t, std::string> then;
    std::size_t removed = 0;
    for (int i = 0; i < 90; ++i) {
        auto name = std::string(1, static_cast<char>('a' + random() % 6));
        if (random() % 3 == 0)
            removed += all.erase(pods, object_key("a", name)) != nullptr;
        else
            put(name, i);
        then[all.revision()] = names_of(pods.list({}));
    }
    BOOST_TEST(removed > 0u);
    for (const auto& [revision, names] : then)
        BOOST_TEST(names_of(*pods.list_at({}, revision)) == names);
}

BOOST_AUTO_TEST_CASE(what_was_erased_is_told_with_its_last_state_under_the_revision_of_its_end) {
    put("x", 5);
    auto last = all.erase(pods, object_key("a", "x"));
    BOOST_TEST_REQUIRE(last);
    BOOST_TEST(last->revision == all.revision());
    BOOST_TEST(last->value.at("value") == json::value(5));
    BOOST_TEST(all.erase(pods, object_key("a", "x")) == nullptr);
}

BOOST_AUTO_TEST_CASE(restored_objects_keep_their_revisions_and_nothing_is_known_of_before) {
    all.restore(pods, object_key("a", "x"), make_object(object_named("a", "x"), 70));
    all.restore_revision(90);
    BOOST_TEST(all.revision() == 90u);
    BOOST_TEST(pods.find(object_key("a", "x"))->revision == 70u);
    BOOST_TEST((pods.list_at({}, 80) == std::nullopt));
    put("y");
    BOOST_TEST(all.revision() == 91u);
}

BOOST_AUTO_TEST_SUITE_END()
