// asio_k8s against a server that is there: asio_k8s_conformance [Boost.Test options] -- KUBECONFIG NAMESPACE
//
// Run by test/integration/test_conformance_client.py against the real API server and against the embedded one.

#define BOOST_TEST_MODULE asio_k8s_conformance

#include "asio_k8s/client.hpp"
#include "asio_k8s/json_access.hpp"
#include "asio_k8s/line_splitter.hpp"
#include "asio_k8s/status.hpp"
#include "asio_k8s/watch_event.hpp"
#include "asio_k8s/watcher.hpp"
#include "support/loop_fixture.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

const k8s::resource states{"comcast.github.io", "v1", "khstates", true};
const k8s::resource config_maps{"", "v1", "configmaps", true};

/// What a watcher told, one text each: "applied NAME LABEL", "deleted NAME", "synced", "trouble".
struct recorder : k8s::watch_handler {
    std::vector<std::string> told;

    void applied(const k8s::object_key& key, const json::object& object) override {
        auto* labels = k8s::object_at(*k8s::object_at(object, "metadata"), "labels");
        auto step = labels != nullptr ? k8s::text_at(*labels, "step") : std::string_view();
        told.push_back(fmt::format("applied {} {}", key.name, step));
    }
    void deleted(const k8s::object_key& key, std::string_view, const json::object*) override {
        told.push_back("deleted " + key.name);
    }
    void synced() override { told.push_back("synced"); }
    void trouble(const k8s::api_error* error, proto_http::duration) override {
        told.push_back(error == nullptr ? "recovered" : "trouble " + error->text());
    }
};

template <class T>
std::string said(const k8s::api_result<T>& answer) {
    return answer.has_error() ? answer.error().text() : std::string();
}

class server_fixture : public test_support::system_fixture {
public:
    server_fixture() {
        const auto& suite = boost::unit_test::framework::master_test_suite();
        BOOST_TEST_REQUIRE(suite.argc == 3, "wanted: -- KUBECONFIG NAMESPACE");
        ns = suite.argv[2];
        k8s::config_options from;
        from.kubeconfig = suite.argv[1];
        auto config = k8s::load_cluster_config(*rt, from);
        BOOST_TEST_REQUIRE(config.has_value(), said(config));
        auto made = k8s::client::make(*rt, *config);
        BOOST_TEST_REQUIRE(made.has_value());
        api = std::move(*made);
    }

    k8s::object_key key(std::string name) const { return {ns, std::move(name)}; }

    static std::string state(std::string_view name, std::string_view step = "0", std::string_view version = "") {
        auto in_metadata = version.empty() ? "" : fmt::format(R"(,"resourceVersion":"{}")", version);
        return fmt::format(R"({{"apiVersion":"comcast.github.io/v1","kind":"KuberhealthyState",
            "metadata":{{"name":"{}","labels":{{"step":"{}"}}{}}},
            "spec":{{"OK":true,"Errors":[],"RunDuration":"1s","Namespace":"a","Node":"n","AuthoritativePod":"p","uuid":"u"}}}})",
                           name, step, in_metadata);
    }

    static std::string label_patch(std::string_view step) {
        return fmt::format(R"({{"metadata":{{"labels":{{"step":"{}"}}}}}})", step);
    }

    k8s::api_result<k8s::json_document> call(proto_http::request what) { return run(api->call(std::move(what))); }

    json::object ok(proto_http::request what) {
        auto answer = call(std::move(what));
        BOOST_TEST_REQUIRE(answer.has_value(), said(answer));
        return answer->value().is_object() ? json::object(answer->value().as_object(), json::storage_ptr()) : json::object();
    }

    k8s::api_error refused(proto_http::request what) {
        auto answer = call(std::move(what));
        BOOST_TEST_REQUIRE(answer.has_error());
        return answer.error();
    }

    json::object create(std::string_view name) { return ok(k8s::create_request(states, ns, state(name))); }
    void relabel(std::string_view name, std::string_view step) {
        ok(k8s::merge_patch_request(states, key(std::string(name)), label_patch(step)));
    }
    void remove(std::string_view name) { ok(k8s::delete_request(states, key(std::string(name)), {})); }

    /// Opens a watch and reads its events until `enough`.
    template <class Enough>
    void read_watch(proto_http::request what, Enough enough) {
        auto stream = run(api->open(std::move(what)));
        BOOST_TEST_REQUIRE(stream.has_value(), said(stream));
        k8s::line_splitter lines(1024 * 1024);
        k8s::watch_event_parser parser;
        while (true) {
            auto piece = run((*stream)->read(rt->now() + 20s));
            BOOST_TEST_REQUIRE(piece.has_value(), "the watch broke");
            BOOST_TEST_REQUIRE(!piece->empty(), "the watch ended");
            lines.feed(*piece);
            while (auto line = lines.next()) {
                auto event = parser.parse(*line);
                BOOST_TEST_REQUIRE(event.has_value(), std::string(*line));
                if (enough(*event))
                    return;
            }
        }
    }

    std::string ns;
    std::unique_ptr<k8s::client> api;
};

