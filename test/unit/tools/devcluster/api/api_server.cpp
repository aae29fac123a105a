#include "support/embedded_api.hpp"

using namespace devcluster;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr auto definition = R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
 "metadata":{"name":"things.example.org"},
 "spec":{"group":"example.org","scope":"Namespaced","names":{"kind":"Thing","plural":"things","singular":"thing","shortNames":["th"]},
 "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
  "additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"}],
  "schema":{"openAPIV3Schema":{"type":"object","properties":{
    "spec":{"type":"object","required":["size"],"properties":{"size":{"type":"integer","minimum":1},"color":{"type":"string","default":"red"}}},
    "status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}]}})";

constexpr auto things = "/apis/example.org/v1/namespaces/default/things";

struct fixture : test_support::embedded_api_fixture {
    fixture() {
        serve();
        BOOST_TEST_REQUIRE(call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition).status == 201u);
    }

    test_support::api_answer make_thing(std::string name, int size = 1, std::string more = {}) {
        return call("POST", things,
                    R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":")" + name + "\"" + more +
                        R"(},"spec":{"size":)" + std::to_string(size) + "}}");
    }
    test_support::api_answer make_pod(std::string name, std::string more = {}) {
        return call("POST", "/api/v1/namespaces/default/pods",
                    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name + "\"" + more +
                        R"(},"spec":{"containers":[{"name":"main","image":"a"}]}})");
    }
    std::string thing(std::string name) { return std::string(things) + '/' + name; }
    static std::string pod(std::string name) { return "/api/v1/namespaces/default/pods/" + name; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(api_server_suite, fixture)

BOOST_AUTO_TEST_CASE(a_created_object_gets_what_the_server_gives_and_its_defaults) {
    auto made = make_thing("one");
    BOOST_TEST(made.status == 201u);
    BOOST_TEST(made.text("/metadata/uid").size() == 36u);
    BOOST_TEST(made.text("/metadata/generation") == "1");
    BOOST_TEST(made.text("/metadata/namespace") == "default");
    BOOST_TEST(made.text("/metadata/creationTimestamp").size() == 20u);
    BOOST_TEST(made.text("/spec/color") == "red");
    BOOST_TEST(json::serialize(call("GET", thing("one")).body) == json::serialize(made.body));
}

BOOST_AUTO_TEST_CASE(refusals_are_the_statuses_of_a_kube_apiserver) {
    make_thing("one");
    struct {
        const char* method;
        std::string target;
        std::string body;
        unsigned status;
        const char* reason;
    } cases[] = {
        {"GET", thing("none"), "", 404, "NotFound"},
        {"GET", "/api/v1/namespaces/default/nothings", "", 404, "NotFound"},
        {"GET", thing("one") + "/scale", "", 404, "NotFound"},
        {"GET", std::string(things) + "?limit=many", "", 400, "BadRequest"},
        {"GET", std::string(things) + "?resourceVersion=0&resourceVersionMatch=Exact", "", 422, "Invalid"},
        {"POST", std::string(things) + "?fieldValidation=Mostly", "{}", 422, "Invalid"},
        {"POST", things, R"({"kind":"Thing","metadata":{"name":"two"},"spec":{"size":1}})", 400, "BadRequest"},
        {"POST", things, R"({"apiVersion":"example.org/v1","kind":"Other","metadata":{"name":"two"}})", 422, "Invalid"},
        {"POST", things,
         R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":"a","labels":[]},"spec":{"size":1}})", 400,
         "BadRequest"},
        {"DELETE", thing("one"), R"({"propagationPolicy":"Sideways"})", 422, "Invalid"},
        {"DELETE", "/api/v1/namespaces", "", 405, "MethodNotAllowed"},
        {"POST", things, "{not json", 400, "BadRequest"},
        {"POST", things, "[]", 400, "BadRequest"},
        {"POST", things, R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":"one"},"spec":{"size":1}})", 409,
         "AlreadyExists"},
        {"POST", things, R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":"UPPER"},"spec":{"size":1}})", 422,
         "Invalid"},
        {"POST", things, R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":"two"},"spec":{"size":"x"}})", 422,
         "Invalid"},
        {"POST", things,
         R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":"two","namespace":"other"},"spec":{"size":1}})", 400,
         "BadRequest"},
        {"POST", "/apis/example.org/v1/namespaces/nowhere/things",
         R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":"two"},"spec":{"size":1}})", 404, "NotFound"},
        {"GET", std::string(things) + "?labelSelector=a%3D%3D%3Db", "", 400, "BadRequest"},
        {"GET", std::string(things) + "?fieldSelector=spec.size%3D1", "", 400, "BadRequest"},
        {"DELETE", thing("none"), "", 404, "NotFound"},
        {"POST", thing("one"), "{}", 405, "MethodNotAllowed"},
    };
    for (const auto& one : cases) {
        BOOST_TEST_CONTEXT(one.method << ' ' << one.target << ' ' << one.body) {
            auto answer = call(one.method, one.target, one.body);
            BOOST_TEST(answer.status == one.status);
            BOOST_TEST(answer.text("/kind") == "Status");
            BOOST_TEST(answer.text("/reason") == one.reason);
            BOOST_TEST(answer.text("/code") == std::to_string(one.status));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_write_on_an_old_state_is_a_conflict_and_changes_nothing) {
    auto first = make_thing("one");
    auto body = first.body;
    body.at("spec").get_object()["size"] = 2;
    auto second = call("PUT", thing("one"), json::serialize(body));
    BOOST_TEST(second.status == 200u);
    BOOST_TEST(second.text("/metadata/generation") == "2");
    body.at("spec").get_object()["size"] = 3;
    auto stale = call("PUT", thing("one"), json::serialize(body));
    BOOST_TEST(stale.status == 409u);
    BOOST_TEST(stale.text("/reason") == "Conflict");
    BOOST_TEST(call("GET", thing("one")).text("/spec/size") == "2");
}

BOOST_AUTO_TEST_CASE(what_changes_nothing_is_no_change) {
    auto first = make_thing("one");
    auto again = call("PATCH", thing("one"), R"({"spec":{"size":1}})", "application/merge-patch+json");
    BOOST_TEST(again.text("/metadata/resourceVersion") == first.text("/metadata/resourceVersion"));
}

BOOST_AUTO_TEST_CASE(the_status_is_written_apart_and_is_no_edit) {
    make_thing("one");
    auto whole = call("PATCH", thing("one"), R"({"spec":{"size":2},"status":{"a":1}})", "application/merge-patch+json");
    BOOST_TEST(whole.text("/status") == "(none)");
    auto status = call("PATCH", thing("one") + "/status",
                       R"({"spec":{"size":9},"status":{"a":1},"metadata":{"labels":{"x":"y"}}})", "application/merge-patch+json");
    BOOST_TEST(status.text("/status/a") == "1");
    BOOST_TEST(status.text("/spec/size") == "2");
    BOOST_TEST(status.text("/metadata/labels") == "(none)");
    BOOST_TEST(status.text("/metadata/generation") == "2");
}

BOOST_AUTO_TEST_CASE(a_list_in_pages_is_one_moment) {
    for (auto name : {"a", "b", "c", "d"})
        make_thing(name);
    auto first = call("GET", std::string(things) + "?limit=2");
    BOOST_TEST(first.text("/items/0/metadata/name") == "a");
    BOOST_TEST(first.text("/metadata/remainingItemCount") == "2");
    call("DELETE", thing("c"));
    make_thing("bb");
    auto second = call("GET", std::string(things) + "?limit=2&continue=" + first.text("/metadata/continue"));
    BOOST_TEST(second.text("/items/0/metadata/name") == "c");
    BOOST_TEST(second.text("/items/1/metadata/name") == "d");
    BOOST_TEST(second.text("/metadata/continue") == "(none)");
    BOOST_TEST(second.text("/metadata/resourceVersion") == first.text("/metadata/resourceVersion"));
    api->all().stored().compact();
    BOOST_TEST(call("GET", std::string(things) + "?limit=2&continue=" + first.text("/metadata/continue")).status == 410u);
}

BOOST_AUTO_TEST_CASE(a_watch_tells_every_change_once_and_in_order) {
    auto first = make_thing("one");
    auto from = watch(std::string(things) + "?watch=true&resourceVersion=" + first.text("/metadata/resourceVersion"));
    make_thing("two");
    call("PATCH", thing("two"), R"({"spec":{"size":5}})", "application/merge-patch+json");
    call("DELETE", thing("one"));
    BOOST_TEST(next(from) == "ADDED two");
    BOOST_TEST(next(from) == "MODIFIED two");
    BOOST_TEST(next(from) == "DELETED one");
    BOOST_TEST(next(from, 1s).starts_with("("));
}

BOOST_AUTO_TEST_CASE(a_watch_without_a_version_begins_with_what_there_is) {
    make_thing("one");
    auto from = watch(std::string(things) + "?watch=true");
    BOOST_TEST(next(from) == "ADDED one");
}

BOOST_AUTO_TEST_CASE(a_streamed_list_ends_with_its_bookmark) {
    make_thing("one");
    auto from = watch(std::string(things) +
                      "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    BOOST_TEST(next(from) == "ADDED one");
    BOOST_TEST(next(from) == "BOOKMARK");
    BOOST_TEST(json::serialize(last_event.at("object").at("metadata").at("annotations")) ==
               R"({"k8s.io/initial-events-end":"true"})");
}

BOOST_AUTO_TEST_CASE(to_a_watch_with_a_selector_an_object_comes_and_goes_with_its_labels) {
    auto from = watch(std::string(things) + "?watch=true&labelSelector=x%3Dy");
    make_thing("one");
    call("PATCH", thing("one"), R"({"metadata":{"labels":{"x":"y"}}})", "application/merge-patch+json");
    call("PATCH", thing("one"), R"({"spec":{"size":5}})", "application/merge-patch+json");
    call("PATCH", thing("one"), R"({"metadata":{"labels":{"x":null}}})", "application/merge-patch+json");
    call("DELETE", thing("one"));
    BOOST_TEST(next(from) == "ADDED one");
    BOOST_TEST(next(from) == "MODIFIED one");
    auto version = last_event.at("object").at("metadata").at("resourceVersion");
    BOOST_TEST(next(from) == "DELETED one");
    // It is shown as it was in the selection, under the version of the change.
    BOOST_TEST(last_event.at("object").at("metadata").at("labels") == json::parse(R"({"x":"y"})"));
    BOOST_TEST(last_event.at("object").at("metadata").at("resourceVersion") != version);
    BOOST_TEST(next(from, 1s).starts_with("("));
}

BOOST_AUTO_TEST_CASE(initial_events_can_be_declined) {
    make_thing("one");
    auto from = watch(std::string(things) + "?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan");
    make_thing("two");
    BOOST_TEST(next(from) == "ADDED two");
}

BOOST_AUTO_TEST_CASE(the_deletion_of_a_pod_is_a_change_and_then_the_end) {
    auto from = watch("/api/v1/pods?watch=true");
    make_pod("one");
    call("DELETE", pod("one"));
    BOOST_TEST(next(from) == "ADDED one");
    BOOST_TEST(next(from) == "MODIFIED one");
    BOOST_TEST(last_event.at("object").at("metadata").at("deletionGracePeriodSeconds") == 0);
    BOOST_TEST(next(from) == "DELETED one");
}

BOOST_AUTO_TEST_CASE(an_update_that_takes_the_last_finalizer_is_the_end_and_no_change) {
    make_thing("one", 1, R"(,"finalizers":["example.org/hold"])");
    call("DELETE", thing("one"));
    auto from = watch(std::string(things) + "?watch=true");
    BOOST_TEST(next(from) == "ADDED one");
    auto last = call("PATCH", thing("one"), R"({"metadata":{"finalizers":null}})", "application/merge-patch+json");
    BOOST_TEST(last.text("/metadata/finalizers") == "(none)");
    BOOST_TEST(next(from) == "DELETED one");
}

BOOST_AUTO_TEST_CASE(empty_maps_and_lists_are_left_out_where_a_go_type_leaves_them_out) {
    auto made = call("POST", "/api/v1/namespaces/default/configmaps",
                     R"({"metadata":{"name":"empty","labels":{},"finalizers":[],"annotations":{}},"data":{}})");
    BOOST_TEST(made.status == 201u);
    for (auto gone : {"/metadata/labels", "/metadata/finalizers", "/metadata/annotations", "/data"})
        BOOST_TEST(made.text(gone) == "(none)", gone);
    // Of a custom kind only the metadata is of a Go type.
    BOOST_TEST(make_thing("one", 1, R"(,"ownerReferences":[])").text("/metadata/ownerReferences") == "(none)");
    auto status = call("PATCH", thing("one") + "/status", R"({"status":{"list":[]}})", "application/merge-patch+json");
    BOOST_TEST(status.text("/status/list") == "[]");
}

BOOST_AUTO_TEST_CASE(what_the_server_made_cannot_be_changed) {
    make_thing("one");
    for (auto change : {R"({"metadata":{"uid":"another"}})", R"({"metadata":{"deletionTimestamp":"2001-01-01T00:00:00Z"}})"}) {
        auto answer = call("PATCH", thing("one"), change, "application/merge-patch+json");
        BOOST_TEST(answer.status == 422u);
        BOOST_TEST(answer.text("/details/causes/0/message").ends_with("field is immutable"));
    }
}

BOOST_AUTO_TEST_CASE(what_an_immutable_configmap_holds_does_not_change) {
    constexpr auto maps = "/api/v1/namespaces/default/configmaps";
    call("POST", maps, R"({"metadata":{"name":"fixed"},"immutable":true,"data":{"a":"1"}})");
    auto answer = call("PATCH", std::string(maps) + "/fixed", R"({"data":{"a":"2"}})", "application/merge-patch+json");
    BOOST_TEST(answer.status == 422u);
    BOOST_TEST(answer.text("/details/causes/0/field") == "data");
    BOOST_TEST(call("POST", maps, R"({"metadata":{"name":"odd"},"data":{"a b":"1"}})").text("/details/causes/0/field") ==
               "data[a b]");
}

BOOST_AUTO_TEST_CASE(items_of_a_list_of_core_kinds_do_not_repeat_their_kind) {
    make_thing("one");
    make_pod("one");
    BOOST_TEST(call("GET", things).text("/items/0/kind") == "Thing");
    auto pods = call("GET", "/api/v1/namespaces/default/pods");
    BOOST_TEST(pods.text("/items/0/kind") == "(none)");
    BOOST_TEST(pods.text("/items/0/apiVersion") == "(none)");
    BOOST_TEST(pods.text("/items/0/metadata/name") == "one");
}

BOOST_AUTO_TEST_CASE(a_bookmark_says_how_far_a_quiet_watch_has_come) {
    auto from = watch(std::string(things) + "?watch=true&allowWatchBookmarks=true");
    make_pod("elsewhere");
    BOOST_TEST(next(from, 61s) == "BOOKMARK");
    auto version = std::string(last_event.at("object").at("metadata").at("resourceVersion").get_string());
    BOOST_TEST(version == std::to_string(api->all().stored().revision()));
}

BOOST_AUTO_TEST_CASE(a_watch_ends_when_its_time_is_over) {
    auto from = watch(std::string(things) + "?watch=true&timeoutSeconds=5");
    BOOST_TEST(next(from, 10s) == "(end)");
    auto endless = watch(std::string(things) + "?watch=true&timeoutSeconds=24444444444444");
    BOOST_TEST(next(endless, 3600s) != "(end)");
}

BOOST_AUTO_TEST_CASE(a_version_that_is_forgotten_is_gone) {
    make_thing("one");
    api->all().stored().compact();
    auto from = watch(std::string(things) + "?watch=true&resourceVersion=2");
    BOOST_TEST(next(from) == "ERROR");
    BOOST_TEST(last_event.at("object").at("code") == json::value(410));
    BOOST_TEST(last_event.at("object").at("reason") == json::value("Expired"));
}

BOOST_AUTO_TEST_CASE(a_version_of_another_life_is_too_large) {
    auto answer = call("GET", std::string(things) + "?resourceVersion=999999");
    BOOST_TEST(answer.status == 504u);
    BOOST_TEST(answer.headers.get("Retry-After") == "1");
}

BOOST_AUTO_TEST_CASE(a_table_has_the_columns_of_its_kind) {
    make_thing("one", 7);
    auto table = call("GET", things, {}, {}, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
    BOOST_TEST(table.text("/kind") == "Table");
    BOOST_TEST(table.text("/rows/0/cells") == R"(["one",7])");
    BOOST_TEST(call("GET", things, {}, {}, "text/html").status == 406u);
}

BOOST_AUTO_TEST_CASE(a_finalizer_holds_what_is_deleted) {
    make_thing("one", 1, R"(,"finalizers":["example.org/hold"])");
    auto held = call("DELETE", thing("one"));
    BOOST_TEST(held.status == 200u);
    BOOST_TEST(held.text("/metadata/deletionTimestamp") != "(none)");
    BOOST_TEST(call("GET", thing("one")).status == 200u);
    call("PATCH", thing("one"), R"({"metadata":{"finalizers":null}})", "application/merge-patch+json");
    BOOST_TEST(call("GET", thing("one")).status == 404u);
}

BOOST_AUTO_TEST_CASE(a_pod_on_a_node_is_deleted_in_two_steps_and_one_without_in_one) {
    make_pod("loose");
    call("DELETE", pod("loose"));
    BOOST_TEST(call("GET", pod("loose")).status == 404u);
    make_pod("bound");
    auto binding = R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"bound"},"target":{"kind":"Node","name":"n1"}})";
    BOOST_TEST(call("POST", pod("bound") + "/binding", binding).status == 201u);
    BOOST_TEST(call("POST", pod("bound") + "/binding", binding).status == 409u);
    auto endless = call("DELETE", pod("bound"), R"({"gracePeriodSeconds":24444444444444})");
    BOOST_TEST(endless.text("/metadata/deletionGracePeriodSeconds") == "24444444444444");
    auto ending = call("DELETE", pod("bound"), R"({"gracePeriodSeconds":5})");
    BOOST_TEST(ending.text("/metadata/deletionGracePeriodSeconds") == "5");
    BOOST_TEST(call("GET", pod("bound")).status == 200u);
    call("DELETE", pod("bound"), R"({"gracePeriodSeconds":0})");
    BOOST_TEST(call("GET", pod("bound")).status == 404u);
}

BOOST_AUTO_TEST_CASE(a_precondition_that_does_not_hold_keeps_the_object) {
    make_thing("one");
    auto answer = call("DELETE", thing("one"), R"({"preconditions":{"uid":"another"}})");
    BOOST_TEST(answer.status == 409u);
    BOOST_TEST(call("GET", thing("one")).status == 200u);
}

BOOST_AUTO_TEST_CASE(what_an_owner_had_goes_with_it) {
    auto owner = make_thing("owner");
    auto reference = R"(,"ownerReferences":[{"apiVersion":"example.org/v1","kind":"Thing","name":"owner","uid":")" +
                     owner.text("/metadata/uid") + R"("}])";
    BOOST_TEST(make_pod("owned", reference).status == 201u);
    call("DELETE", thing("owner"));
    rt.poll();
    BOOST_TEST(call("GET", pod("owned")).status == 404u);
}

