#include "proto_http/server.hpp"

#include "proto_http/event.hpp"
#include "support/http_server_fixture.hpp"

#include <zlib.h>

#include <stdexcept>

using namespace proto_http;
using namespace std::chrono_literals;
using test_support::count_answers;
using test_support::read_to_end;
using test_support::read_until;
using test_support::status_of;
using test_support::write_all;
namespace asio = boost::asio;

namespace {

asio::awaitable<server_response> echo(server_request request) {
    co_return make_response(200, "text/plain",
                            request.method + " " + request.path + " ?" + request.query + " [" + request.body + "] " +
                                request.remote_address);
}

asio::awaitable<server_response> fail(server_request) {
    throw std::runtime_error("a bug");
    co_return server_response();
}

struct fixture : test_support::http_server_fixture {
    fixture() {
        add({"GET"}, "/get", echo);
        add({"POST", "PUT"}, "/post", echo);
        add({}, "/any", echo);
        add({}, "/fail", fail);
        route small;
        small.methods = {"POST"};
        small.path = "/small";
        small.handler = echo;
        small.body_size_max = 10;
        small.refuse = [](const refusal& why) {
            return make_response(400, "text/plain", "own " + std::to_string(why.status) + " " + std::string(why.reason));
        };
        routes.push_back(std::move(small));
    }

    /// Starts a handler that ends only when the test says so.
    event open_gate{rt};
    int handled = 0;
    request_handler gated() {
        return [this](server_request request) { return wait_at_gate(this, std::move(request)); };
    }
    static asio::awaitable<server_response> wait_at_gate(fixture* of, server_request) {
        co_await of->open_gate.wait();
        ++of->handled;
        co_return make_response(200, "text/plain", "done");
    }
};

std::string repeated(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i)
        all += text;
    return all;
}

std::string gunzip(std::string_view packed) {
    std::string plain(1 << 20, '\0');
    z_stream state{};
    inflateInit2(&state, 15 + 16);
    state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    state.avail_in = static_cast<uInt>(packed.size());
    state.next_out = reinterpret_cast<Bytef*>(plain.data());
    state.avail_out = static_cast<uInt>(plain.size());
    auto status = inflate(&state, Z_FINISH);
    plain.resize(plain.size() - state.avail_out);
    inflateEnd(&state);
    return status == Z_STREAM_END ? plain : "not gzip";
}