/// A watcher of the states of one case, from construction until stop().
struct running_watcher {
    running_watcher(server_fixture& of, std::string case_name, std::chrono::seconds timeout = 240s)
        : fixture(of), task(fixture.start(k8s::watch(*of.api, settings(of, std::move(case_name), timeout), heard))) {}

    static k8s::watch_settings settings(server_fixture& of, std::string field, std::chrono::seconds timeout) {
        k8s::watch_settings made;
        made.what = states;
        made.ns = of.ns;
        made.field_selector = std::move(field);
        made.page_size = 2;
        made.timeout_min = made.timeout_max = timeout;
        return made;
    }

    /// Waits until it was told.
    void hears(const std::string& what) {
        auto heard_it = [&] { return std::find(heard.told.begin(), heard.told.end(), what) != heard.told.end(); };
        BOOST_TEST_REQUIRE(fixture.run_until(heard_it), what << " was not told");
    }

    void stop() {
        task.cancel();
        fixture.run_until([&] { return task.is_done(); });
    }

    server_fixture& fixture;
    recorder heard;
    test_support::started<bool> task;
};

std::string version_of(const json::object& object) {
    return std::string(k8s::identity_of(object).resource_version);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(calls, server_fixture)

BOOST_AUTO_TEST_CASE(an_object_is_created_read_changed_and_deleted) {
    auto made = create("whole");
    BOOST_TEST(k8s::identity_of(made).ns == ns);
    BOOST_TEST((ok(k8s::get_request(states, key("whole"))) == made));

    auto replaced = ok(k8s::replace_request(states, key("whole"), state("whole", "1", version_of(made))));
    BOOST_TEST(version_of(replaced) != version_of(made));
    BOOST_TEST(k8s::identity_of(replaced).uid == k8s::identity_of(made).uid);

    auto patched = ok(k8s::merge_patch_request(states, key("whole"), R"({"spec":{"OK":false}})"));
    BOOST_TEST(patched.at("spec").at("OK").as_bool() == false);
    BOOST_TEST(patched.at("metadata").at("labels").at("step").as_string() == "1");

    k8s::delete_options options;
    options.uid = k8s::identity_of(made).uid;
    options.resource_version = version_of(patched);
    ok(k8s::delete_request(states, key("whole"), options));
    BOOST_TEST((refused(k8s::get_request(states, key("whole"))).code == k8s::errc::not_found));
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_a_typed_error) {
    auto made = create("refused");
    relabel("refused", "1");
    k8s::delete_options of_another, of_before;
    of_another.uid = "00000000-0000-4000-8000-000000000000";
    of_before.resource_version = version_of(made);
    k8s::list_options odd_selector, forgotten;
    odd_selector.label_selector = "a===b";
    auto huge = state("huge");
    huge.insert(huge.find("\"p\"") + 1, std::string(4 << 20, 'x'));
    auto wrong_type = state("wrong");
    wrong_type.replace(wrong_type.find("true"), 4, "\"yes\"");
    auto strategic = k8s::merge_patch_request(states, key("refused"), label_patch("2"));
    strategic.headers.set("Content-Type", "application/strategic-merge-patch+json");

    struct row {
        const char* what;
        proto_http::request request;
        k8s::errc code;
        unsigned status;
        const char* reason;
    };
    std::vector<row> table;
    auto add = [&](const char* what, proto_http::request request, k8s::errc code, unsigned status, const char* reason) {
        table.push_back({what, std::move(request), code, status, reason});
    };
    add("not there", k8s::get_request(states, key("none")), k8s::errc::not_found, 404, "NotFound");
    add("already there", k8s::create_request(states, ns, state("refused")), k8s::errc::already_exists, 409, "AlreadyExists");
    add("a stale replacement", k8s::replace_request(states, key("refused"), state("refused", "2", version_of(made))),
        k8s::errc::conflict, 409, "Conflict");
    add("a stale patch",
        k8s::merge_patch_request(
            states, key("refused"),
            fmt::format(R"({{"metadata":{{"resourceVersion":"{}","labels":{{"a":"b"}}}}}})", version_of(made))),
        k8s::errc::conflict, 409, "Conflict");
    add("a delete of another uid", k8s::delete_request(states, key("refused"), of_another), k8s::errc::conflict, 409, "Conflict");
    add("a delete of a version of before", k8s::delete_request(states, key("refused"), of_before), k8s::errc::conflict, 409,
        "Conflict");
    add("a wrong type", k8s::create_request(states, ns, wrong_type), k8s::errc::invalid, 422, "Invalid");
    add("no JSON", k8s::create_request(states, ns, "{"), k8s::errc::bad_request, 400, "BadRequest");
    add("a selector that does not parse", k8s::list_request(states, ns, odd_selector), k8s::errc::bad_request, 400, "BadRequest");
    add("a kind of patch that it does not take", std::move(strategic), k8s::errc::unsupported, 415, "UnsupportedMediaType");
    add("four megabytes", k8s::create_request(states, ns, huge), k8s::errc::too_large, 413, "RequestEntityTooLarge");

    for (auto& one : table) {
        BOOST_TEST_CONTEXT(one.what) {
            auto error = refused(std::move(one.request));
            BOOST_TEST((error.code == one.code), error.text());
            BOOST_TEST(error.http_status == one.status);
            BOOST_TEST(error.reason == one.reason);
            BOOST_TEST(!error.message.empty());
        }
    }
    remove("refused");
}

BOOST_AUTO_TEST_CASE(a_list_comes_in_pages_of_one_version) {
    for (auto name : {"page-a", "page-b", "page-c", "page-d", "page-e"})
        create(name);
    k8s::list_options options;
    options.limit = 2;
    std::vector<std::string> names;
    std::set<std::string> versions;
    unsigned pages = 0;
    do {
        auto page = ok(k8s::list_request(states, ns, options));
        for (auto& item : page.at("items").as_array())
            names.emplace_back(k8s::identity_of(item.as_object()).name);
        const auto& metadata = page.at("metadata").as_object();
        versions.emplace(k8s::text_at(metadata, "resourceVersion"));
        options.continue_token = k8s::text_at(metadata, "continue");
        ++pages;
    } while (!options.continue_token.empty());
    BOOST_TEST(pages == 3u);
    BOOST_TEST(versions.size() == 1u);
    BOOST_TEST(names == std::vector<std::string>({"page-a", "page-b", "page-c", "page-d", "page-e"}),
               boost::test_tools::per_element());
    for (auto& name : names)
        remove(name);
}

BOOST_AUTO_TEST_CASE(a_core_kind_is_no_different) {
    ok(k8s::create_request(config_maps, ns, R"({"metadata":{"name":"core"},"data":{"a":"1"}})"));
    auto changed = ok(k8s::merge_patch_request(config_maps, key("core"), R"({"data":{"a":null,"b":"2"}})"));
    BOOST_TEST((changed.at("data") == json::value{{"b", "2"}}));
    ok(k8s::delete_request(config_maps, key("core"), {}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(watches, server_fixture)

BOOST_AUTO_TEST_CASE(a_watcher_lists_in_pages_and_then_tells_each_change_once) {
    for (auto name : {"w-a", "w-b", "w-c"})
        create(name);
    running_watcher watcher(*this, "");
    watcher.hears("synced");
    create("w-d");
    relabel("w-a", "1");
    relabel("w-a", "2");
    remove("w-b");
    watcher.hears("deleted w-b");
    watcher.stop();
    BOOST_TEST(watcher.heard.told == std::vector<std::string>({"applied w-a 0", "applied w-b 0", "applied w-c 0", "synced",
                                                               "applied w-d 0", "applied w-a 1", "applied w-a 2", "deleted w-b"}),
               boost::test_tools::per_element());
    for (auto name : {"w-a", "w-c", "w-d"})
        remove(name);
}

BOOST_AUTO_TEST_CASE(a_watch_that_ends_is_taken_up_where_it_ended) {
    create("again");
    running_watcher watcher(*this, "metadata.name=again", 1s);
    std::vector<std::string> expected{"applied again 0", "synced"};
    watcher.hears("synced");
    for (int step = 1; step <= 6; ++step) {
        relabel("again", std::to_string(step));
        expected.push_back(fmt::format("applied again {}", step));
        auto until = rt->now() + 500ms; // so that the watches of a second end in between
        run_until([&] { return rt->now() >= until; });
    }
    remove("again");
    expected.push_back("deleted again");
    watcher.hears("deleted again");
    watcher.stop();
    // A watch of one second may seem to end a moment early, which counts as trouble; what is told of the object is the same.
    std::erase_if(watcher.heard.told, [](const std::string& one) { return one.starts_with("trouble") || one == "recovered"; });
    BOOST_TEST(watcher.heard.told == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_watch_from_a_forgotten_version_is_gone) {
    create("gone");
    for (int step = 0; step < 210; ++step) // more than the embedded server remembers here
        relabel("gone", std::to_string(step));
    k8s::watch_options options;
    options.resource_version = "1";
    read_watch(k8s::watch_request(states, ns, options), [&](const k8s::watch_event& event) {
        BOOST_TEST_REQUIRE((event.kind == k8s::watch_event_kind::error));
        auto error = k8s::error_from_status(*event.object);
        BOOST_TEST((error.code == k8s::errc::gone), error.text());
        return true;
    });
    remove("gone");
}

BOOST_AUTO_TEST_CASE(bookmarks_are_understood) {
    auto made = create("marked");
    k8s::watch_options options;
    auto what = k8s::watch_request(states, ns, options);
    what.target += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dmarked";
    std::vector<std::string> seen;
    read_watch(std::move(what), [&](const k8s::watch_event& event) {
        auto identity = k8s::identity_of(*event.object);
        if (event.kind == k8s::watch_event_kind::bookmark) {
            BOOST_TEST(std::stoull(std::string(identity.resource_version)) >= std::stoull(version_of(made)));
            return true;
        }
        BOOST_TEST((event.kind == k8s::watch_event_kind::added));
        seen.emplace_back(identity.name);
        return false;
    });
    BOOST_TEST(seen == std::vector<std::string>{"marked"}, boost::test_tools::per_element());
    remove("marked");
}

BOOST_AUTO_TEST_SUITE_END()
