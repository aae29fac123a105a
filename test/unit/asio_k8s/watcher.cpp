#include "asio_k8s/watcher.hpp"

#include "asio_k8s/json_access.hpp"
#include "asio_k8s/status.hpp"
#include "proto_http/error.hpp"
#include "support/scripted_client.hpp"
#include "support/test_data.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <set>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace k8s;
using ending = test_support::scripted_client::ending;

namespace {

/// What the layer above hears, as text.
struct listener : watch_handler {
    std::vector<std::string> heard;

    void applied(const object_key& key, const boost::json::object& object) override {
        auto identity = identity_of(object);
        heard.push_back(fmt::format("applied {}/{} {} {}", key.ns, key.name, identity.uid, identity.resource_version));
    }
    void deleted(const object_key& key, std::string_view uid, const boost::json::object* last) override {
        heard.push_back(fmt::format("deleted {}/{} {}{}", key.ns, key.name, uid, last == nullptr ? "" : " with its last state"));
    }
    void synced() override { heard.emplace_back("synced"); }
    void trouble(const api_error* error, proto_http::duration retry_in) override {
        if (error == nullptr)
            heard.emplace_back("recovered");
        else
            heard.push_back(fmt::format("trouble {} in {} ms", error->http_status,
                                        std::chrono::duration_cast<std::chrono::milliseconds>(retry_in).count()));
    }
};

/// One watcher over one script, from its start until nothing more can happen; then it is cancelled.
struct world {
    test_support::fake_runtime rt;
    test_support::scripted_client api{rt};
    listener above;
    watch_settings settings;
    asio::cancellation_signal stop;
    bool ended = false;

    world() {
        settings.what.version = "v1";
        settings.what.plural = "pods";
    }

    void start() {
        auto task = watch(api, settings, above);
        asio::co_spawn(rt.context, std::move(task), asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr failure) {
                           BOOST_TEST(!failure);
                           ended = true;
                       }));
    }

    void cancel() {
        asio::post(rt.context, [this] { stop.emit(asio::cancellation_type::terminal); });
        auto before = rt.now();
        rt.drive([this] { return ended; });
        BOOST_TEST(ended);
        BOOST_TEST((rt.now() == before));
        BOOST_TEST(api.streams_alive == 0U);
    }

    void run() {
        start();
        rt.drive();
        BOOST_TEST(!ended);
        BOOST_TEST(api.verdict() == "");
        cancel();
    }

    void expect(const std::vector<std::string>& lines) const {
        BOOST_TEST(above.heard == lines, boost::test_tools::per_element());
    }
};

std::string object(const std::string& name, const std::string& uid, const std::string& version) {
    return fmt::format(R"({{"metadata":{{"namespace":"n","name":"{}","uid":"{}","resourceVersion":"{}"}}}})", name, uid, version);
}

std::string event(const std::string& type, const std::string& name, const std::string& uid, const std::string& version) {
    return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object(name, uid, version));
}

std::string page(const std::string& version, const std::vector<std::string>& items, const std::string& token = "") {
    return fmt::format(R"({{"kind":"PodList","metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})", version,
                       token, fmt::join(items, ","));
}

const std::string gone_event = test_support::read_test_data("kube-1.36.3/watch/too-old.jsonl");

api_error status(unsigned code) {
    boost::json::object body;
    return error_from_status(body, code);
}

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_watcher)

