#include "tools/devcluster/dev/apply.hpp"

#include "support/loop_fixture.hpp"
#include "tools/devcluster/api/api_server.hpp"
#include "tools/devcluster/dev/definitions.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

using namespace devcluster;
namespace json = boost::json;

namespace {

struct fixture : test_support::manual_fixture {
    api_server api{rt, api_server_options()};
    applier files{api.all(), "team"};

    fixture() {
        api.load();
        rt.poll();
        for (auto text : kuberhealthy_definitions())
            BOOST_TEST_REQUIRE(files.apply(std::string(text), text).has_value());
    }

    static std::string check(std::string name, std::string interval = "1m", std::string more = {}) {
        return "apiVersion: comcast.github.io/v1\nkind: KuberhealthyCheck\nmetadata:\n  name: " + name +
               "\nspec:\n  runInterval: " + interval + "\n  timeout: 30s\n" + more +
               "  podSpec:\n    containers:\n      - {name: main, image: busybox}\n";
    }

    /// "created khcheck/team/a, ..."
    std::string apply(std::string_view text, const std::string& source = "file") {
        auto applied = files.apply(source, text);
        if (applied.has_error())
            return applied.error().message;
        std::string made;
        for (const auto& one : *applied) {
            static constexpr const char* words[] = {"created", "configured", "unchanged", "skipped", "refused"};
            made += (made.empty() ? "" : ", ") + std::string(words[static_cast<int>(one.what)]) + ' ' + one.name;
            last_why = one.why;
        }
        return made;
    }
    object_ptr find(std::string name) {
        return api.all().stored().in("khchecks.comcast.github.io").find(object_key("team", name));
    }
    std::string last_why;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(apply_suite, fixture)

BOOST_AUTO_TEST_CASE(a_patch_of_three_ways_takes_away_what_is_no_longer_said) {
    auto patch = three_way_patch(json::parse(R"({"a":1,"b":{"c":1,"d":2},"l":[1]})").get_object(),
                                 json::parse(R"({"a":2,"b":{"c":1},"e":3})").get_object());
    BOOST_TEST(json::serialize(patch) == R"({"a":2,"b":{"c":1,"d":null},"e":3,"l":null})");
}

BOOST_AUTO_TEST_CASE(what_is_new_is_created_in_its_namespace_and_the_namespace_with_it) {
    BOOST_TEST(apply(check("a") + "---\n" + check("b")) == "created khcheck/team/a, created khcheck/team/b");
    BOOST_TEST(find("a") != nullptr);
    BOOST_TEST(api.all().stored().in("namespaces").find(object_key("", "team")) != nullptr);
}

BOOST_AUTO_TEST_CASE(the_same_again_changes_nothing) {
    apply(check("a"));
    auto before = api.all().stored().revision();
    BOOST_TEST(apply(check("a")) == "unchanged khcheck/team/a");
    BOOST_TEST(api.all().stored().revision() == before);
}

BOOST_AUTO_TEST_CASE(a_change_is_an_edit_and_what_others_wrote_stays) {
    apply(check("a", "1m", "  extraLabels: {x: z}\n"));
    const auto& type = *api.all().types().find("comcast.github.io", "v1", "khchecks");
    auto labelled = api.all().modify(type, object_key("team", "a"), [](json::object current) -> outcome<json::object> {
        current["metadata"].get_object()["labels"] = json::object{{"theirs", "1"}};
        return current;
    });
    BOOST_TEST_REQUIRE(labelled.has_value(), labelled.error().message);
    BOOST_TEST(apply(check("a", "2m")) == "configured khcheck/team/a");
    auto now = find("a");
    BOOST_TEST(json::serialize(now->value.at("spec").at("runInterval")) == "\"2m\"");
    BOOST_TEST(now->value.at("spec").get_object().contains("extraLabels") == false);
    BOOST_TEST(json::serialize(now->value.at("metadata").at("labels")) == R"({"theirs":"1"})");
    BOOST_TEST(now->value.at("metadata").at("generation") == json::value(2));
}

BOOST_AUTO_TEST_CASE(what_a_file_no_longer_has_is_deleted_and_only_that) {
    apply(check("a") + "---\n" + check("b"));
    apply(check("c"), "another");
    apply(check("b"));
    BOOST_TEST(find("a") == nullptr);
    BOOST_TEST(find("b") != nullptr);
    BOOST_TEST(find("c") != nullptr);
}

BOOST_AUTO_TEST_CASE(a_kind_that_is_not_served_is_skipped_and_the_rest_is_applied) {
    BOOST_TEST(apply("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n---\n" + check("a")) ==
               "skipped ClusterRole/r, created khcheck/team/a");
}

BOOST_AUTO_TEST_CASE(a_typing_error_is_refused_with_the_field) {
    BOOST_TEST(apply(check("a", "1m", "  tiemout: 5s\n")) == "refused khcheck/team/a");
    BOOST_TEST(last_why.ends_with("strict decoding error: unknown field \"spec.tiemout\""), last_why);
}

BOOST_AUTO_TEST_CASE(a_text_that_does_not_parse_changes_nothing) {
    apply(check("a"));
    BOOST_TEST(apply("a: [1\n").starts_with("yaml: line"));
    BOOST_TEST(find("a") != nullptr);
}

BOOST_AUTO_TEST_CASE(a_list_is_its_items) {
    BOOST_TEST(
        apply(
            R"({"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}}]})") ==
        "created configmap/team/one");
}

BOOST_AUTO_TEST_SUITE_END()
