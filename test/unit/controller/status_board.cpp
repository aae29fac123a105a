#include "controller/status_board.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

using kh::board_entry;
using kh::board_globals;
using kh::freshness;
using kh::status_board;
using kh::core::outcome;
using kh::core::workload;

namespace {

board_entry entry_of(const std::string& ns, const std::string& name, bool ok = true, std::vector<std::string> errors = {}) {
    board_entry entry;
    entry.key = {ns, name};
    entry.fresh = freshness::current;
    entry.how = ok ? outcome::passed : outcome::failed;
    entry.state.emplace();
    entry.state->key = entry.key;
    entry.state->ok = ok;
    entry.state->errors = std::move(errors);
    entry.state->run_duration = "2.43940936s";
    entry.state->node = "node-1";
    entry.state->last_run = 1647992044;
    entry.state->authoritative_pod = "kuberhealthy-67bf8c4686-mbl2j";
    entry.state->run_id = "c85f95cb-87e2-4ff5-b513-e02b3d25973a";
    return entry;
}

board_globals led_by(const std::string& master) {
    board_globals globals;
    globals.current_master = master;
    return globals;
}

std::string status_of(status_board& board, std::string_view namespaces = {}) {
    return *board.status_json(led_by("m"), namespaces);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(status_pages)

// The sample of v2's reference, byte for byte.
BOOST_AUTO_TEST_CASE(the_status_document_is_v2_s) {
    status_board board;
    board.update(entry_of("kuberhealthy", "dns-status-internal"));
    BOOST_TEST(*board.status_json(led_by("kuberhealthy-67bf8c4686-mbl2j")) == R"({
  "OK": true,
  "Errors": [],
  "CheckDetails": {
    "kuberhealthy/dns-status-internal": {
      "OK": true,
      "Errors": [],
      "RunDuration": "2.43940936s",
      "Namespace": "kuberhealthy",
      "Node": "node-1",
      "LastRun": "2022-03-22T23:34:04Z",
      "AuthoritativePod": "kuberhealthy-67bf8c4686-mbl2j",
      "uuid": "c85f95cb-87e2-4ff5-b513-e02b3d25973a"
    }
  },
  "JobDetails": {},
  "CurrentMaster": "kuberhealthy-67bf8c4686-mbl2j"
})");
}

BOOST_AUTO_TEST_CASE(errors_jobs_and_escapes_are_written_as_go_writes_them) {
    status_board board;
    board.update(entry_of("ns", "b", false, {"a <b> & \"c\" \\ /\n\t\x01\x7f \u2028\u2029 \u00e4\U0001F600 \xff", " ", "last"}));
    auto job = entry_of("ns", "a", false, {"job failed"});
    job.kind = workload::job;
    job.state->last_run.reset();
    board.update(job);
    BOOST_TEST(status_of(board) == std::string(R"({
  "OK": false,
  "Errors": [
    "job failed",
    "a \u003cb\u003e \u0026 \"c\" \\ /\n\t\u0001)") +
                                       "\x7f" + R"( \u2028\u2029 )" + "\u00e4\U0001F600" + R"( \ufffd",
    "last"
  ],
  "CheckDetails": {
    "ns/b": {
      "OK": false,
      "Errors": [
        "a \u003cb\u003e \u0026 \"c\" \\ /\n\t\u0001)" +
                                       "\x7f" + R"( \u2028\u2029 )" + "\u00e4\U0001F600" + R"( \ufffd",
        " ",
        "last"
      ],
      "RunDuration": "2.43940936s",
      "Namespace": "ns",
      "Node": "node-1",
      "LastRun": "2022-03-22T23:34:04Z",
      "AuthoritativePod": "kuberhealthy-67bf8c4686-mbl2j",
      "uuid": "c85f95cb-87e2-4ff5-b513-e02b3d25973a"
    }
  },
  "JobDetails": {
    "ns/a": {
      "OK": false,
      "Errors": [
        "job failed"
      ],
      "RunDuration": "2.43940936s",
      "Namespace": "ns",
      "Node": "node-1",
      "AuthoritativePod": "kuberhealthy-67bf8c4686-mbl2j",
      "uuid": "c85f95cb-87e2-4ff5-b513-e02b3d25973a"
    }
  },
  "CurrentMaster": "m"
})");
}

