#include "proto_http/server.hpp"

#include "proto_http/error.hpp"
#include "proto_http/event.hpp"
#include "support/http_server_fixture.hpp"

#include <stdexcept>

using namespace proto_http;
using namespace std::chrono_literals;
using test_support::read_to_end;
using test_support::read_until;
using test_support::write_all;
namespace asio = boost::asio;

namespace {

struct fixture : test_support::http_server_fixture {
    event next{rt};
    std::string ended;
    result<void> written;

    fixture() {
        add({"GET"}, "/three", [](server_request) { return answer(write_three); });
        add({"GET"}, "/broken", [](server_request) { return answer(break_off); });
        add({"GET"}, "/waits",
            [this](server_request) { return answer([this](body_writer& to) { return write_when_told(this, &to); }); });
        add({"GET"}, "/floods", [this](server_request) { return answer([this](body_writer& to) { return flood(this, &to); }); });
    }

    static asio::awaitable<server_response> answer(body_stream stream) {
        server_response made;
        made.headers.add("Content-Type", "text/plain");
        made.stream = std::move(stream);
        co_return made;
    }

    static asio::awaitable<void> write_three(body_writer& to) {
        for (std::string piece : {"one,", "", "two,", "three"})
            co_await to.write(piece);
    }

    static asio::awaitable<void> break_off(body_writer& to) {
        co_await to.write("half");
        throw std::runtime_error("a bug");
    }

    static asio::awaitable<void> write_when_told(fixture* of, body_writer* to) {
        struct note {
            fixture* of;
            ~note() { of->ended = "ended"; }
        } at_end{of};
        co_await to->write("first");
        co_await of->next.wait();
        of->written = co_await to->write("second");
    }

    static asio::awaitable<void> flood(fixture* of, body_writer* to) {
        std::string piece(64 * 1024, 'x');
        do
            of->written = co_await to->write(piece);
        while (of->written);
        of->ended = "ended";
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(server_streams, fixture)

BOOST_AUTO_TEST_CASE(a_streamed_body_comes_in_chunks_and_the_connection_goes_on) {
    serve();
    auto answer = talk("GET /three HTTP/1.1\r\nHost: a\r\n\r\nGET /three HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    std::string chunks = "4\r\none,\r\n4\r\ntwo,\r\n5\r\nthree\r\n0\r\n\r\n";
    BOOST_TEST(test_support::count_answers(answer) == 2u);
    BOOST_TEST(answer.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    BOOST_TEST(answer.find("Content-Length") == std::string::npos);
    BOOST_TEST(answer.find(chunks) != answer.rfind(chunks));
    BOOST_TEST(answer.ends_with(chunks));
}

BOOST_AUTO_TEST_CASE(a_client_of_http_10_reads_to_the_end_of_the_connection) {
    serve();
    auto answer = talk("GET /three HTTP/1.0\r\n\r\n");
    BOOST_TEST(answer.ends_with("\r\n\r\none,two,three"));
    BOOST_TEST(answer.find("chunked") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_head_request_gets_no_body) {
    serve();
    auto answer = talk("HEAD /three HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    BOOST_TEST(answer.ends_with("\r\n\r\n"));
    BOOST_TEST(answer.find("one") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_stream_that_fails_ends_without_its_last_chunk) {
    serve();
    auto answer = talk("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(answer.ends_with("4\r\nhalf\r\n"));
    BOOST_TEST_REQUIRE(errors.size() == 1u);
    BOOST_TEST(errors[0] == "stream of /broken failed: a bug");
}

BOOST_AUTO_TEST_CASE(a_piece_is_sent_at_once) {
    serve();
    auto to = connect();
    run(write_all(*to, "GET /waits HTTP/1.1\r\nHost: a\r\n\r\n"));
    BOOST_TEST(run(read_until(*to, "first\r\n")).ends_with("5\r\nfirst\r\n"));
    next.set();
    BOOST_TEST(run(read_until(*to, "0\r\n\r\n")).ends_with("6\r\nsecond\r\n0\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_stream_that_waits_is_cancelled_when_its_client_goes) {
    serve();
    auto to = connect();
    run(write_all(*to, "GET /waits HTTP/1.1\r\nHost: a\r\n\r\n"));
    run(read_until(*to, "first\r\n"));
    to->close();
    rt.poll();
    BOOST_TEST(ended == "ended");
    BOOST_TEST(server->connections() == 0u);
    BOOST_TEST(errors.empty());
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_holds_a_stream_no_longer_than_the_write_limit) {
    limits.write_time_max = 30s;
    serve();
    auto to = connect();
    run(write_all(*to, "GET /floods HTTP/1.1\r\nHost: a\r\n\r\n"));
    BOOST_TEST(rt.run_until([&] { return !ended.empty(); }, 31s));
    BOOST_TEST((written.error() == errc::timed_out));
}

BOOST_AUTO_TEST_CASE(a_drain_lets_a_stream_finish_until_its_deadline) {
    serve();
    auto to = connect();
    run(write_all(*to, "GET /waits HTTP/1.1\r\nHost: a\r\n\r\n"));
    run(read_until(*to, "first\r\n"));
    server->drain(rt.now() + 5s);
    rt.run_for(6s);
    BOOST_TEST(ended == "ended");
    BOOST_TEST(serving->is_done());
}

BOOST_AUTO_TEST_SUITE_END()