BOOST_AUTO_TEST_CASE(it_lists_in_pages_then_watches_from_the_lists_version) {
    world w;
    w.settings.ns = "n";
    w.settings.label_selector = "a=b";
    w.settings.page_size = 2;
    w.api
        .answers("/api/v1/namespaces/n/pods?labelSelector=a%3Db&limit=2",
                 page("10", {object("a", "ua", "1"), object("b", "ub", "2")}, "t1"))
        .answers("/api/v1/namespaces/n/pods?labelSelector=a%3Db&limit=2&continue=t1", page("10", {object("c", "uc", "3")}))
        .streams("?watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=240&labelSelector=a%3Db",
                 event("ADDED", "d", "ud", "11") + event("MODIFIED", "a", "ua", "12") + event("DELETED", "b", "ub", "13"),
                 ending::close)
        .streams("resourceVersion=13&", "", ending::silence);
    w.run();
    w.expect({"applied n/a ua 1", "applied n/b ub 2", "applied n/c uc 3", "synced", "applied n/d ud 11", "applied n/a ua 12",
              "deleted n/b ub with its last state"});
    BOOST_TEST(w.api.targets.front() == "/api/v1/namespaces/n/pods?labelSelector=a%3Db&limit=2");
}

BOOST_AUTO_TEST_CASE(every_recorded_change_is_heard_once_and_in_order_whatever_the_pieces_are) {
    auto recorded = test_support::read_test_data("kube-1.36.3/watch/pods-of-every-fate.jsonl");
    std::vector<std::string> expected{"synced"};
    std::string last_version;
    for (std::size_t at = 0; at < recorded.size();) {
        auto end = recorded.find('\n', at);
        auto line = boost::json::parse(recorded.substr(at, end - at)).as_object();
        at = end + 1;
        auto identity = identity_of(line["object"].as_object());
        last_version = identity.resource_version;
        auto type = text_at(line, "type");
        if (type == "DELETED")
            expected.push_back(fmt::format("deleted {}/{} {} with its last state", identity.ns, identity.name, identity.uid));
        else if (type != "BOOKMARK")
            expected.push_back(
                fmt::format("applied {}/{} {} {}", identity.ns, identity.name, identity.uid, identity.resource_version));
    }
    BOOST_REQUIRE(expected.size() > 100U);
    for (std::size_t piece_size : {1U, 7U, 4096U, 65536U}) {
        world w;
        w.api.answers("limit=500", page("261", {}))
            .streams("resourceVersion=261&", recorded, ending::close, piece_size)
            .streams("resourceVersion=" + last_version + "&", "", ending::silence);
        w.run();
        w.expect(expected);
    }
}

BOOST_AUTO_TEST_CASE(a_recorded_list_is_read) {
    world w;
    w.api.answers("limit=500", test_support::read_test_data("kube-1.36.3/objects/pod-list-page-1.json"))
        .answers("continue=eyJ2", test_support::read_test_data("kube-1.36.3/objects/pod-list.json"))
        .streams("watch=true", "", ending::silence);
    w.run();
    BOOST_TEST(w.above.heard.back() == "synced");
    std::set<std::string> distinct(w.above.heard.begin(), w.above.heard.end());
    BOOST_TEST(distinct.size() == w.above.heard.size());
    BOOST_TEST(w.above.heard.size() > 5U);
}

BOOST_AUTO_TEST_CASE(bookmarks_move_the_version_and_are_not_heard) {
    world w;
    w.api.answers("limit=500", page("10", {}))
        .streams(
            "resourceVersion=10&",
            "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"20\"},\"spec\":{\"containers\":null}}}\n",
            ending::close)
        .streams("resourceVersion=20&",
                 "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":null}}\n" + event("ADDED", "a", "ua", "21"), ending::close)
        .streams("resourceVersion=21&", "", ending::silence);
    w.run();
    w.expect({"synced", "applied n/a ua 21"});
}

BOOST_AUTO_TEST_CASE(gone_in_either_shape_lists_again_and_tells_only_what_changed) {
    for (bool as_event : {false, true}) {
        world w;
        w.api.answers("limit=500", page("10", {object("a", "ua", "1"), object("b", "ub", "2"), object("c", "uc", "3")}));
        if (as_event)
            w.api.streams("resourceVersion=10&", gone_event, ending::close);
        else
            w.api.refuses_stream("resourceVersion=10&", status(410));
        w.api.answers("limit=500", page("20", {object("a", "ua", "1"), object("b", "ub", "15"), object("d", "ud", "16")}))
            .streams("resourceVersion=20&", "", ending::silence);
        w.run();
        w.expect({"applied n/a ua 1", "applied n/b ub 2", "applied n/c uc 3", "synced", "applied n/b ub 15", "applied n/d ud 16",
                  "deleted n/c uc", "synced"});
        BOOST_TEST(w.api.targets[2] == "/api/v1/pods?limit=500");
    }
}