BOOST_AUTO_TEST_CASE(an_empty_board_is_v2_s_empty_page) {
    status_board board;
    BOOST_TEST(*board.status_json({}) ==
               "{\n  \"OK\": true,\n  \"Errors\": [],\n  \"CheckDetails\": {},\n  \"JobDetails\": {},\n  "
               "\"CurrentMaster\": \"\"\n}");
}

BOOST_AUTO_TEST_CASE(keys_are_sorted_by_their_text) {
    status_board board;
    for (const auto& [ns, name] : {std::pair{"a", "x"}, {"a-b", "x"}, {"a", "a"}, {"Z", "z"}})
        board.update(entry_of(ns, name));
    const auto text = status_of(board);
    BOOST_TEST(text.find("\"Z/z\"") < text.find("\"a-b/x\""));
    BOOST_TEST(text.find("\"a-b/x\"") < text.find("\"a/a\""));
    BOOST_TEST(text.find("\"a/a\"") < text.find("\"a/x\""));
}

BOOST_AUTO_TEST_CASE(metadata_is_there_only_if_it_is_set) {
    kh::board_options options;
    options.metadata.emplace();
    status_board board(options);
    BOOST_TEST(status_of(board).ends_with("\"CurrentMaster\": \"m\",\n  \"Metadata\": {}\n}"));
    options.metadata = {{"b", "2"}, {"a", "<1>"}};
    board.set_options(options);
    BOOST_TEST(status_of(board).ends_with(
        "\"CurrentMaster\": \"m\",\n  \"Metadata\": {\n    \"a\": \"\\u003c1\\u003e\",\n    \"b\": \"2\"\n  }\n}"));
    board.set_options({});
    BOOST_TEST(status_of(board).ends_with("\"CurrentMaster\": \"m\"\n}"));
}

BOOST_AUTO_TEST_CASE(a_check_that_never_ran_is_hidden_until_a_replica_wrote_its_result) {
    status_board board;
    auto entry = entry_of("ns", "never", false, {"hidden"});
    entry.fresh = freshness::pending;
    entry.state->authoritative_pod.clear();
    board.update(entry);
    auto nothing = entry_of("ns", "nothing");
    nothing.state.reset();
    nothing.fresh = freshness::pending;
    board.update(nothing);
    BOOST_TEST(!contains(status_of(board), "ever"));
    BOOST_TEST(!contains(status_of(board), "nothing"));
    BOOST_TEST(board.ok({}));
    entry.state->authoritative_pod = "k";
    board.update(entry);
    BOOST_TEST(contains(status_of(board), "\"ns/never\""));
    BOOST_TEST(!board.ok({}));
}

BOOST_AUTO_TEST_CASE(what_is_not_ok_is_not_ok) {
    const struct {
        const char* what;
        bool ok;
        std::vector<std::string> errors;
        freshness fresh;
        bool good;
    } table[] = {
        {"passed", true, {}, freshness::current, true},
        {"passed, blank error", true, {" "}, freshness::current, true},
        {"failed", false, {"e"}, freshness::current, false},
        {"failed without errors", false, {}, freshness::current, false},
        {"OK with an error, as v2 stored it", true, {"e"}, freshness::current, false},
        {"stale", true, {}, freshness::stale, false},
        {"pending", true, {}, freshness::pending, true},
    };
    for (const auto& row : table) {
        status_board board;
        board.update(entry_of("ns", "other"));
        auto entry = entry_of("ns", "c", row.ok, row.errors);
        entry.fresh = row.fresh;
        entry.stale_text = "no result for 20m0s";
        board.update(entry);
        BOOST_TEST_CONTEXT(row.what) {
            BOOST_TEST(board.ok({}) == row.good);
            BOOST_TEST(status_of(board).starts_with(row.good ? "{\n  \"OK\": true" : "{\n  \"OK\": false"));
            BOOST_TEST(
                contains(*board.metrics({}), row.good ? "kuberhealthy_cluster_state 1\n" : "kuberhealthy_cluster_state 0\n"));
        }
    }
}

