#include "recorded.hpp"
#include "tools/devcluster/api/patch.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <random>

namespace {

namespace json = boost::json;
using devcluster::apply_merge_patch;

json::object thing() {
    return json::parse(R"({"spec": {"a": 1, "list": [1, 2, 3], "m": {"x": "y", "a/b": 1, "c~d": 2}, "n": null, "s": "text",
                                    "o": [{"k": 1}]}})")
        .as_object();
}

// An object that may stand after a patch: without nulls.
json::value random_value(std::minstd_rand& random, int depth) {
    switch (random() % (depth > 3 ? 3 : 6)) {
    case 0:
        return static_cast<std::int64_t>(random() % 5);
    case 1:
        return random() % 2 == 0;
    case 2:
        return json::string(std::string(random() % 3, 'x'));
    case 3: {
        json::array made;
        for (auto size = random() % 3; size > 0; --size)
            made.push_back(random_value(random, depth + 1));
        return made;
    }
    default: {
        json::object made;
        for (auto size = random() % 4; size > 0; --size)
            made[std::string(1, static_cast<char>('a' + random() % 5))] = random_value(random, depth + 1);
        return made;
    }
    }
}

json::object random_object(std::minstd_rand& random) {
    json::object made;
    for (auto size = random() % 6; size > 0; --size)
        made[std::string(1, static_cast<char>('a' + random() % 6))] = random_value(random, 0);
    return made;
}

/// The patch that makes `to` of `from`.
json::object difference(const json::object& from, const json::object& to) {
    json::object made;
    for (const auto& member : from)
        if (!to.contains(member.key()))
            made[member.key()] = nullptr;
    for (const auto& member : to) {
        const auto* before = from.if_contains(member.key());
        if (before != nullptr && *before == member.value())
            continue;
        if (before != nullptr && before->is_object() && member.value().is_object())
            made[member.key()] = difference(before->get_object(), member.value().get_object());
        else
            made[member.key()] = member.value();
    }
    return made;
}

BOOST_AUTO_TEST_SUITE(merge_patches)

BOOST_AUTO_TEST_CASE(they_apply_or_are_refused_as_by_kube_apiserver) {
    for (const auto& row : test_support::recorded("patches/merge-patches.json")) {
        BOOST_TEST_CONTEXT(json::serialize(row.at("patch"))) {
            const auto patched = apply_merge_patch(thing(), row.at("patch"));
            BOOST_TEST((patched ? 200 : patched.error().code) == row.at("code").to_number<unsigned>());
            if (!patched)
                BOOST_TEST(patched.error().message == test_support::text(row.at("message")));
            else if (!row.at("spec").is_null())
                BOOST_TEST(patched->at("spec") == row.at("spec"));
            else
                BOOST_TEST(!patched->contains("spec"));
        }
    }
}

// The examples of RFC 7386, appendix A, as far as both sides are objects and no null stands within a list.
BOOST_AUTO_TEST_CASE(the_examples_of_the_rfc_hold) {
    const struct {
        const char* original;
        const char* patch;
        const char* result;
    } table[] = {
        {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        {R"({"a":"b"})", R"({"a":null})", R"({})"},
        {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
        {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
    };
    for (const auto& row : table) {
        const auto patched = apply_merge_patch(json::parse(row.original).as_object(), json::parse(row.patch));
        BOOST_REQUIRE(patched);
        BOOST_TEST(json::value(*patched) == json::parse(row.result), row.original << " " << row.patch);
    }
}

BOOST_AUTO_TEST_CASE(the_difference_of_two_objects_makes_one_of_the_other) {
    std::minstd_rand random(20261124);
    for (int i = 0; i < 2000; ++i) {
        const auto from = random_object(random);
        const auto to = random_object(random);
        const auto patch = difference(from, to);
        const auto patched = apply_merge_patch(from, patch);
        BOOST_REQUIRE(patched);
        BOOST_TEST(*patched == to, json::serialize(from) << " " << json::serialize(patch));
        BOOST_TEST(*apply_merge_patch(*patched, patch) == to);

        // Without a schema, a strategic merge patch is the same.
        const auto strategic = devcluster::apply_strategic_merge_patch(from, patch, nullptr);
        BOOST_REQUIRE(strategic);
        BOOST_TEST(*strategic == to, json::serialize(from) << " " << json::serialize(patch));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