BOOST_AUTO_TEST_CASE(in_the_foreground_the_owner_goes_last) {
    auto owner = make_thing("owner");
    make_pod("owned", R"(,"finalizers":["example.org/hold"],"ownerReferences":[{"apiVersion":"example.org/v1","kind":"Thing",)"
                      R"("name":"owner","blockOwnerDeletion":true,"uid":")" +
                          owner.text("/metadata/uid") + R"("}])");
    call("DELETE", thing("owner"), R"({"propagationPolicy":"Foreground"})");
    rt.poll();
    BOOST_TEST(call("GET", thing("owner")).status == 200u);
    BOOST_TEST(call("GET", pod("owned")).text("/metadata/deletionTimestamp") != "(none)");
    call("PATCH", pod("owned"), R"({"metadata":{"finalizers":null}})", "application/merge-patch+json");
    rt.poll();
    BOOST_TEST(call("GET", pod("owned")).status == 404u);
    BOOST_TEST(call("GET", thing("owner")).status == 404u);
}

BOOST_AUTO_TEST_CASE(orphans_stay_without_their_owner) {
    auto owner = make_thing("owner");
    make_pod("owned", R"(,"ownerReferences":[{"apiVersion":"example.org/v1","kind":"Thing","name":"owner","uid":")" +
                          owner.text("/metadata/uid") + R"("}])");
    call("DELETE", thing("owner"), R"({"propagationPolicy":"Orphan"})");
    rt.poll();
    BOOST_TEST(call("GET", thing("owner")).status == 404u);
    BOOST_TEST(call("GET", pod("owned")).text("/metadata/ownerReferences") == "(none)");
}