BOOST_AUTO_TEST_CASE(stale_checks_stand_behind_the_errors_and_keep_their_stored_ok) {
    status_board board;
    auto stale = entry_of("a", "stale");
    stale.fresh = freshness::stale;
    stale.stale_text = "last run 1h0m0s ago";
    board.update(stale);
    auto never = entry_of("b", "never");
    never.state.reset();
    never.fresh = freshness::stale;
    never.stale_text = "never ran";
    board.update(never);
    board.update(entry_of("c", "failed", false, {"e"}));
    const auto text = status_of(board);
    BOOST_TEST(contains(
        text, "\"Errors\": [\n    \"e\",\n    \"a/stale: stale: last run 1h0m0s ago\",\n    \"b/never: stale: never ran\"\n  ]"));
    BOOST_TEST(contains(text, "\"a/stale\": {\n      \"OK\": true"));
    BOOST_TEST(!contains(text, "\"b/never\": {"));
}

BOOST_AUTO_TEST_CASE(a_page_may_be_limited_to_namespaces) {
    status_board board;
    board.update(entry_of("a", "x"));
    board.update(entry_of("b", "x", false, {"from b"}));
    auto stale = entry_of("c", "x");
    stale.fresh = freshness::stale;
    board.update(stale);
    auto globals = led_by("m");
    globals.errors = {{"d", "of d"}};
    const struct {
        const char* namespaces;
        bool ok;
        std::string shown;
    } table[] = {
        {"", false, "abc"}, {",", false, "abc"}, {"a", true, "a"},      {"a,b", false, "ab"}, {",,b,", false, "b"},
        {"c", false, "c"},  {"none", true, ""},  {"none,a", true, "a"}, {"d", false, ""},     {"A", true, ""},
    };
    for (const auto& row : table) {
        const auto text = *board.status_json(globals, row.namespaces);
        BOOST_TEST_CONTEXT(row.namespaces) {
            BOOST_TEST(text.starts_with(row.ok ? "{\n  \"OK\": true" : "{\n  \"OK\": false"));
            for (const char ns : std::string("abc"))
                BOOST_TEST(contains(text, std::string("    \"") + ns + "/x\": {") == (row.shown.find(ns) != std::string::npos));
        }
    }
    globals.errors = {{"", "of everything"}};
    BOOST_TEST(contains(*board.status_json(globals, "a"), "\"OK\": false,\n  \"Errors\": [\n    \"of everything\"\n  ]"));
}

