#include "proto_http/server.hpp"

#include "proto_http/event.hpp"
#include "support/http_server_fixture.hpp"

// Who gives way when there are more clients, or more of their bytes, than the server has room for.

using namespace proto_http;
using namespace std::chrono_literals;
using test_support::read_to_end;
using test_support::read_until;
using test_support::status_of;
using test_support::write_all;
namespace asio = boost::asio;

namespace {

const std::string get = "GET /get HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string post = "POST /post HTTP/1.1\r\nHost: h\r\n";

asio::awaitable<server_response> answer(server_request got) {
    co_return make_response(200, "text/plain", std::to_string(got.body.size()) + " done");
}

struct fixture : test_support::http_server_fixture {
    event open_gate{rt};

    fixture() {
        auto big = std::make_shared<const std::string>(1'000'000, 'x');
        add({"GET"}, "/get", answer);
        add({"POST"}, "/post", answer);
        add({"GET"}, "/big", [big](server_request) { return answer_with(big); });
        add({"GET"}, "/gate", [this](server_request) { return wait_at_gate(this); });
    }

    static asio::awaitable<server_response> answer_with(std::shared_ptr<const std::string> body) {
        server_response made;
        made.body = std::move(body);
        co_return made;
    }

    static asio::awaitable<server_response> wait_at_gate(fixture* of) {
        co_await of->open_gate.wait();
        co_return make_response(200, "text/plain", "done");
    }

    std::unique_ptr<stream> connect_and_send(std::string bytes) {
        auto to = connect();
        run(write_all(*to, std::move(bytes)));
        rt.poll();
        return to;
    }

    bool is_served(stream& over) {
        run(write_all(over, get));
        return run(read_until(over, "done")).starts_with("HTTP/1.1 200 ");
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(server_crowds, fixture)

BOOST_AUTO_TEST_CASE(whoever_lets_the_server_wait_gives_its_place_to_a_newcomer) {
    limits.connections_max = 1;
    serve();
    const std::pair<std::string_view, std::string> table[] = {
        {"silent", ""},
        {"idle after a request", get},
        {"half a header", "GET /get HTTP/1.1\r\nX"},
        {"half a body", post + "Content-Length: 9\r\n\r\nab"},
        {"half a chunk", post + "Transfer-Encoding: chunked\r\n\r\n9\r\nab"},
        {"an answer that is not read", "GET /big HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"refused, and sending on", post + "Content-Length: 999999\r\n\r\nab"},
    };
    for (const auto& [name, bytes] : table) {
        BOOST_TEST_CONTEXT(name) {
            auto before = rt.now();
            auto slow = connect_and_send(bytes);
            auto newcomer = connect();
            BOOST_TEST(is_served(*newcomer));
            run(read_to_end(*slow));
            BOOST_TEST((rt.now() == before));
            BOOST_TEST(server->connections() == 1u);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_request_that_is_handled_never_gives_way) {
    limits.connections_max = 2;
    serve();
    auto handled = connect_and_send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int i = 0; i < 5; ++i) {
        auto half = connect_and_send("GET /get HTTP/1.1\r\nX");
        auto newcomer = connect();
        BOOST_TEST(is_served(*newcomer));
    }
    open_gate.set();
    BOOST_TEST(status_of(run(read_until(*handled, "done"))) == "200");
}

BOOST_AUTO_TEST_CASE(clients_that_keep_the_server_busy_give_way_as_well) {
    limits.connections_max = 10;
    std::size_t peak = 0;
    add({"GET"}, "/counted", [&](server_request got) {
        peak = std::max(peak, server->connections());
        return answer(std::move(got));
    });
    serve();
    std::string many;
    for (int i = 0; i < 300; ++i)
        many += "GET /counted HTTP/1.1\r\nHost: h\r\n\r\n";
    std::vector<std::unique_ptr<stream>> crowd;
    for (int i = 0; i < 100; ++i) {
        crowd.push_back(connect());
        run(write_all(*crowd.back(), many));
    }
    rt.poll();
    BOOST_TEST(peak >= 10u);
    BOOST_TEST(peak <= 13u);
    BOOST_TEST(server->connections() == 10u);
}

BOOST_AUTO_TEST_CASE(whoever_has_done_something_last_gives_way_last) {
    limits.connections_max = 3;
    serve();
    auto begins = connect();
    rt.poll();
    auto half = connect_and_send("GET /get HTTP/1.1\r\nX");
    auto silent = connect();
    rt.poll();
    run(write_all(*begins, get.substr(0, 10)));
    rt.poll();
    auto first = connect();
    BOOST_TEST(is_served(*first));
    BOOST_TEST(run(read_to_end(*half)).empty());
    auto second = connect();
    BOOST_TEST(is_served(*second));
    BOOST_TEST(run(read_to_end(*silent)).empty());
    run(write_all(*begins, get.substr(10)));
    BOOST_TEST(status_of(run(read_until(*begins, "done"))) == "200");
}

// A slow client must not stay for ever by sending a byte now and then.
BOOST_AUTO_TEST_CASE(more_of_the_same_request_does_not_make_a_client_younger) {
    limits.connections_max = 2;
    serve();
    auto drips = connect_and_send("GET /get HTTP/1.1\r\nX");
    auto half = connect_and_send("GET /get HTTP/1.1\r\nX");
    run(write_all(*drips, "y"));
    rt.poll();
    auto newcomer = connect();
    BOOST_TEST(is_served(*newcomer));
    BOOST_TEST(run(read_to_end(*drips)).empty());
}

BOOST_AUTO_TEST_CASE(what_is_kept_of_unfinished_requests_is_bounded_for_all_together) {
    limits.received_size_max = 1000;
    serve();
    auto idle = connect();
    rt.poll();
    auto first = connect_and_send(post + "Content-Length: 900\r\n\r\n" + std::string(500, 'x'));
    auto second = connect_and_send(post + "Content-Length: 400\r\n\r\n" + std::string(100, 'x'));
    BOOST_TEST(server->connections() == 3u);
    run(write_all(*second, std::string(300, 'x')));
    BOOST_TEST(status_of(run(read_until(*second, "done"))) == "200");
    BOOST_TEST(run(read_to_end(*first)).empty());
    BOOST_TEST(is_served(*idle));
    BOOST_TEST(is_served(*second));
}

BOOST_AUTO_TEST_CASE(what_was_handled_or_refused_is_not_kept) {
    limits.received_size_max = 1000;
    serve();
    auto half = connect_and_send(post + "Content-Length: 900\r\n\r\n" + std::string(500, 'x'));
    auto busy = connect();
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(is_served(*busy));
        run(write_all(*busy, "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n"));
        run(read_until(*busy, "path\"}\n"));
        connect_and_send(post + "Content-Length: 9\r\n\r\nab")->close();
    }
    rt.poll();
    run(write_all(*half, std::string(400, 'x')));
    BOOST_TEST(status_of(run(read_until(*half, "done"))) == "200");
}

BOOST_AUTO_TEST_CASE(a_single_request_beyond_the_bound_is_closed) {
    limits.received_size_max = 1000;
    serve();
    auto alone = connect_and_send(post + "Content-Length: 5000\r\n\r\n" + std::string(3000, 'x'));
    BOOST_TEST(run(read_to_end(*alone)).empty());
    auto next = connect();
    BOOST_TEST(is_served(*next));
}

BOOST_AUTO_TEST_SUITE_END()