BOOST_AUTO_TEST_CASE(a_namespace_goes_with_its_content_and_takes_no_more_meanwhile) {
    call("POST", "/api/v1/namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team"}})");
    rt.poll();
    BOOST_TEST(call("GET", "/api/v1/namespaces/team/serviceaccounts/default").status == 200u);
    auto held = R"({"metadata":{"name":"held","finalizers":["example.org/hold"]}})";
    BOOST_TEST(call("POST", "/api/v1/namespaces/team/configmaps", held).status == 201u);
    auto ending = call("DELETE", "/api/v1/namespaces/team");
    BOOST_TEST(ending.text("/status/phase") == "Terminating");
    rt.poll();
    BOOST_TEST(call("GET", "/api/v1/namespaces/team/serviceaccounts/default").status == 404u);
    BOOST_TEST(call("POST", "/api/v1/namespaces/team/configmaps", R"({"metadata":{"name":"late"}})").status == 403u);
    call("PATCH", "/api/v1/namespaces/team/configmaps/held", R"({"metadata":{"finalizers":null}})",
         "application/merge-patch+json");
    rt.poll();
    BOOST_TEST(call("GET", "/api/v1/namespaces/team").status == 404u);
}

BOOST_AUTO_TEST_CASE(a_definition_that_goes_takes_its_kind_and_objects_along) {
    make_thing("one");
    call("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.org");
    rt.poll();
    BOOST_TEST(call("GET", things).status == 404u);
    call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    BOOST_TEST(call("GET", things).text("/items") == "[]");
}

