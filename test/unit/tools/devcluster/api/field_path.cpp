#include "tools/devcluster/api/field_path.hpp"

#include <boost/test/unit_test.hpp>

using devcluster::field_path;

BOOST_AUTO_TEST_SUITE(a_field_path)

BOOST_AUTO_TEST_CASE(is_empty_at_the_root) {
    BOOST_TEST(field_path().text().empty());
}

BOOST_AUTO_TEST_CASE(says_each_step_as_kubernetes_does) {
    const field_path root;
    const auto spec = root.child("spec");
    const auto list = spec.child("containers");
    const auto third = list.index(3);
    BOOST_TEST(spec.text() == "spec");
    BOOST_TEST(third.text() == "spec.containers[3]");
    BOOST_TEST(third.child("env").key("a.b/c").text() == "spec.containers[3].env[a.b/c]");
    BOOST_TEST(root.index(0).child("name").text() == "[0].name");
}

BOOST_AUTO_TEST_CASE(has_a_dot_at_the_root_where_the_validation_of_openapi_has_one) {
    const field_path root;
    const auto spec = root.dotted("spec");
    BOOST_TEST(spec.text() == ".spec");
    BOOST_TEST(spec.child("a").text() == ".spec.a");
    BOOST_TEST(root.child("spec").dotted("a").text() == "spec.a");
}

BOOST_AUTO_TEST_CASE(is_formatted_as_its_text) {
    const field_path root;
    BOOST_TEST(fmt::format("{} is wrong", root.child("spec")) == "spec is wrong");
}

BOOST_AUTO_TEST_SUITE_END()