BOOST_AUTO_TEST_CASE(a_namesake_is_heard_as_the_end_of_the_old_one_and_a_new_one) {
    world w;
    w.api.answers("limit=500", page("10", {object("a", "u1", "1"), object("b", "u2", "2")}))
        .refuses_stream("resourceVersion=10&", status(410))
        .answers("limit=500", page("20", {object("a", "u3", "15"), object("b", "u2", "2")}))
        .streams("resourceVersion=20&", event("ADDED", "b", "u4", "22") + event("DELETED", "b", "u2", "23"), ending::close)
        .streams("resourceVersion=23&", "", ending::silence);
    w.run();
    w.expect({"applied n/a u1 1", "applied n/b u2 2", "synced", "deleted n/a u1", "applied n/a u3 15", "synced", "deleted n/b u2",
              "applied n/b u4 22"});
}

BOOST_AUTO_TEST_CASE(half_a_line_at_the_end_of_a_stream_is_not_heard_and_comes_again) {
    auto second = event("MODIFIED", "a", "ua", "12");
    for (auto end : {ending::close, ending::reset}) {
        for (std::size_t cut : {std::size_t{1}, second.size() / 2, second.size() - 1}) {
            world w;
            w.api.answers("limit=500", page("10", {}))
                .streams("resourceVersion=10&", event("ADDED", "a", "ua", "11") + second.substr(0, cut), end)
                .streams("resourceVersion=11&", second, ending::silence);
            w.run();
            std::vector<std::string> heard(w.above.heard.begin(), w.above.heard.begin() + 3);
            BOOST_TEST(heard == (std::vector<std::string>{"synced", "applied n/a ua 11", "applied n/a ua 12"}),
                       boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_event_is_left_and_the_watch_goes_on_from_the_last_version) {
    world w;
    w.api.answers("limit=500", page("10", {}))
        .streams("resourceVersion=10&", event("ADDED", "a", "ua", "11") + "<html>\n" + event("ADDED", "never", "un", "12"),
                 ending::close)
        .streams("resourceVersion=11&", event("ADDED", "b", "ub", "12"), ending::close)
        .streams("resourceVersion=12&", "", ending::silence);
    w.run();
    w.expect({"synced", "applied n/a ua 11", "trouble 0 in 400 ms", "applied n/b ub 12", "recovered"});
}

BOOST_AUTO_TEST_CASE(a_line_over_the_limit_lists_again_at_the_third_time) {
    world w;
    w.settings.line_size_max = 200;
    auto huge = event("ADDED", std::string(300, 'x'), "ux", "11");
    w.api.answers("limit=500", page("10", {}))
        .streams("resourceVersion=10&", huge, ending::close, 50)
        .streams("resourceVersion=10&", huge, ending::close, 1000)
        .streams("resourceVersion=10&", huge, ending::close, 1000)
        .answers("limit=500", page("11", {object("x", "ux", "11")}))
        .streams("resourceVersion=11&", "", ending::silence);
    w.run();
    // The quiet stream that lives for its whole time is the sign of health.
    w.expect({"synced", "trouble 0 in 400 ms", "trouble 0 in 800 ms", "trouble 0 in 1600 ms", "applied n/x ux 11", "synced",
              "recovered"});
}

BOOST_AUTO_TEST_CASE(silence_beyond_the_servers_time_is_the_end_of_the_stream) {
    world w;
    w.api.answers("limit=500", page("10", {}))
        .streams("resourceVersion=10&", "", ending::silence)
        .streams("resourceVersion=10&", "", ending::silence);
    w.start();
    auto begun = w.rt.now();
    w.rt.drive([&] { return w.api.targets.size() == 3; });
    BOOST_TEST((w.rt.now() - begun == 245s));
    w.expect({"synced"});
    w.cancel();
}

BOOST_AUTO_TEST_CASE(an_api_server_that_is_away_is_waited_for) {
    world w;
    auto away = make_api_error(proto_http::errc::connect_failed);
    auto throttled = status(429);
    throttled.retry_after = 3s;
    w.api.fails("limit=500", away)
        .fails("limit=500", status(503))
        .fails("limit=500", throttled)
        .answers("limit=500", page("10", {object("a", "ua", "1")}))
        .refuses_stream("resourceVersion=10&", away)
        .streams("resourceVersion=10&", event("ADDED", "b", "ub", "11"), ending::close)
        .streams("resourceVersion=11&", "", ending::silence);
    w.run();
    w.expect({"trouble 0 in 400 ms", "trouble 503 in 800 ms", "trouble 429 in 3000 ms", "applied n/a ua 1", "recovered", "synced",
              "trouble 0 in 1600 ms", "recovered", "applied n/b ub 11"});
}

BOOST_AUTO_TEST_CASE(a_list_that_breaks_off_between_pages_is_not_synced_and_vanished_objects_of_it_are_told_at_the_end) {
    world w;
    w.api.answers("limit=500", page("10", {object("a", "ua", "1")}, "t1"))
        .fails("continue=t1", status(410))
        .answers("limit=500", page("20", {object("b", "ub", "2")}))
        .streams("resourceVersion=20&", "", ending::silence);
    w.run();
    w.expect({"applied n/a ua 1", "applied n/b ub 2", "deleted n/a ua", "synced"});
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_no_list_is_trouble) {
    for (auto body : {"null", "[]", "{}", R"({"kind":"Status","metadata":{}})", R"({"kind":"PodList","items":[]})"}) {
        world w;
        w.api.answers("limit=500", body).answers("limit=500", page("10", {})).streams("resourceVersion=10&", "", ending::silence);
        w.run();
        w.expect({"trouble 0 in 400 ms", "recovered", "synced"});
    }
}

BOOST_AUTO_TEST_CASE(a_list_of_null_items_is_empty) {
    world w;
    w.api.answers("limit=500", R"({"kind":"PodList","metadata":{"resourceVersion":"10"},"items":null})")
        .streams("resourceVersion=10&", "", ending::silence);
    w.run();
    w.expect({"synced"});
}

BOOST_AUTO_TEST_CASE(an_error_event_is_not_taken_for_an_object) {
    world w;
    w.api.answers("limit=500", page("10", {}))
        .streams("resourceVersion=10&",
                 "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"\"},"
                 "\"code\":500}}\n",
                 ending::close)
        .streams("resourceVersion=10&", "", ending::silence);
    w.run();
    BOOST_REQUIRE(w.above.heard.size() >= 2U);
    BOOST_TEST(w.above.heard[1] == "trouble 500 in 400 ms");
}

BOOST_AUTO_TEST_CASE(a_cancel_ends_it_at_every_wait) {
    // Once at each step of a script that has every kind of wait, and once after each of its handlers.
    for (std::size_t steps = 0; steps < 400; ++steps) {
        world w;
        w.api.fails("limit=500", status(503))
            .answers("limit=500", page("10", {object("a", "ua", "1")}, "t1"))
            .answers("continue=t1", page("10", {object("b", "ub", "1")}))
            .refuses_stream("watch=true", status(500))
            .streams("watch=true", event("ADDED", "c", "uc", "11"), ending::silence, 20, 1s);
        w.start();
        std::size_t done = 0;
        w.rt.drive([&] { return ++done > steps; });
        w.cancel();
    }
}

BOOST_AUTO_TEST_SUITE_END()
