#include "controller/feeds.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace core = kh::core;
namespace json = boost::json;

namespace {

struct feed_fixture {
    kh::capture_log log;
    kh::watch_health health{log};
    kh::template_store templates;
    std::vector<core::event> told;
    bool all_synced = true;
    kh::check_feed checks{"khchecks", core::workload::check,
                          templates,  [this](core::event e) { told.push_back(std::move(e)); },
                          health,     [this] { return all_synced; }};
    const k8s::object_key key{"default", "web"};
    const core::check_key check{"default", "web"};

    static json::object object(const char* metadata = "") {
        return json::parse(
                   std::string(R"({"metadata":{"name":"web","namespace":"default","uid":"u")") + metadata +
                   R"(},"spec":{"runInterval":"1m","timeout":"30s","podSpec":{"containers":[{"name":"a","image":"b"}]}}})")
            .as_object();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(feeds)

BOOST_AUTO_TEST_CASE(a_check_is_told_and_its_template_is_kept_until_it_is_gone) {
    feed_fixture f;
    f.checks.applied(f.key, f.object());
    BOOST_TEST(std::get<core::check_applied>(f.told.at(0)).check.uid == "u");
    BOOST_TEST_REQUIRE(f.templates.find(f.check, core::workload::check));
    BOOST_TEST(f.templates.find(f.check, core::workload::check)->find("containers") != std::string::npos);
    BOOST_TEST(!f.templates.find(f.check, core::workload::job));
    f.checks.deleted(f.key, "u", nullptr);
    BOOST_TEST(std::get<core::check_deleted>(f.told.at(1)).uid == "u");
    BOOST_TEST(!f.templates.find(f.check, core::workload::check));
}

BOOST_AUTO_TEST_CASE(a_check_that_is_being_deleted_is_gone_although_a_finalizer_holds_it) {
    feed_fixture f;
    f.checks.applied(f.key, f.object(R"(,"deletionTimestamp":"2026-11-23T00:00:00Z")"));
    BOOST_TEST(std::get<core::check_deleted>(f.told.at(0)).uid == "u");
}

BOOST_AUTO_TEST_CASE(the_sync_is_told_only_when_every_namespace_has_it) {
    feed_fixture f;
    f.all_synced = false;
    f.checks.synced();
    BOOST_TEST(f.told.empty());
    BOOST_TEST(f.checks.is_synced());
    f.all_synced = true;
    f.checks.synced();
    BOOST_TEST((std::get<core::watch_synced>(f.told.at(0)).what == core::watched::checks));
    BOOST_TEST(f.health.all_synced());
}

BOOST_AUTO_TEST_CASE(a_trouble_is_logged_once_and_its_end_as_well) {
    feed_fixture f;
    k8s::api_error error;
    error.code = k8s::errc::forbidden;
    error.http_status = 403;
    error.message = "khchecks is forbidden";
    for (int i = 0; i < 5; ++i)
        f.checks.trouble(&error, std::chrono::seconds(1));
    BOOST_TEST(f.log.count("watch fails and is tried again") == 1u);
    BOOST_TEST(f.health.troubles().at("khchecks").find("khchecks is forbidden") != std::string::npos);
    f.checks.trouble(nullptr, {});
    f.checks.trouble(nullptr, {});
    BOOST_TEST(f.log.count("watch works again") == 1u);
    BOOST_TEST(f.health.troubles().empty());
}

BOOST_AUTO_TEST_SUITE_END()
