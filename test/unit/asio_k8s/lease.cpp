#include "asio_k8s/lease.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

namespace json = boost::json;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(k8s_lease)

BOOST_AUTO_TEST_CASE(a_lease_of_client_go_is_read) {
    // As client-go 0.36 leaves it, with the fields of coordinated election that we do not use.
    const auto object = json::parse(R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease",
        "metadata":{"name":"kuberhealthy","namespace":"n","resourceVersion":"812","uid":"u"},
        "spec":{"holderIdentity":"kuberhealthy-7d-abc_1c0e","leaseDurationSeconds":15,"acquireTime":"2026-11-23T13:54:43.123456Z",
                "renewTime":"2026-11-23T13:55:01.000001Z","leaseTransitions":3,"strategy":"OldestEmulationVersion"}})");
    const k8s::lease_record record = k8s::parse_lease(object.as_object());
    BOOST_TEST(record.holder == "kuberhealthy-7d-abc_1c0e");
    BOOST_TEST((record.duration == 15s));
    BOOST_TEST(record.acquire_time == "2026-11-23T13:54:43.123456Z");
    BOOST_TEST(record.renew_time == "2026-11-23T13:55:01.000001Z");
    BOOST_TEST(record.transitions == 3);
    BOOST_TEST(record.resource_version == "812");
}

BOOST_AUTO_TEST_CASE(objects_of_any_shape_are_survived) {
    for (const char* text : {"{}", R"({"spec":7})", R"({"spec":{"holderIdentity":1,"leaseDurationSeconds":"15"}})",
                             R"({"metadata":[],"spec":{"holderIdentity":null}})"}) {
        const k8s::lease_record record = k8s::parse_lease(json::parse(text).as_object());
        BOOST_TEST(record.holder == "", text);
        BOOST_TEST((record.duration == 0s), text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
    k8s::lease_record record{"me", 15s, "2026-11-23T13:54:43.123456Z", "2026-11-23T13:55:01.000001Z", 4, ""};
    const auto created = json::parse(k8s::lease_create_body({"n", "l"}, record)).as_object();
    BOOST_TEST((k8s::parse_lease(created) == record));
    BOOST_TEST(created.at("apiVersion").as_string() == "coordination.k8s.io/v1");
    BOOST_TEST(created.at("metadata").at("name").as_string() == "l");
    BOOST_TEST(created.at("metadata").at("namespace").as_string() == "n");

    const auto patched = json::parse(k8s::lease_patch_body(record, "7")).as_object();
    record.resource_version = "7";
    BOOST_TEST((k8s::parse_lease(patched) == record));
}

BOOST_AUTO_TEST_CASE(times_have_microseconds) {
    const auto at = [](std::chrono::nanoseconds since) { return k8s::format_micro_time(proto_http::wall_time(since)); };
    BOOST_TEST(at(0ns) == "1970-01-01T00:00:00.000000Z");
    BOOST_TEST(at(1'795'442'080s + 123'456'789ns) == "2026-11-23T13:54:40.123456Z");
    BOOST_TEST(at(-1ns) == "1969-12-31T23:59:59.999999Z");
}

BOOST_AUTO_TEST_SUITE_END()
