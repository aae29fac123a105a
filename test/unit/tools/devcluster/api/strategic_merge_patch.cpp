#include "fake_schema.hpp"
#include "recorded.hpp"
#include "tools/devcluster/api/patch.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <random>

namespace {

namespace json = boost::json;
using devcluster::apply_strategic_merge_patch;
using test_support::pod_template_schema;

/// kube-apiserver leaves out what is empty when it writes an object of a core kind.
json::value without_empty_members(json::value value) {
    if (auto* array = value.if_array())
        for (auto& element : *array)
            element = without_empty_members(std::move(element));
    if (const auto* object = value.if_object()) {
        json::object made;
        for (const auto& member : *object) {
            auto inner = without_empty_members(member.value());
            if (!(inner.is_object() && inner.get_object().empty()) && !(inner.is_array() && inner.get_array().empty()))
                made[member.key()] = std::move(inner);
        }
        return made;
    }
    return value;
}

BOOST_AUTO_TEST_SUITE(strategic_merge_patches)

BOOST_AUTO_TEST_CASE(they_apply_or_are_refused_as_by_kube_apiserver) {
    for (const auto& row : test_support::recorded("patches/strategic-merge-patches.json")) {
        BOOST_TEST_CONTEXT(json::serialize(row.at("original")) << " " << json::serialize(row.at("patch"))) {
            const auto patched =
                apply_strategic_merge_patch(row.at("original").as_object(), row.at("patch").as_object(), &pod_template_schema());
            BOOST_TEST((patched ? 200 : patched.error().code) == row.at("code").to_number<unsigned>());
            if (patched && row.as_object().contains("result"))
                BOOST_TEST(without_empty_members(*patched) == without_empty_members(row.at("result")));
            if (!patched && row.as_object().contains("message")) {
                BOOST_TEST(patched.error().message == test_support::text(row.at("message")));
                BOOST_TEST(patched.error().reason == test_support::text(row.at("reason")));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(an_order_of_a_list_that_is_not_known_is_refused) {
    const auto patch = json::parse(R"({"template": {"$setElementOrder/bogus": [{"name": "a"}]}})").as_object();
    const auto original = json::parse(R"({"template": {}})").as_object();
    const auto refused = apply_strategic_merge_patch(original, patch, &pod_template_schema());
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code == 500U);
    BOOST_TEST(refused.error().message == "unable to find api field \"bogus\"");
}

// kube-apiserver drops them later, as members that the type does not have.
BOOST_AUTO_TEST_CASE(a_new_element_bears_no_directive) {
    const auto original = json::parse(R"({"containers": [{"name": "a"}]})").as_object();
    const auto patch =
        json::parse(R"({"containers": [{"name": "b", "$retainKeys": ["name", "env"], "$setElementOrder/env": [{"name": "A"}],
                                                       "$deleteFromPrimitiveList/args": ["x"],
                                                       "env": [{"name": "A"}, {"name": "B", "$patch": "delete"}]}]})")
            .as_object();
    const auto* of = pod_template_schema().member("template")->member("spec");
    const auto patched = apply_strategic_merge_patch(original, patch, of);
    BOOST_REQUIRE(patched);
    BOOST_TEST(json::value(*patched) == json::parse(R"({"containers": [{"name": "b", "env": [{"name": "A"}]}, {"name": "a"}]})"));
}

BOOST_AUTO_TEST_CASE(an_order_of_nothing_is_refused) {
    const auto patch = json::parse(R"({"$setElementOrder/containers": [{"name": "a"}], "containers": []})").as_object();
    const auto refused = apply_strategic_merge_patch({}, patch, pod_template_schema().member("template")->member("spec"));
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code == 500U);
    BOOST_TEST(refused.error().message == "no elements in any of the given slices");
    BOOST_TEST(json::serialize(to_json(refused.error())) ==
               R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
               R"("message":"no elements in any of the given slices","code":500})");
}

