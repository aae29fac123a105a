#include "tools/devcluster/node/pod_environment.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/ranges.h>

namespace json = boost::json;
using namespace devcluster;

namespace {

const auto pod = json::parse(R"j({"metadata":{"name":"p","namespace":"n","uid":"u","labels":{"a/b":"l"},"annotations":{"x":"y"}},
                                 "spec":{"nodeName":"node","serviceAccountName":"default"}})j")
                     .get_object();

const config_data data = {{{false, "c"}, {{{"k", "v"}, {"z", "w"}}}}, {{true, "s"}, {{{"k", "secret"}}}}, {{false, "gone"}, {}}};

/// The variables, or the error.
std::string made_of(const std::string& container) {
    auto made = make_environment(json::parse(container).get_object(), pod, data, "127.0.0.1");
    return made ? fmt::format("{}", fmt::join(made->lines(), " ")) : "error: " + made.error();
}

} // namespace

BOOST_AUTO_TEST_SUITE(pod_environment_)

BOOST_AUTO_TEST_CASE(variables_in_texts_expand_as_kubernetes_defines) {
    environment from;
    from.set("A", "1");
    from.set("B", "$(A)");
    struct {
        const char* text;
        const char* expected;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"$(A)", "1"},
        {"x$(A)y$(A)", "x1y1"},
        {"$$(A)", "$(A)"},
        {"$$$(A)", "$1"},
        {"$(MISSING)", "$(MISSING)"},
        {"$A", "$A"},
        {"$(A", "$(A"},
        {"$", "$"},
        {"$$", "$"},
        {"$(B)", "$(A)"},
        {"$()", "$()"},
        {"a$", "a$"},
        {"$($(A))", "$($(A))"},
    };
    for (const auto& each : cases)
        BOOST_TEST(expand_variables(each.text, from) == each.expected, each.text);
}

BOOST_AUTO_TEST_CASE(the_environment_is_made_of_env_and_env_from) {
    struct {
        const char* container;
        const char* expected;
    } cases[] = {
        {R"j({})j", ""},
        {R"j({"env":[{"name":"A","value":"1"},{"name":"B","value":"$(A)2"},{"name":"C","value":"$(D)"},{"name":"D"}]})j",
         "A=1 B=12 C=$(D) D="},
        {R"j({"env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]})j", "A=2"},
        {R"j({"env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},
                    {"name":"B","valueFrom":{"fieldRef":{"fieldPath":"metadata.namespace"}}},
                    {"name":"C","valueFrom":{"fieldRef":{"fieldPath":"metadata.uid"}}},
                    {"name":"D","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['a/b']"}}},
                    {"name":"E","valueFrom":{"fieldRef":{"fieldPath":"metadata.annotations['x']"}}},
                    {"name":"F","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['none']"}}},
                    {"name":"G","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}},
                    {"name":"H","valueFrom":{"fieldRef":{"fieldPath":"spec.serviceAccountName"}}},
                    {"name":"I","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}},
                    {"name":"J","valueFrom":{"fieldRef":{"fieldPath":"status.hostIPs"}}}]})j",
         "A=p B=n C=u D=l E=y F= G=node H=default I=127.0.0.1 J=127.0.0.1"},
        {R"j({"env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"status.phase"}}}]})j",
         "error: unsupported fieldPath: status.phase"},
        {R"j({"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}},
                    {"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]})j",
         "A=v B=secret"},
        {R"j({"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"nope","key":"k"}}}]})j",
         "error: secret \"nope\" not found"},
        {R"j({"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"gone","key":"k"}}}]})j",
         "error: configmap \"gone\" not found"},
        {R"j({"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":"x"}}}]})j",
         "error: couldn't find key x in ConfigMap n/c"},
        {R"j({"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"x"}}}]})j",
         "error: couldn't find key x in Secret n/s"},
        {R"j({"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"x","optional":true}}},
                    {"name":"B","valueFrom":{"secretKeyRef":{"name":"nope","key":"x","optional":true}}}]})j",
         ""},
        {R"j({"envFrom":[{"configMapRef":{"name":"c"},"prefix":"P_"},{"secretRef":{"name":"s"}}],
             "env":[{"name":"k","value":"$(k) over"}]})j",
         "P_k=v P_z=w k=secret over"},
        {R"j({"envFrom":[{"secretRef":{"name":"nope"}}]})j", "error: secret \"nope\" not found"},
        {R"j({"envFrom":[{"secretRef":{"name":"nope","optional":true}}]})j", ""},
        {R"j({"env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}]})j",
         "error: the valueFrom of environment variable A is none that this node knows"},
    };
    for (const auto& each : cases)
        BOOST_TEST(made_of(each.container) == each.expected);
}

BOOST_AUTO_TEST_CASE(what_is_to_be_read_for_it_is_named_once) {
    auto container = json::parse(R"j({"envFrom":[{"configMapRef":{"name":"b"}},{"secretRef":{"name":"b"}}],
        "env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"b","key":"k"}}},{"name":"B","value":"x"},
               {"name":"C","valueFrom":{"configMapKeyRef":{"name":"a","key":"k"}}},
               {"name":"D","valueFrom":{"configMapKeyRef":{"key":"k"}}}]})j");
    const std::vector<config_reference> expected = {{false, "a"}, {false, "b"}, {true, "b"}};
    BOOST_TEST((config_references(container.get_object()) == expected));
}

BOOST_AUTO_TEST_CASE(the_data_of_a_secret_is_decoded) {
    auto object = json::parse(R"j({"data":{"a":"YmM="}})j").get_object();
    BOOST_TEST(data_of({true, "s"}, object).at("a") == "bc");
    BOOST_TEST(data_of({false, "c"}, object).at("a") == "YmM=");
    BOOST_TEST(data_of({false, "c"}, json::object()).empty());
}

BOOST_AUTO_TEST_SUITE_END()
