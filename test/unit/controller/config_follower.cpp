#include "controller/config_follower.hpp"

#include "proto_http/error.hpp"
#include "proto_http/event.hpp"
#include "support/fake_runtime.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;

namespace {

const std::string path(kh::default_config_path);

/// Changes that a test tells.
class told_changes final : public proto_http::file_changes {
public:
    explicit told_changes(proto_http::event& told) : told_(told) {}

    boost::asio::awaitable<proto_http::result<void>> next() override {
        if (const auto error = co_await told_.wait())
            co_return error;
        told_.reset();
        if (fails)
            co_return proto_http::errc::closed;
        co_return proto_http::result<void>();
    }

    bool fails = false;

private:
    proto_http::event& told_;
};

struct follower_fixture {
    test_support::fake_runtime rt;
    kh::capture_log log;
    kh::command_line arguments;
    std::vector<kh::settings> applied;
    std::optional<kh::config_follower> follower;

    void start(const std::string& yaml) {
        rt.files[path] = yaml;
        start();
    }
    void start() {
        auto loaded = kh::load_settings(rt, arguments);
        BOOST_REQUIRE_MESSAGE(loaded.value, loaded.error);
        follower.emplace(rt, log, arguments, std::move(loaded),
                         [this](const kh::settings& wanted) { applied.push_back(wanted); });
    }
    void change(const std::string& yaml) {
        rt.files[path] = yaml;
        follower->reload();
    }
    std::string last_line() const { return log.lines().empty() ? "" : log.lines().back().message; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(config_follower, follower_fixture)

BOOST_AUTO_TEST_CASE(each_key_that_can_change_is_applied_and_named) {
    const struct {
        const char* yaml;
        const char* key;
        bool (*is_in)(const kh::settings& value);
    } table[] = {
        {"logLevel: debug", "logLevel", [](const kh::settings& s) { return s.level == kh::log_level::debug; }},
        {"eventsForRunStarts: true", "eventsForRunStarts", [](const kh::settings& s) { return s.run_start_events; }},
        {"maxKHJobAge: 1h", "maxKHJobAge", [](const kh::settings& s) { return s.job_age_max == 1h; }},
        {"maxCheckPodAge: 1h", "maxCheckPodAge", [](const kh::settings& s) { return s.check_pod_age_max == 1h; }},
        {"maxCompletedPodCount: 1", "maxCompletedPodCount", [](const kh::settings& s) { return s.completed_pods_max == 1; }},
        {"maxErrorPodCount: 1", "maxErrorPodCount", [](const kh::settings& s) { return s.error_pods_max == 1; }},
        {"stateMetadata: {a: b}", "stateMetadata", [](const kh::settings& s) { return s.board.metadata.has_value(); }},
        {"promMetricsConfig: {suppressErrorLabel: true}", "promMetricsConfig",
         [](const kh::settings& s) { return s.board.suppress_error_label; }},
        {"promMetricsConfig: {errorLabelMaxLength: 9}", "promMetricsConfig",
         [](const kh::settings& s) { return s.board.error_label_size_max == 9; }},
        {"{enableInflux: true, influxURL: 'http://i:8086', influxDB: kh, influxUsername: me, influxPassword: pw}",
         "enableInflux influxURL influxDB influxUsername influxPassword",
         [](const kh::settings& s) { return s.influx.enabled && s.influx.url == "http://i:8086"; }},
        {"reportsWithoutHeader: false", "reportsWithoutHeader", [](const kh::settings& s) { return !s.reports_without_header; }},
        {"maxStartsPerSecond: 3", "maxStartsPerSecond", [](const kh::settings& s) { return s.starts_per_second_max == 3; }},
        {"shutdownDelay: 0s", "shutdownDelay", [](const kh::settings& s) { return s.shutdown_delay == 0s; }},
    };
    start("");
    for (const auto& row : table) {
        change("");
        applied.clear();
        log.clear();
        change(row.yaml);
        BOOST_TEST_REQUIRE(applied.size() == 1u, row.yaml);
        BOOST_TEST(row.is_in(applied[0]), row.yaml);
        BOOST_TEST(last_line() == "configuration read again");
        BOOST_TEST(log.lines().back().fields.at("changed") == row.key);
        BOOST_TEST(follower->complaints().empty());
    }
}

BOOST_AUTO_TEST_CASE(what_says_the_same_changes_nothing_and_is_no_news) {
    start("maxErrorPodCount: 2 # two");
    change("# moved\nmaxErrorPodCount: 2\nmaxKHJobAge: 15m");
    BOOST_TEST(applied.empty());
    BOOST_TEST(log.lines().empty());
    BOOST_TEST(follower->is_successful());
}

BOOST_AUTO_TEST_CASE(a_bad_file_changes_nothing_at_all_and_is_told_once) {
    start("maxErrorPodCount: 2");
    const auto before = follower->last_success();
    rt.run_for(10s);
    for (int i = 0; i < 2; ++i)
        change("maxErrorPodCount: 3\nmaxKHJobAge: -5m");
    BOOST_TEST(applied.empty());
    BOOST_TEST(!follower->is_successful());
    BOOST_TEST((follower->last_success() == before));
    BOOST_TEST(log.lines().size() == 1u);
    BOOST_TEST(last_line() == "configuration refused; the running one stays");
    BOOST_TEST(log.lines()[0].fields.at("error") == path + ": maxKHJobAge: must not be negative");
    BOOST_TEST(follower->complaints() == std::vector<std::string>{"configuration refused: " + path +
                                                                  ": maxKHJobAge: must not be negative; the running "
                                                                  "configuration stays"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_good_file_after_a_bad_one_is_taken_and_the_complaint_goes) {
    start("maxErrorPodCount: 2");
    change("maxErrorPodCount: [");
    rt.run_for(10s);
    change("maxErrorPodCount: 3");
    BOOST_TEST(applied.size() == 1u);
    BOOST_TEST(applied[0].error_pods_max == 3u);
    BOOST_TEST(follower->is_successful());
    BOOST_TEST(follower->complaints().empty());
    BOOST_TEST((follower->last_success() == rt.wall_now()));
}

BOOST_AUTO_TEST_CASE(the_old_file_after_a_bad_one_applies_nothing_but_ends_the_complaint) {
    start("maxErrorPodCount: 2");
    change("maxErrorPodCount: [");
    log.clear();
    change("maxErrorPodCount: 2");
    BOOST_TEST(applied.empty());
    BOOST_TEST(follower->is_successful());
    BOOST_TEST(last_line() == "configuration read again");
}

BOOST_AUTO_TEST_CASE(what_needs_a_restart_says_so_and_the_rest_is_applied) {
    start("listenAddress: ':8080'");
    change("listenAddress: ':9090'\nnamespace: team\nleaderElection: false\nmaxErrorPodCount: 1");
    BOOST_TEST_REQUIRE(applied.size() == 1u);
    BOOST_TEST(applied[0].error_pods_max == 1u);
    BOOST_TEST(applied[0].listen.port == 8080);
    BOOST_TEST(applied[0].target_namespaces.empty());
    BOOST_TEST(applied[0].leader_election);
    BOOST_TEST(follower->is_successful());
    BOOST_TEST(follower->complaints() ==
                   (std::vector<std::string>{path + ": listenAddress: needs a restart; until then the old value is used",
                                             path + ": namespace: needs a restart; until then the old value is used",
                                             path + ": leaderElection: needs a restart; until then the old value is used"}),
               boost::test_tools::per_element());
    change("maxErrorPodCount: 1\nlistenAddress: ':8080'");
    BOOST_TEST(follower->complaints().empty());
}

BOOST_AUTO_TEST_CASE(a_flag_still_outranks_the_file) {
    arguments.debug = true;
    arguments.listen = "127.0.0.1:9000";
    start("");
    change("logLevel: error\nlistenAddress: ':9090'");
    BOOST_TEST(applied.empty());
    BOOST_TEST(follower->complaints().empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_goes_away_is_a_bad_one) {
    start("maxErrorPodCount: 2");
    rt.files.clear();
    follower->reload();
    BOOST_TEST(applied.empty());
    BOOST_TEST(follower->complaints() ==
                   std::vector<std::string>{"configuration refused: " + path +
                                            ": it cannot be read any more; the running configuration stays"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_file_that_comes_is_taken) {
    start();
    follower->reload();
    BOOST_TEST(applied.empty());
    BOOST_TEST(follower->complaints().empty());
    change("maxErrorPodCount: 2");
    BOOST_TEST(applied.size() == 1u);
    rt.files.clear();
    follower->reload();
    BOOST_TEST(!follower->is_successful());
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_ignored_with_a_warning_and_the_others_are_applied) {
    start("");
    change("jobCleanupDuration: 1m\nMAXERRORPODCOUNT: 1\nmaxErrorPodCount: 2");
    BOOST_TEST(follower->is_successful());
    BOOST_TEST_REQUIRE(applied.size() == 1u);
    BOOST_TEST(applied[0].error_pods_max == 2u);
    BOOST_TEST(log.count("configuration") == 2u);
    BOOST_TEST(log.lines()[1].fields.at("warning") ==
               path + ": MAXERRORPODCOUNT: unknown key, ignored; the key is maxErrorPodCount");
}

BOOST_AUTO_TEST_CASE(the_password_is_in_no_line) {
    start("");
    change("{enableInflux: true, influxURL: 'http://i:8086', influxDB: kh, influxPassword: first-secret}");
    change("{enableInflux: true, influxURL: 'http://i:8086', influxDB: kh, influxPassword: [second-secret]}");
    change("{enableInflux: true, influxURL: 'http://me:third-secret@', influxDB: kh}");
    BOOST_TEST(applied.size() == 1u);
    for (const auto& line : log.lines())
        for (const auto& [name, value] : line.fields)
            BOOST_TEST(value.find("-secret") == std::string::npos, value);
    BOOST_TEST(follower->complaints()[0].find("-secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(it_reads_after_each_change_until_it_is_cancelled) {
    start("");
    proto_http::event told(rt);
    boost::asio::cancellation_signal cancel;
    bool is_done = false;
    boost::asio::co_spawn(rt.context, follower->run(std::make_unique<told_changes>(told)),
                          boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr) { is_done = true; }));
    for (unsigned count : {1u, 2u}) {
        rt.files[path] = "maxErrorPodCount: " + std::to_string(count);
        told.set();
        rt.drive();
        BOOST_TEST(applied.size() == count);
    }
    boost::asio::post(rt.context, [&] { cancel.emit(boost::asio::cancellation_type::terminal); });
    rt.drive();
    BOOST_TEST(is_done);
}

BOOST_AUTO_TEST_CASE(the_end_of_all_news_is_said) {
    start("");
    proto_http::event told(rt);
    auto changes = std::make_unique<told_changes>(told);
    changes->fails = true;
    told.set();
    bool is_done = false;
    boost::asio::co_spawn(rt.context, follower->run(std::move(changes)), [&](std::exception_ptr) { is_done = true; });
    rt.drive();
    BOOST_TEST(is_done);
    BOOST_TEST(log.count("the configuration file is not followed any more") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