std::string body_of(const std::string& answer) {
    auto end = answer.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : answer.substr(end + 4);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(server_suite, fixture)

BOOST_AUTO_TEST_CASE(each_request_gets_its_status) {
    limits.header_size_max = 1024;
    limits.body_size_max = 100;
    serve();
    struct row {
        std::string_view name;
        std::string bytes;
        std::string_view status;
    };
    const std::string host = "Host: h\r\n";
    const row table[] = {
        {"plain", "GET /get HTTP/1.1\r\n" + host + "\r\n", "200"},
        {"query", "GET /get?a=b HTTP/1.1\r\n" + host + "\r\n", "200"},
        {"absolute form", "GET http://h/get HTTP/1.1\r\n" + host + "\r\n", "200"},
        {"encoded path", "GET /%67et HTTP/1.1\r\n" + host + "\r\n", "200"},
        {"empty line first", "\r\nGET /get HTTP/1.1\r\n" + host + "\r\n", "200"},
        {"http/1.0 without host", "GET /get HTTP/1.0\r\n\r\n", "200"},
        {"any method", "BREW /any HTTP/1.1\r\n" + host + "\r\n", "200"},
        {"body", "POST /post HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\nab", "200"},
        {"chunked", "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "200"},
        {"chunked in capitals", "POST /post HTTP/1.1\r\n" + host + "transfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n", "200"},
        {"equal lengths", "POST /post HTTP/1.1\r\n" + host + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", "200"},
        {"trailer", "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", "200"},

        {"no such path", "GET /nothing HTTP/1.1\r\n" + host + "\r\n", "404"},
        {"wrong method", "POST /get HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", "405"},
        {"no host", "GET /get HTTP/1.1\r\n\r\n", "400"},
        {"two hosts", "GET /get HTTP/1.1\r\n" + host + host + "\r\n", "400"},
        {"garbage", "\x16\x03\x01 hello\r\n\r\n", "400"},
        {"bad target", "GET get HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"authority target", "CONNECT h:80 HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"bad encoding", "GET /%zz HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"nul in path", "GET /get%00 HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"space before colon", "GET /get HTTP/1.1\r\nHost : h\r\n\r\n", "400"},
        {"folded line", "GET /get HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", "400"},
        {"folded line with a tab", "GET /get HTTP/1.1\r\n" + host + "X: a\r\n\tb\r\n\r\n", "400"},
        {"host with a space", "GET /get HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
        {"host with a path", "GET /get HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
        {"host with a port", "GET /get HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200"},
        {"empty host", "GET /get HTTP/1.1\r\nHost:\r\n\r\n", "200"},
        {"absolute form without a host", "GET http:///get HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"asterisk for another method", "GET * HTTP/1.1\r\n" + host + "\r\n", "400"},
        {"bare newline", "GET /get HTTP/1.1\nHost: h\n\n", "400"},
        {"http/2", "GET /get HTTP/2.0\r\n" + host + "\r\n", "505"},
        {"http/0.9", "GET /get HTTP/0.9\r\n" + host + "\r\n", "505"},
        {"no version", "GET /get FOO/1.1\r\n" + host + "\r\n", "400"},

        {"length and chunked",
         "POST /post HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {"chunked and length",
         "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "400"},
        {"differing lengths", "POST /post HTTP/1.1\r\n" + host + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "400"},
        {"differing lengths in one", "POST /post HTTP/1.1\r\n" + host + "Content-Length: 2, 3\r\n\r\nabc", "400"},
        {"signed length", "POST /post HTTP/1.1\r\n" + host + "Content-Length: +2\r\n\r\nab", "400"},
        {"negative length", "POST /post HTTP/1.1\r\n" + host + "Content-Length: -2\r\n\r\nab", "400"},
        {"huge length", "POST /post HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999999\r\n\r\n", "400"},
        {"bad chunk size", "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n", "400"},
        {"bad chunk end", "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n", "400"},
        {"endless chunk line",
         "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(10'000, 'a'), "400"},
        {"coding before chunked", "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
        {"unknown coding", "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"},
        {"unknown coding and length", "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: x\r\nContent-Length: 1\r\n\r\na",
         "501"},
        {"chunked without a host", "POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {"chunked with an unknown expectation",
         "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nExpect: wonders\r\n\r\n0\r\n\r\n", "417"},
        {"chunked in http/1.0", "POST /post HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},

        {"long target", "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", "414"},
        {"long header", "GET /get HTTP/1.1\r\n" + host + "X: " + std::string(2000, 'a') + "\r\n\r\n", "431"},
        {"128 short headers", "GET /get HTTP/1.1\r\n" + host + repeated("a:\r\n", 127) + "\r\n", "200"},
        {"129 short headers", "GET /get HTTP/1.1\r\n" + host + repeated("a:\r\n", 128) + "\r\n", "431"},
        {"many headers", "GET /get HTTP/1.1\r\n" + host + repeated("X-A: b\r\n", 200) + "\r\n", "431"},
        {"long body", "POST /post HTTP/1.1\r\n" + host + "Content-Length: 101\r\n\r\n" + std::string(101, 'a'), "413"},
        {"long chunked body",
         "POST /post HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'a') + "\r\n0\r\n\r\n",
         "413"},
        {"unknown expectation", "POST /post HTTP/1.1\r\n" + host + "Expect: wonders\r\nContent-Length: 1\r\n\r\na", "417"},

        {"own wording of a large body", "POST /small HTTP/1.1\r\n" + host + "Content-Length: 11\r\n\r\n" + std::string(11, 'a'),
         "400"},
        {"handler's exception", "GET /fail HTTP/1.1\r\n" + host + "\r\n", "500"},
    };
    for (const auto& [name, bytes, status] : table)
        BOOST_TEST_CONTEXT(name) BOOST_TEST(status_of(talk(bytes)) == status);
    BOOST_TEST(errors == std::vector<std::string>{"handler of /fail failed: a bug"}, boost::test_tools::per_element());
}

// The same requests, one byte at a time: what a parser sees at once must not depend on the segments.
BOOST_AUTO_TEST_CASE(the_segments_of_a_request_do_not_matter) {
    serve();
    for (std::string bytes :
         {"GET /get?q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
          "POST /post HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: "
          "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
          "POST /post HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n"}) {
        auto whole = talk(bytes);
        auto to = connect();
        for (char c : bytes) {
            run(write_all(*to, std::string(1, c)));
            rt.poll();
        }
        BOOST_TEST(run(read_to_end(*to)) == whole);
        BOOST_TEST(status_of(whole) == "200");
    }
}

BOOST_AUTO_TEST_CASE(a_handler_sees_the_request_as_it_was_sent) {
    serve();
    auto answer = talk("POST /post?a=%20b HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    BOOST_TEST(body_of(answer) == "POST /post ?a=%20b [abcde] 10.0.0.1");
    BOOST_TEST(
        answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 35\r\nConnection: close\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_wrong_method_is_told_the_right_ones) {
    serve();
    BOOST_TEST(talk("DELETE /post HTTP/1.1\r\nHost: h\r\n\r\n").find("\r\nAllow: POST, PUT\r\n") != std::string::npos);
    BOOST_TEST(talk("DELETE /get HTTP/1.1\r\nHost: h\r\n\r\n").find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_star_route_takes_what_no_other_does) {
    add({"GET"}, "*", echo);
    serve();
    BOOST_TEST(status_of(talk("GET /else HTTP/1.1\r\nHost: h\r\n\r\n")) == "200");
    BOOST_TEST(status_of(talk("PUT /else HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")) == "405");
    BOOST_TEST(status_of(talk("PUT /get HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")) == "405");
}

BOOST_AUTO_TEST_CASE(a_route_words_every_refusal_of_its_path) {
    limits.header_size_max = 1024;
    serve();
    const std::string start = "POST /small HTTP/1.1\r\nHost: h\r\n";
    const std::pair<std::string, std::string_view> table[] = {
        {"GET /small HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "own 405 method not allowed here"},
        {start + "Content-Length: 11\r\n\r\n", "own 413 body too large"},
        {start + "Transfer-Encoding: chunked\r\n\r\nb\r\nabc", "own 413 body too large"},
        {start + "X: " + std::string(2000, 'a') + "\r\n\r\n", "own 431 header too large"},
        {"POST /small?" + std::string(2000, 'a'), "own 414 request target too long"},
        {"POST /small HTTP/3.0\r\nHost: h\r\n\r\n", "own 505 HTTP version not supported"},
        {start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "own 400 malformed request"},
        {start + "Transfer-Encoding: chunked\r\n\r\nzzzzz\r\n", "own 400 malformed body"},
        {start + "Transfer-Encoding: gzip\r\n\r\n", "own 501 transfer coding not supported"},
        {start + "Content-Length: 5\r\n\r\nab", "own 408 body took too long"},
        {start + "X-Unfinished", "own 408 header took too long"},
    };
    for (const auto& [bytes, body] : table)
        BOOST_TEST_CONTEXT(bytes) BOOST_TEST(body_of(talk(bytes)) == body);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
    serve();
    auto answer = talk("GET /get?1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /post?2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
                       "GET /get?3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /get?4 HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_TEST(count_answers(answer) == 3u);
    BOOST_TEST((answer.find("?1") < answer.find("?2") && answer.find("?2") < answer.find("?3")));
}

BOOST_AUTO_TEST_CASE(nothing_after_a_request_of_doubtful_framing_is_taken_for_a_request) {
    serve();
    for (std::string_view bad :
         {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n",
          "Content-Length: 0\r\nContent-Length: 9\r\n", "Transfer-Encoding: identity\r\n"}) {
        auto answer =
            talk("POST /post HTTP/1.1\r\nHost: h\r\n" + std::string(bad) + "\r\n0\r\n\r\nGET /get HTTP/1.1\r\nHost: h\r\n\r\n");
        BOOST_TEST_CONTEXT(bad) {
            BOOST_TEST(count_answers(answer) == 1u);
            BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_that_leaves_the_framing_whole_keeps_the_connection) {
    serve();
    auto answer = talk("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\nGET /get HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_TEST(count_answers(answer) == 2u);
}

BOOST_AUTO_TEST_CASE(http_1_0_closes_unless_it_asks_to_be_kept) {
    serve();
    auto closed = talk("GET /get HTTP/1.0\r\n\r\nGET /get HTTP/1.0\r\n\r\n");
    BOOST_TEST(count_answers(closed) == 1u);
    auto kept = talk("GET /get HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /get HTTP/1.0\r\n\r\n");
    BOOST_TEST(count_answers(kept) == 2u);
    BOOST_TEST(kept.find("\r\nConnection: keep-alive\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(head_has_the_header_of_get_and_no_body) {
    serve();
    auto answer = talk("HEAD /get HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    BOOST_TEST(status_of(answer) == "200");
    BOOST_TEST(answer.find("Content-Length: 23\r\n") != std::string::npos);
    BOOST_TEST(body_of(answer).empty());
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_for_100_gets_it_before_its_body_is_read) {
    serve();
    auto to = connect();
    run(write_all(*to,
                  "POST /post HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    BOOST_TEST(run(read_until(*to, "\r\n\r\n")) == "HTTP/1.1 100 Continue\r\n\r\n");
    run(write_all(*to, "ab"));
    BOOST_TEST(run(read_to_end(*to)).find("[ab]") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_for_100_with_too_large_a_body_is_refused_at_once) {
    serve();
    auto to = connect();
    auto before = rt.now();
    run(write_all(*to, "POST /small HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n"));
    BOOST_TEST(status_of(run(read_until(*to, "\r\n\r\n"))) == "400");
    BOOST_TEST((rt.now() == before));
}

BOOST_AUTO_TEST_CASE(each_time_limit_ends_its_phase) {
    serve();
    struct row {
        std::string_view name;
        std::string bytes;
        duration limit;
        std::string_view status; ///< empty: closed without a word
    };
    const row table[] = {
        {"nothing sent", "", limits.header_time_max, ""},
        {"half a header", "GET /get HT", limits.header_time_max, "408"},
        {"half a body", "POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na", limits.body_time_max, "408"},
        {"kept and idle", "GET /get HTTP/1.1\r\nHost: h\r\n\r\n", limits.idle_time_max, "200"},
    };
    for (const auto& [name, bytes, limit, status] : table) {
        BOOST_TEST_CONTEXT(name) {
            auto to = connect();
            auto before = rt.now();
            run(write_all(*to, bytes));
            BOOST_TEST(status_of(run(read_to_end(*to))) == status);
            BOOST_TEST((rt.now() - before == limit));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_header_that_drips_is_cut_at_its_limit) {
    serve();
    auto to = connect();
    auto before = rt.now();
    auto answer = start(read_to_end(*to));
    run(write_all(*to, "GET /get HTTP/1.1\r\n"));
    for (int i = 0; i < 20 && !answer.is_done(); ++i) {
        run(write_all(*to, "X: y\r\n"));
        rt.run_for(1s);
    }
    BOOST_TEST(status_of(answer.value()) == "408");
    BOOST_TEST((rt.now() - before <= limits.header_time_max + 1s));
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_cut) {
    auto big = std::make_shared<const std::string>(1'000'000, 'x');
    add({"GET"}, "/big", [big](server_request) -> asio::awaitable<server_response> {
        server_response answer;
        answer.body = big;
        co_return answer;
    });
    serve();
    auto to = connect();
    auto before = rt.now();
    run(write_all(*to, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n"));
    rt.poll();
    BOOST_TEST(server->connections() == 1u);
    BOOST_TEST(rt.run_until([&] { return server->connections() == 0; }));
    BOOST_TEST((rt.now() - before == limits.write_time_max));
}

BOOST_AUTO_TEST_CASE(the_oldest_idle_connection_gives_its_place_to_a_newcomer) {
    limits.connections_max = 2;
    serve();
    auto first = connect();
    rt.poll();
    auto second = connect();
    rt.poll();
    auto third = connect();
    rt.poll();
    BOOST_TEST(server->connections() == 2u);
    BOOST_TEST(run(read_to_end(*first)).empty());
    run(write_all(*third, "GET /get HTTP/1.1\r\nHost: h\r\n\r\n"));
    BOOST_TEST(status_of(run(read_until(*third, "\r\n\r\n"))) == "200");
}

BOOST_AUTO_TEST_CASE(without_an_idle_connection_the_newcomer_is_closed) {
    limits.connections_max = 1;
    add({"GET"}, "/gate", gated());
    serve();
    auto busy = connect();
    run(write_all(*busy, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n"));
    rt.poll();
    auto late = connect();
    BOOST_TEST(run(read_to_end(*late)).empty());
    open_gate.set();
    BOOST_TEST(status_of(run(read_until(*busy, "done"))) == "200");
}

BOOST_AUTO_TEST_CASE(a_drain_closes_the_idle_and_lets_requests_finish) {
    add({"GET"}, "/gate", gated());
    serve();
    auto idle = connect();
    auto busy = connect();
    run(write_all(*busy, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n"));
    rt.poll();
    server->drain(rt.now() + 10s);
    BOOST_TEST(run(read_to_end(*idle)).empty());
    BOOST_TEST(!run(rt.dial({"server", 80})).has_value());
    BOOST_TEST(!serving->is_done());
    open_gate.set();
    auto answer = run(read_to_end(*busy));
    BOOST_TEST(status_of(answer) == "200");
    BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
    BOOST_TEST(finish(*serving));
}

BOOST_AUTO_TEST_CASE(a_drain_cuts_what_is_left_at_its_earliest_deadline) {
    add({"GET"}, "/gate", gated());
    serve();
    auto busy = connect();
    run(write_all(*busy, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n"));
    rt.poll();
    auto before = rt.now();
    server->drain(before + 10s);
    rt.poll();
    server->drain(before + 3s);
    server->drain(before + 20s);
    BOOST_TEST(finish(*serving));
    BOOST_TEST((rt.now() - before == 3s));
    BOOST_TEST(run(read_to_end(*busy)).empty());
}

BOOST_AUTO_TEST_CASE(a_drain_takes_requests_for_as_long_as_it_is_told_to_listen) {
    add({"GET"}, "/", [](server_request) -> boost::asio::awaitable<server_response> { co_return make_response(200, "", "ok"); });
    serve();
    const std::string request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    auto kept = connect();
    auto idle = connect();
    for (auto* one : {kept.get(), idle.get()}) {
        run(write_all(*one, request));
        BOOST_TEST(run(read_until(*one, "ok")).find("Connection: close") == std::string::npos);
    }
    const auto before = rt.now();
    server->drain(before + 10s, before + 5s);
    rt.run_for(4s);
    // A kept connection and a new one: one more request each.
    BOOST_TEST(status_of(talk(request)) == "200");
    run(write_all(*kept, request));
    auto answer = run(read_to_end(*kept));
    BOOST_TEST(status_of(answer) == "200");
    BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
    BOOST_TEST(!serving->is_done());
    BOOST_TEST(run(read_to_end(*idle)).empty());
    BOOST_TEST(finish(*serving));
    BOOST_TEST((rt.now() - before == 5s));
    BOOST_TEST(!run(rt.dial({"server", 80})).has_value());
}

BOOST_AUTO_TEST_CASE(a_drain_that_listens_ends_sooner_when_told_again) {
    serve();
    const auto before = rt.now();
    server->drain(before + 10s, before + 5s);
    rt.run_for(1s);
    server->drain(before + 10s);
    BOOST_TEST(finish(*serving));
    BOOST_TEST((rt.now() - before == 1s));
}

BOOST_AUTO_TEST_CASE(a_drain_does_not_listen_beyond_its_deadline) {
    serve();
    const auto before = rt.now();
    server->drain(before + 2s, before + 5s);
    BOOST_TEST(finish(*serving));
    BOOST_TEST((rt.now() - before == 2s));
}

BOOST_AUTO_TEST_CASE(a_drain_does_not_wait_for_routes_without_grace) {
    add({"GET"}, "/gate", gated());
    routes.back().drains_with_grace = false;
    serve();
    auto busy = connect();
    run(write_all(*busy, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n"));
    rt.poll();
    auto before = rt.now();
    server->drain(before + 10s);
    BOOST_TEST(finish(*serving));
    BOOST_TEST((rt.now() == before));
}

BOOST_AUTO_TEST_CASE(a_cancelled_server_closes_every_connection_and_returns) {
    add({"GET"}, "/gate", gated());
    serve();
    auto idle = connect();
    auto busy = connect();
    run(write_all(*busy, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n"));
    rt.poll();
    serving->cancel();
    rt.poll();
    BOOST_TEST(serving->is_done());
    BOOST_TEST(server->connections() == 0u);
    BOOST_TEST(run(read_to_end(*idle)).empty());
    BOOST_TEST(handled == 1); // its wait was cancelled; the answer went nowhere
}

BOOST_AUTO_TEST_CASE(a_large_body_is_compressed_for_those_who_take_it) {
    auto page = std::make_shared<const std::string>(50'000, 'x');
    add({"GET"}, "/page", [page](server_request) -> asio::awaitable<server_response> {
        server_response answer;
        answer.body = page;
        co_return answer;
    });
    serve();
    struct row {
        std::string_view accept;
        bool compressed;
    };
    const row table[] = {{"gzip", true},   {"deflate, gzip;q=0.5", true}, {"GZIP", true},
                         {"*", true},      {"gzip;q=0", false},           {"gzip;q=0.000", false},
                         {"*;q=0", false}, {"gzip;q=0, *", false},        {"identity", false},
                         {"", false}};
    for (const auto& [accept, compressed] : table) {
        BOOST_TEST_CONTEXT(accept) {
            auto answer = talk("GET /page HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept-Encoding: " + std::string(accept) +
                               "\r\n\r\n");
            BOOST_TEST((answer.find("Content-Encoding: gzip\r\n") != std::string::npos) == compressed);
            BOOST_TEST(answer.find("Vary: Accept-Encoding\r\n") != std::string::npos);
            auto body = body_of(answer);
            BOOST_TEST(answer.find("Content-Length: " + std::to_string(body.size()) + "\r\n") != std::string::npos);
            BOOST_TEST(((compressed ? gunzip(body) : body) == *page));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_small_body_is_not_compressed) {
    serve();
    auto answer = talk("GET /get HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n");
    BOOST_TEST(answer.find("Content-Encoding") == std::string::npos);
    BOOST_TEST(answer.find("Vary") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_response_without_a_body_has_length_zero) {
    add({"GET"}, "/null", [](server_request) -> asio::awaitable<server_response> { co_return server_response(); });
    serve();
    BOOST_TEST(talk("GET /null HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n") ==
               "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_handler_cannot_break_the_framing) {
    add({"GET"}, "/odd", [](server_request) -> asio::awaitable<server_response> {
        auto answer = make_response(200, "text/plain", "body");
        answer.headers.add("Content-Length", "99");
        answer.headers.add("X", "a\r\nInjected: yes");
        answer.headers.add("Bad name", "x");
        co_return answer;
    });
    serve();
    auto answer = talk("GET /odd HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    BOOST_TEST(answer == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(query)

BOOST_AUTO_TEST_CASE(the_first_value_of_a_parameter_is_decoded) {
    struct row {
        std::string_view query;
        bool found;
        std::string_view value;
    };
    const row table[] = {
        {"a=1&b=2", true, "2"}, {"b=x%2Cy+z", true, "x,y z"}, {"b=1&b=2", true, "1"}, {"b", true, ""},     {"b=", true, ""},
        {"%62=3", true, "3"},   {"b=%zz", true, "%zz"},       {"", false, ""},        {"bb=1", false, ""},
    };
    for (const auto& [query, found, value] : table) {
        BOOST_TEST_CONTEXT(query) {
            auto got = first_query_value(query, "b");
            BOOST_TEST(got.found == found);
            BOOST_TEST(got.value == value);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