BOOST_AUTO_TEST_CASE(a_dry_run_changes_nothing) {
    BOOST_TEST(call("POST", std::string(things) + "?dryRun=All",
                    R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":"one"},"spec":{"size":1}})")
                   .status == 201u);
    BOOST_TEST(call("GET", thing("one")).status == 404u);
}

BOOST_AUTO_TEST_CASE(unknown_fields_are_dropped_told_or_refused_as_asked) {
    auto body = [](std::string name) {
        return R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":")" + name +
               R"("},"spec":{"size":1,"colour":"x"}})";
    };
    auto warned = call("POST", things, body("warned"));
    BOOST_TEST(warned.status == 201u);
    BOOST_TEST(warned.headers.get("Warning") == "299 - \"unknown field \\\"spec.colour\\\"\"");
    BOOST_TEST(warned.text("/spec/colour") == "(none)");
    for (std::string line_end : {"\\r", "\\n", "\\u0080"}) {
        auto forged = call("POST", std::string(things) + "?dryRun=All",
                           R"({"apiVersion":"example.org/v1","kind":"Thing","metadata":{"name":"forged"},"spec":{"size":1},"a)" +
                               line_end + R"(Set-Cookie: a":1})");
        BOOST_TEST(forged.status == 201u);
        BOOST_TEST(forged.headers.get("Warning").empty());
        auto quoted = call("POST", "/api/v1/namespaces/default/configmaps?dryRun=All",
                           R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"a)" + line_end + R"(b":1})");
        BOOST_TEST(quoted.status == 201u);
        BOOST_TEST(quoted.headers.get("Warning") == R"(299 - "unknown field \"a\)" + line_end + R"(b\"")");
    }
    auto ignored = call("POST", std::string(things) + "?fieldValidation=Ignore", body("ignored"));
    BOOST_TEST(ignored.status == 201u);
    BOOST_TEST(ignored.headers.get("Warning").empty());
    auto strict = call("POST", std::string(things) + "?fieldValidation=Strict", body("strict"));
    BOOST_TEST(strict.status == 400u);
    BOOST_TEST(strict.text("/message") == "Thing in version \"v1\" cannot be handled as a Thing: strict decoding error: "
                                          "unknown field \"spec.colour\"");
    make_thing("patched");
    auto patched =
        call("PATCH", thing("patched") + "?fieldValidation=Strict", R"({"spec":{"colour":"x"}})", "application/merge-patch+json");
    BOOST_TEST(patched.status == 422u);
    BOOST_TEST(patched.text("/details/causes/0/field") == "patch");
    auto twice =
        call("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}})");
    BOOST_TEST(twice.headers.get("Warning") == "299 - \"duplicate field \\\"data.a\\\"\"");
}

