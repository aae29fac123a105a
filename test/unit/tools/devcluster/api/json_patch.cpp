#include "recorded.hpp"
#include "tools/devcluster/api/patch.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

namespace {

namespace json = boost::json;
using devcluster::apply_json_patch;

json::value thing() {
    return json::parse(R"({"spec": {"a": 1, "list": [1, 2, 3], "m": {"x": "y", "a/b": 1, "c~d": 2}, "n": null, "s": "text",
                                    "o": [{"k": 1}]}})");
}

json::value operations(std::string_view text) {
    return json::parse(text);
}

BOOST_AUTO_TEST_SUITE(json_patches)

BOOST_AUTO_TEST_CASE(they_apply_or_are_refused_as_by_kube_apiserver) {
    for (const auto& row : test_support::recorded("patches/json-patches.json")) {
        BOOST_TEST_CONTEXT(json::serialize(row.at("patch"))) {
            const auto patched = apply_json_patch(thing(), row.at("patch"));
            BOOST_TEST((patched ? 200 : patched.error().code) == row.at("code").to_number<unsigned>());
            if (patched && row.as_object().contains("spec"))
                BOOST_TEST(patched->at("spec") == row.at("spec"));
            if (!patched && row.as_object().contains("message")) {
                BOOST_TEST(patched.error().message == test_support::text(row.at("message")));
                BOOST_TEST(patched.error().reason == test_support::text(row.at("reason")));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_whole_document_is_replaced_and_tested) {
    const auto replaced = apply_json_patch(thing(), operations(R"([{"op": "replace", "path": "", "value": {"b": 1}},
                                                                   {"op": "test", "path": "", "value": {"b": 1}}])"));
    BOOST_REQUIRE(replaced);
    BOOST_TEST(*replaced == json::parse(R"({"b": 1})"));
    // kube-apiserver 1.36.3 dies of this one.
    BOOST_TEST(!apply_json_patch(thing(), operations(R"([{"op": "replace", "path": ""}])")));
}

BOOST_AUTO_TEST_CASE(a_patch_of_too_many_operations_is_too_large) {
    json::array many(10'001, operations(R"({"op": "test", "path": "/spec/a", "value": 1})"));
    const auto refused = apply_json_patch(thing(), many);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code == 413U);
    BOOST_TEST(refused.error().message ==
               "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001");
    many.pop_back();
    BOOST_TEST(apply_json_patch(thing(), many).has_value());
}

BOOST_AUTO_TEST_CASE(copies_cannot_make_an_object_grow_without_end) {
    json::array doubling;
    for (int i = 0; i < 100; ++i)
        doubling.push_back(operations(R"({"op": "copy", "from": "/spec/o", "path": "/spec/o/-"})"));
    const auto refused = apply_json_patch(thing(), doubling);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code == 422U);
}

BOOST_AUTO_TEST_CASE(an_object_cannot_be_made_too_deep) {
    json::array deeper;
    for (int i = 0; i < 1000; ++i)
        deeper.push_back(operations(R"({"op": "move", "from": "/spec", "path": "/moved"})"));
    // Each wraps the object once more.
    json::array wrapping;
    for (int i = 0; i < 1000; ++i) {
        wrapping.push_back(operations(R"({"op": "add", "path": "/next", "value": {}})"));
        wrapping.push_back(operations(R"({"op": "move", "from": "/spec", "path": "/next/spec"})"));
        wrapping.push_back(operations(R"({"op": "move", "from": "/next", "path": "/spec"})"));
    }
    BOOST_TEST(!apply_json_patch(thing(), deeper));
    const auto refused = apply_json_patch(thing(), wrapping);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().code == 422U);
    wrapping.resize(900);
    BOOST_TEST(apply_json_patch(thing(), wrapping).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
