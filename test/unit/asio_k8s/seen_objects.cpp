#include "asio_k8s/seen_objects.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>

using k8s::object_key;
using k8s::seen_objects;

namespace {

const object_key a{"n", "a"};
const object_key b{"n", "b"};
const object_key c{"m", "c"};

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_seen_objects)

BOOST_AUTO_TEST_CASE(a_version_is_told_once) {
    seen_objects seen;
    BOOST_TEST(seen.saw(a, "u1", "1").changed);
    BOOST_TEST(!seen.saw(a, "u1", "1").changed);
    BOOST_TEST(seen.saw(a, "u1", "2").changed);
    BOOST_TEST(!seen.saw(a, "u1", "2").changed);
    BOOST_TEST(seen.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_object_without_a_version_is_told_every_time) {
    seen_objects seen;
    BOOST_TEST(seen.saw(a, "u1", "").changed);
    BOOST_TEST(seen.saw(a, "u1", "").changed);
}

BOOST_AUTO_TEST_CASE(a_namesake_names_the_one_that_it_replaces) {
    seen_objects seen;
    BOOST_TEST(seen.saw(a, "u1", "1").replaced_uid.empty());
    auto verdict = seen.saw(a, "u2", "1");
    BOOST_TEST(verdict.changed);
    BOOST_TEST(verdict.replaced_uid == "u1");
    BOOST_TEST(seen.saw(a, "u2", "2").replaced_uid.empty());
}

BOOST_AUTO_TEST_CASE(a_deletion_is_told_once_and_only_of_what_is_known) {
    seen_objects seen;
    BOOST_TEST(!seen.gone(a, "u1"));
    seen.saw(a, "u1", "1");
    BOOST_TEST(!seen.gone(a, "u0"));
    BOOST_TEST(seen.gone(a, "u1"));
    BOOST_TEST(!seen.gone(a, "u1"));
    BOOST_TEST(seen.saw(a, "u1", "1").changed);
}

BOOST_AUTO_TEST_CASE(a_list_finds_what_vanished_in_the_order_of_its_keys) {
    seen_objects seen;
    seen.begin_list();
    seen.saw(b, "ub", "1");
    seen.saw(a, "ua", "1");
    seen.saw(c, "uc", "1");
    BOOST_TEST(seen.end_list().empty());

    seen.begin_list();
    seen.saw(b, "ub", "1");
    auto gone = seen.end_list();
    BOOST_REQUIRE(gone.size() == 2U);
    BOOST_TEST((gone[0].key == c && gone[0].uid == "uc"));
    BOOST_TEST((gone[1].key == a && gone[1].uid == "ua"));
    BOOST_TEST(seen.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_list_that_is_started_anew_forgets_what_its_first_pages_showed) {
    seen_objects seen;
    seen.begin_list();
    seen.saw(a, "ua", "1");
    seen.begin_list();
    seen.saw(b, "ub", "1");
    auto gone = seen.end_list();
    BOOST_REQUIRE(gone.size() == 1U);
    BOOST_TEST((gone[0].key == a));
}

BOOST_AUTO_TEST_CASE(it_agrees_with_a_simple_model_under_random_changes) {
    std::mt19937 random(4711);
    auto draw = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
    seen_objects seen;
    std::map<object_key, std::pair<std::string, std::string>> told;  // what the layer above believes
    std::map<object_key, std::pair<std::string, std::string>> world; // what is
    unsigned version = 0;
    for (int round = 0; round < 2000; ++round) {
        object_key key;
        key.ns = "n" + std::to_string(draw(2));
        key.name = std::to_string(draw(8));
        auto fresh = std::to_string(++version);
        if (draw(3) == 0)
            world.erase(key);
        else if (draw(2) == 0 && world.contains(key))
            world[key].second = fresh;
        else
            world[key] = {"u" + fresh, fresh};
        if (draw(10) != 0)
            continue;
        seen.begin_list();
        for (const auto& [name, object] : world) {
            auto verdict = seen.saw(name, object.first, object.second);
            auto known = told.find(name);
            BOOST_REQUIRE(verdict.changed == (known == told.end() || known->second != object));
            BOOST_REQUIRE(verdict.replaced_uid.empty() == (known == told.end() || known->second.first == object.first));
            told[name] = object;
        }
        for (const auto& gone : seen.end_list()) {
            BOOST_REQUIRE(told.at(gone.key).first == gone.uid);
            told.erase(gone.key);
        }
        BOOST_REQUIRE((told == world));
    }
}

BOOST_AUTO_TEST_SUITE_END()