BOOST_AUTO_TEST_CASE(server_side_apply_is_refused_in_words) {
    auto answer = call("PATCH", thing("one"), "spec: {size: 1}", "application/apply-patch+yaml");
    BOOST_TEST(answer.status == 501u);
    BOOST_TEST(answer.text("/message").find("server-side apply") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(yaml_is_taken_as_well) {
    auto made = call("POST", things, "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: one}\nspec: {size: 3}\n",
                     "application/yaml");
    BOOST_TEST(made.status == 201u);
    BOOST_TEST(made.text("/spec/size") == "3");
}

BOOST_AUTO_TEST_CASE(a_body_beyond_the_limit_is_refused_with_a_status) {
    auto answer = call("POST", things, std::string(3 * 1024 * 1024 + 1, ' '));
    BOOST_TEST(answer.status == 413u);
    BOOST_TEST(answer.text("/reason") == "RequestEntityTooLarge");
}

BOOST_AUTO_TEST_CASE(discovery_tells_what_is_served) {
    auto core = call("GET", "/api/v1");
    BOOST_TEST(json::serialize(core.body).find("\"pods/status\"") != std::string::npos);
    auto groups = call("GET", "/apis");
    BOOST_TEST(json::serialize(groups.body).find("example.org/v1") != std::string::npos);
    auto aggregated =
        call("GET", "/apis", {}, {}, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");
    BOOST_TEST(aggregated.text("/kind") == "APIGroupDiscoveryList");
    BOOST_TEST(json::serialize(aggregated.body).find("\"resource\":\"things\"") != std::string::npos);
    BOOST_TEST(call("GET", "/nothing").status == 404u);
    BOOST_TEST(call("GET", "/readyz").status == 200u);
}

BOOST_AUTO_TEST_CASE(without_the_token_nothing_is_answered_but_health) {
    stop();
    options.token = "secret";
    serve();
    BOOST_TEST(call("GET", "/api/v1/pods").status == 401u);
    BOOST_TEST(call("GET", "/livez").status == 200u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(api_faults, fixture)

BOOST_AUTO_TEST_CASE(a_refusal_comes_instead_of_the_doing) {
    fault refused;
    status_error busy;
    busy.code = 429;
    busy.reason = "TooManyRequests";
    busy.retry_after_seconds = 3;
    refused.answer = busy;
    faults.script.push_back({"POST " + std::string(things), refused});
    auto answer = make_thing("one");
    BOOST_TEST(answer.status == 429u);
    BOOST_TEST(answer.headers.get("Retry-After") == "3");
    BOOST_TEST(call("GET", thing("one")).status == 404u);
}

BOOST_AUTO_TEST_CASE(an_answer_can_be_lost_after_the_doing) {
    fault lost;
    lost.resets_after = true;
    faults.script.push_back({"POST " + std::string(things), lost});
    BOOST_TEST(make_thing("one").status == 0u);
    BOOST_TEST(call("GET", thing("one")).status == 200u);
}

BOOST_AUTO_TEST_CASE(an_answer_can_be_cut_in_half) {
    make_thing("one");
    fault cut;
    cut.cuts_after = 40;
    faults.script.push_back({"GET " + std::string(things), cut});
    BOOST_TEST(call("GET", things).status == 0u);
    BOOST_TEST(call("GET", things).status == 200u);
    errors.clear();
}

BOOST_AUTO_TEST_CASE(a_watch_can_be_cut_in_the_middle_of_a_line) {
    make_thing("one");
    fault cut;
    cut.cuts_after = 40;
    faults.script.push_back({"GET " + std::string(things), cut});
    auto from = watch(std::string(things) + "?watch=true");
    BOOST_TEST(next(from).starts_with("("));
    BOOST_TEST(from.rest.size() == 40u);
    errors.clear();
}

BOOST_AUTO_TEST_CASE(latency_holds_the_answer) {
    fault slow;
    slow.latency_after = 7s;
    faults.script.push_back({"GET " + std::string(things), slow});
    auto before = rt.now();
    BOOST_TEST(call("GET", things).status == 200u);
    BOOST_TEST((rt.now() - before >= 7s));
}

BOOST_AUTO_TEST_CASE(a_list_can_be_stale) {
    make_thing("one");
    make_thing("two");
    fault stale;
    stale.stale_by = 1;
    faults.script.push_back({"GET " + std::string(things), stale});
    auto answer = call("GET", things);
    BOOST_TEST(answer.text("/items/0/metadata/name") == "one");
    BOOST_TEST(answer.text("/items/1") == "(none)");
}

BOOST_AUTO_TEST_CASE(a_watch_can_be_flooded_with_bookmarks) {
    fault flood;
    flood.bookmark_interval = 10ms;
    faults.script.push_back({"GET " + std::string(things), flood});
    auto from = watch(std::string(things) + "?watch=true&allowWatchBookmarks=true");
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(next(from) == "BOOKMARK");
}

BOOST_AUTO_TEST_SUITE_END()