BOOST_AUTO_TEST_CASE(the_metrics_are_v2_s_then_ours) {
    status_board board;
    board.update(entry_of("kuberhealthy", "deployment"));
    auto failed = entry_of("kuberhealthy", "http", false, {"say \"no\"", "b\\c\nd"});
    failed.state->run_duration = "";
    failed.waiting_reason = "ImagePullBackOff";
    failed.fresh = freshness::stale;
    board.update(failed);
    auto job = entry_of("kuberhealthy", "job", false, {"\"j\"", "k"});
    job.kind = workload::job;
    job.how = outcome::pod_deleted;
    board.update(job);
    auto pending = entry_of("kuberhealthy", "new");
    pending.state.reset();
    pending.how.reset();
    pending.fresh = freshness::pending;
    pending.waiting_reason = "Unschedulable";
    board.update(pending);
    const std::vector<kh::metric_family> process{
        {"kuberhealthy_api_calls_total", "Calls made to the \\ API\nserver", "counter", {{{{"verb", "GE\"T"}}, 7}, {{}, 0.25}}},
        {"kuberhealthy_none", "Nothing", "gauge", {}}};
    BOOST_TEST(*board.metrics(led_by("kuberhealthy-abc"), process) ==
               R"(# HELP kuberhealthy_running Shows if kuberhealthy is running error free
# TYPE kuberhealthy_running gauge
kuberhealthy_running{current_master="kuberhealthy-abc"} 1
# HELP kuberhealthy_cluster_state Shows the status of the cluster
# TYPE kuberhealthy_cluster_state gauge
kuberhealthy_cluster_state 0
# HELP kuberhealthy_check Shows the status of a Kuberhealthy check
# TYPE kuberhealthy_check gauge
kuberhealthy_check{check="kuberhealthy/deployment",namespace="kuberhealthy",status="1",error=""} 1
kuberhealthy_check{check="kuberhealthy/http",namespace="kuberhealthy",status="0",error="say 'no'|b\\c\nd"} 0
# HELP kuberhealthy_check_duration_seconds Shows the check run duration of a Kuberhealthy check
# TYPE kuberhealthy_check_duration_seconds gauge
kuberhealthy_check_duration_seconds{check="kuberhealthy/deployment",namespace="kuberhealthy"} 2.439409
kuberhealthy_check_duration_seconds{check="kuberhealthy/http",namespace="kuberhealthy"} 0.000000
# HELP kuberhealthy_job Shows the status of a Kuberhealthy job
# TYPE kuberhealthy_job gauge
kuberhealthy_job{check="kuberhealthy/job",namespace="kuberhealthy",status="0",error="'j'|k"} 0
# HELP kuberhealthy_job_duration_seconds Shows the job run duration of a Kuberhealthy job
# TYPE kuberhealthy_job_duration_seconds gauge
kuberhealthy_job_duration_seconds{check="kuberhealthy/job",namespace="kuberhealthy"} 2.439409
# HELP kuberhealthy_check_outcome How the last run of a check or job ended
# TYPE kuberhealthy_check_outcome gauge
kuberhealthy_check_outcome{check="kuberhealthy/deployment",namespace="kuberhealthy",reason="Passed"} 1
kuberhealthy_check_outcome{check="kuberhealthy/http",namespace="kuberhealthy",reason="Failed"} 1
kuberhealthy_check_outcome{check="kuberhealthy/job",namespace="kuberhealthy",reason="PodDeleted"} 1
# HELP kuberhealthy_check_stale Whether the last result of a check or job is too old to be believed
# TYPE kuberhealthy_check_stale gauge
kuberhealthy_check_stale{check="kuberhealthy/deployment",namespace="kuberhealthy"} 0
kuberhealthy_check_stale{check="kuberhealthy/http",namespace="kuberhealthy"} 1
kuberhealthy_check_stale{check="kuberhealthy/job",namespace="kuberhealthy"} 0
kuberhealthy_check_stale{check="kuberhealthy/new",namespace="kuberhealthy"} 0
# HELP kuberhealthy_check_waiting What keeps the checker pod of an open run from starting
# TYPE kuberhealthy_check_waiting gauge
kuberhealthy_check_waiting{check="kuberhealthy/http",namespace="kuberhealthy",reason="ImagePullBackOff"} 1
kuberhealthy_check_waiting{check="kuberhealthy/new",namespace="kuberhealthy",reason="Unschedulable"} 1
# HELP kuberhealthy_api_calls_total Calls made to the \\ API\nserver
# TYPE kuberhealthy_api_calls_total counter
kuberhealthy_api_calls_total{verb="GE\"T"} 7
kuberhealthy_api_calls_total 0.25
# HELP kuberhealthy_none Nothing
# TYPE kuberhealthy_none gauge
)");
}

BOOST_AUTO_TEST_CASE(a_replica_that_cannot_work_does_not_run) {
    status_board board;
    auto globals = led_by("m");
    globals.working = false;
    BOOST_TEST(contains(*board.metrics(globals), "kuberhealthy_running{current_master=\"m\"} 0\n"));
}

