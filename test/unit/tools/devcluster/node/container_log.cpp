#include "tools/devcluster/node/container_log.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"
#include "tools/devcluster/node/log_stream.hpp"

#include <boost/test/unit_test.hpp>

using namespace devcluster;
using namespace std::chrono_literals;

namespace {

/// Takes the body; after `pieces_max` pieces the client has gone.
struct collecting_writer : proto_http::body_writer {
    std::string text;
    std::size_t pieces = 0;
    std::size_t pieces_max = 1000;
    std::function<void()> meanwhile; ///< what happens while a piece is on its way

    boost::asio::awaitable<proto_http::result<void>> write(std::string_view piece) override {
        if (++pieces > pieces_max)
            co_return proto_http::errc::closed;
        text += piece;
        if (meanwhile)
            meanwhile();
        co_return proto_http::result<void>();
    }
};

struct log_fixture : test_support::manual_fixture {
    std::shared_ptr<container_log> log = std::make_shared<container_log>(rt);
    collecting_writer writer;

    log_fixture() { rt.wall_base = proto_http::wall_time(1795442083s - 1h); } // the clock shows 2026-11-23T13:54:43Z

    /// What `kubectl logs` would print.
    std::string printed(log_request what = {}) {
        writer = {};
        run(stream_log(rt, log, what)(writer));
        return writer.text;
    }
};

log_request asking(void (*how)(log_request&)) {
    log_request what;
    how(what);
    return what;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(container_log_, log_fixture)

BOOST_AUTO_TEST_CASE(lines_come_out_as_they_went_in) {
    log->append("one\ntw");
    log->append("o\n\nthree");
    BOOST_TEST(printed() == "one\ntwo\n\n"); // a line is there when it has ended
    log->close();
    BOOST_TEST(printed() == "one\ntwo\n\nthree\n");
}

BOOST_AUTO_TEST_CASE(each_line_has_its_time) {
    log->append("one\n");
    rt.run_for(1500ms);
    log->append("two\n");
    BOOST_TEST(printed(asking([](log_request& r) { r.timestamps = true; })) ==
               "2026-11-23T13:54:43.000000000Z one\n2026-11-23T13:54:44.500000000Z two\n");
}

BOOST_AUTO_TEST_CASE(a_long_line_is_kept_in_pieces_and_comes_out_whole) {
    std::string line(container_log::line_size_max * 2 + 5, 'x');
    log->append(line + "\nnext\n");
    BOOST_TEST((log->end() == 4));
    BOOST_TEST((printed() == line + "\nnext\n"));
    auto stamped = printed(asking([](log_request& r) { r.timestamps = true; }));
    BOOST_TEST((stamped == "2026-11-23T13:54:43.000000000Z " + line + "\n2026-11-23T13:54:43.000000000Z next\n"));
}

BOOST_AUTO_TEST_CASE(a_part_may_be_asked_for) {
    log->append("one\ntwo\n");
    rt.run_for(10s);
    log->append("three\nfour\n");
    struct {
        void (*how)(log_request&);
        const char* expected;
    } cases[] = {
        {[](log_request& r) { r.tail_lines = 2; }, "three\nfour\n"},
        {[](log_request& r) { r.tail_lines = 3; }, "two\nthree\nfour\n"},
        {[](log_request& r) { r.tail_lines = 9; }, "one\ntwo\nthree\nfour\n"},
        {[](log_request& r) { r.tail_lines = 0; }, ""},
        {[](log_request& r) { r.since = 5s; }, "three\nfour\n"},
        {[](log_request& r) { r.since = 10s; }, "one\ntwo\nthree\nfour\n"},
        {[](log_request& r) { r.since = 5s, r.tail_lines = 3; }, "three\nfour\n"},
        {[](log_request& r) { r.since = 20s, r.tail_lines = 1; }, "four\n"},
        {[](log_request& r) { r.limit_bytes = 6; }, "one\ntw"},
        {[](log_request& r) { r.limit_bytes = 100; }, "one\ntwo\nthree\nfour\n"},
    };
    for (const auto& each : cases)
        BOOST_TEST(printed(asking(each.how)) == each.expected);
}

BOOST_AUTO_TEST_CASE(what_a_busy_container_adds_while_its_log_is_printed_is_not_waited_for) {
    log->append("one\n");
    writer.meanwhile = [this] { log->append("more\n"); };
    run(stream_log(rt, log, {})(writer));
    BOOST_TEST(writer.text == "one\n");
}

BOOST_AUTO_TEST_CASE(beyond_its_bound_the_oldest_lines_go) {
    log = std::make_shared<container_log>(rt, 1000);
    for (int i = 0; i < 100; ++i)
        log->append(std::to_string(i) + "\n");
    auto text = printed();
    BOOST_TEST(text.size() < 1000U);
    BOOST_TEST(text.ends_with("\n98\n99\n"));
    BOOST_TEST(log->begin() > 0U);
    BOOST_TEST(printed(asking([](log_request& r) { r.tail_lines = 1; })) == "99\n");
}

BOOST_AUTO_TEST_CASE(a_follower_gets_what_comes_until_the_container_has_ended) {
    log->append("one\n");
    auto following = start(stream_log(rt, log, asking([](log_request& r) { r.follow = true; }))(writer));
    rt.poll();
    BOOST_TEST(writer.text == "one\n");
    log->append("two\n");
    rt.poll();
    BOOST_TEST(writer.text == "one\ntwo\n");
    BOOST_TEST(!following.is_done());
    log->append("three");
    log->close();
    rt.poll();
    BOOST_TEST(following.is_done());
    BOOST_TEST(writer.text == "one\ntwo\nthree\n");
}

BOOST_AUTO_TEST_CASE(a_follower_that_is_too_slow_misses_what_was_dropped) {
    log = std::make_shared<container_log>(rt, 1000);
    auto following = start(stream_log(rt, log, asking([](log_request& r) { r.follow = true; }))(writer));
    rt.poll();
    for (int i = 0; i < 100; ++i)
        log->append(std::to_string(i) + "\n");
    log->close();
    rt.poll();
    BOOST_TEST(following.is_done());
    BOOST_TEST(!writer.text.starts_with("0\n"));
    BOOST_TEST(writer.text.ends_with("99\n"));
}

BOOST_AUTO_TEST_CASE(a_follower_ends_when_its_client_goes) {
    writer.pieces_max = 0;
    auto following = start(stream_log(rt, log, asking([](log_request& r) { r.follow = true; }))(writer));
    rt.poll();
    BOOST_TEST(!following.is_done());
    log->append("one\n");
    rt.poll();
    BOOST_TEST(following.is_done());
}

BOOST_AUTO_TEST_CASE(a_follower_that_is_cancelled_ends) {
    auto following = start(stream_log(rt, log, asking([](log_request& r) { r.follow = true; }))(writer));
    rt.poll();
    following.cancel();
    rt.poll();
    BOOST_TEST(following.is_done());
}

BOOST_AUTO_TEST_CASE(the_tail_is_cut_from_the_front_and_is_text) {
    log->append("one\ntwo\nthree\n");
    BOOST_TEST(log->tail(2, 100) == "two\nthree\n");
    BOOST_TEST(log->tail(9, 8) == "o\nthree\n");
    BOOST_TEST(container_log(rt).tail(9, 9) == "");
    log->append("caf\xc3\xa9 \xff\n"); // it goes into a status, and JSON is UTF-8
    BOOST_TEST(log->tail(1, 100) == "caf\xc3\xa9 \uFFFD\n");
    BOOST_TEST(log->tail(1, 4) == "\uFFFD \uFFFD\n");
}

BOOST_AUTO_TEST_SUITE_END()