BOOST_AUTO_TEST_CASE(a_deleted_map_is_left_empty) {
    const auto original = json::parse(R"({"metadata": {"labels": {"a": "b"}}})").as_object();
    const auto patch = json::parse(R"({"metadata": {"labels": {"$patch": "delete"}}})").as_object();
    const auto patched = apply_strategic_merge_patch(original, patch, &pod_template_schema());
    BOOST_REQUIRE(patched);
    BOOST_TEST(json::value(*patched) == json::parse(R"({"metadata": {"labels": {}}})"));
}

BOOST_AUTO_TEST_CASE(lists_of_lists_are_refused) {
    const auto original = json::parse(R"({"metadata": {"finalizers": [["a"]]}})").as_object();
    const auto patch = json::parse(R"({"metadata": {"finalizers": [["b"]]}})").as_object();
    const auto refused = apply_strategic_merge_patch(original, patch, &pod_template_schema());
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code == 422U);
    BOOST_TEST(refused.error().message == "the server rejected our request due to an error in our request");
}

BOOST_AUTO_TEST_CASE(odd_patches_and_odd_objects_are_no_crash) {
    const char* containers[] = {"null",
                                "5",
                                "{}",
                                "[]",
                                "[null]",
                                "[5]",
                                "[[]]",
                                "[{}]",
                                R"([{"name": null}])",
                                R"([{"name": {}}])",
                                R"([{"name": "a"}])",
                                R"([{"name": "a"}, {"name": "a"}])",
                                R"([{"$patch": "delete"}])",
                                R"([{"name": "a", "$patch": "delete"}, {"name": "a"}])",
                                R"([{"$patch": "replace"}])"};
    for (const char* member : {"containers", "$setElementOrder/containers", "$deleteFromPrimitiveList/containers", "$retainKeys"})
        for (const char* original : containers)
            for (const char* patch : containers)
                for (const char* order : containers) {
                    json::object before;
                    before["containers"] = json::parse(original);
                    json::object changes;
                    changes[member] = json::parse(patch);
                    changes["$setElementOrder/containers"] = json::parse(order);
                    const auto* of = pod_template_schema().member("template")->member("spec");
                    const auto patched = apply_strategic_merge_patch(before, changes, of);
                    BOOST_TEST((patched || !patched.error().message.empty()));
                }
}

// What kubectl sends for a changed list: its elements, those that go, and the order.
BOOST_AUTO_TEST_CASE(the_difference_of_two_lists_makes_one_of_the_other) {
    std::minstd_rand random(20261124);
    const auto random_list = [&] {
        std::vector<int> names{0, 1, 2, 3, 4, 5, 6};
        std::shuffle(names.begin(), names.end(), random);
        names.resize(1 + random() % names.size());
        json::array made;
        for (const int name : names)
            made.push_back(json::object{{"name", std::to_string(name)}, {"image", static_cast<std::int64_t>(random() % 2)}});
        return made;
    };
    for (int i = 0; i < 2000; ++i) {
        const auto from = random_list();
        const auto to = random_list();
        json::array changes = to;
        for (const auto& element : from) {
            const auto is_same = [&](const auto& other) { return other.at("name") == element.at("name"); };
            if (std::none_of(to.begin(), to.end(), is_same))
                changes.push_back(json::object{{"name", element.at("name")}, {"$patch", "delete"}});
        }
        json::array order;
        for (const auto& element : to)
            order.push_back(json::object{{"name", element.at("name")}});
        const json::object patch{{"$setElementOrder/containers", order}, {"containers", changes}};
        const auto* of = pod_template_schema().member("template")->member("spec");
        const auto patched = apply_strategic_merge_patch(json::object{{"containers", from}}, patch, of);
        BOOST_REQUIRE(patched);
        BOOST_TEST(patched->at("containers") == json::value(to), json::serialize(from) << " " << json::serialize(patch));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