BOOST_AUTO_TEST_CASE(the_error_label_is_suppressed_or_cut_between_characters) {
    status_board board;
    board.update(entry_of("ns", "c", false, {"ab\u20ac", "d"}));
    const struct {
        bool suppress;
        std::size_t size_max;
        const char* end;
    } table[] = {{false, 0, ",error=\"ab\u20ac|d\"} 0\n"}, {false, 2, ",error=\"ab\"} 0\n"},
                 {false, 3, ",error=\"ab\"} 0\n"},         {false, 4, ",error=\"ab\"} 0\n"},
                 {false, 5, ",error=\"ab\u20ac\"} 0\n"},   {true, 3, ",status=\"0\"} 0\n"}};
    for (const auto& row : table) {
        kh::board_options options;
        options.suppress_error_label = row.suppress;
        options.error_label_size_max = row.size_max;
        board.set_options(options);
        BOOST_TEST(contains(*board.metrics({}), row.end), row.end);
    }
}

BOOST_AUTO_TEST_CASE(asked_again_without_a_change_the_answer_is_the_same_object) {
    status_board board;
    board.update(entry_of("ns", "c"));
    const auto status = board.status_json(led_by("m"));
    const auto metrics = board.metrics(led_by("m"));
    board.update(entry_of("ns", "c"));
    board.erase({"ns", "nobody"});
    board.set_options({});
    BOOST_TEST((board.status_json(led_by("m")) == status));
    BOOST_TEST((board.metrics(led_by("m")) == metrics));
    BOOST_TEST((board.status_json(led_by("n")) != status));
    BOOST_TEST((board.metrics(led_by("n")) != metrics));
    const auto before = board.status_json(led_by("m"));
    board.update(entry_of("ns", "c", false, {"e"}));
    BOOST_TEST((board.status_json(led_by("m")) != before));
    BOOST_TEST(contains(*before, "\"OK\": true")); // who holds the old text keeps it
}

BOOST_AUTO_TEST_CASE(an_erased_check_is_gone) {
    status_board board;
    board.update(entry_of("ns", "c", false, {"e"}));
    BOOST_TEST(!board.ok({}));
    board.erase({"ns", "c"});
    BOOST_TEST(board.ok({}));
    BOOST_TEST(board.size() == 0u);
    BOOST_TEST(!contains(status_of(board), "ns/c"));
    BOOST_TEST(!contains(*board.metrics({}), "ns/c"));
}

BOOST_AUTO_TEST_CASE(a_check_that_becomes_a_job_moves) {
    status_board board;
    auto entry = entry_of("ns", "c");
    board.update(entry);
    entry.kind = workload::job;
    board.update(entry);
    BOOST_TEST(contains(status_of(board), "\"CheckDetails\": {},\n  \"JobDetails\": {\n    \"ns/c\""));
}

BOOST_AUTO_TEST_CASE(whatever_is_in_the_entries_the_status_is_json) {
    status_board board;
    std::string all_bytes;
    for (int c = 0; c < 256; ++c)
        all_bytes += static_cast<char>(c);
    auto entry = entry_of("ns", "c", false, {all_bytes, ""});
    entry.state->node = all_bytes;
    entry.state->run_duration = all_bytes;
    entry.fresh = freshness::stale;
    entry.stale_text = all_bytes;
    entry.waiting_reason = all_bytes;
    board.update(entry);
    boost::json::error_code error;
    const auto parsed = boost::json::parse(*board.status_json(led_by(all_bytes)), error);
    BOOST_TEST(!error);
    BOOST_TEST(parsed.is_object());
    // Every line of the metrics is a comment or a sample: no label value ends its line.
    const auto metrics = *board.metrics(led_by(all_bytes));
    for (std::size_t at = 0; at < metrics.size();) {
        const auto end = metrics.find('\n', at);
        const auto line = metrics.substr(at, end - at);
        BOOST_TEST((line.starts_with("# ") || line.starts_with("kuberhealthy_")), line);
        at = end + 1;
    }
}

BOOST_AUTO_TEST_SUITE_END()
