#include "proto_http/client.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"
#include "support/scripted_peer.hpp"

#include <deque>

using namespace proto_http;
using namespace std::chrono_literals;
using test_support::dial_plan;
using test_support::read_to_end;
using test_support::read_until;
using test_support::started;
using test_support::write_all;
namespace asio = boost::asio;

namespace {

struct fixture : test_support::manual_fixture {
    client_settings settings;
    std::unique_ptr<acceptor> listening;

    fixture() {
        settings.origin = host_port{"api", 80};
        listening = *rt.listen(host_port{"api", 80});
    }

    std::unique_ptr<stream> accept() { return *run(listening->accept()); }

    static request get(std::string target, bool replayable = false) {
        request made;
        made.target = std::move(target);
        made.replayable = replayable;
        return made;
    }
    static request post(std::string target, std::string body) {
        request made;
        made.method = "POST";
        made.target = std::move(target);
        made.body = std::move(body);
        return made;
    }

    started<result<response>> begin(client& by, request what, duration limit = 1h) {
        auto one = start(by.exchange(std::move(what), rt.now() + limit));
        rt.poll();
        return one;
    }

    /// Reads one request without a body and answers it.
    void answer(stream& peer, std::string text) {
        run(read_until(peer, "\r\n\r\n"));
        run(write_all(peer, std::move(text)));
        rt.poll();
    }
};

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

} // namespace

BOOST_FIXTURE_TEST_SUITE(client_suite, fixture)

BOOST_AUTO_TEST_CASE(a_request_is_written_as_given_and_completed) {
    client by(rt, settings);
    auto what = post("/a?b=c", "body");
    what.headers.add("Accept", "*/*");
    what.headers.add("content-length", "99");
    auto one = begin(by, std::move(what));
    auto peer = accept();
    BOOST_TEST(run(read_until(*peer, "body")) ==
               "POST /a?b=c HTTP/1.1\r\nHost: api\r\nAccept: */*\r\nContent-Length: 4\r\n\r\nbody");
    run(write_all(*peer, "HTTP/1.1 201 Created\r\nX-Y: z\r\nContent-Length: 2\r\n\r\nok"));
    rt.poll();
    auto& answer = one.value();
    BOOST_TEST_REQUIRE(answer.has_value());
    BOOST_TEST(answer->status == 201u);
    BOOST_TEST(answer->headers.get("x-y") == "z");
    BOOST_TEST(answer->body == "ok");
}

BOOST_AUTO_TEST_CASE(the_host_header_names_a_port_that_is_not_the_schemes_own) {
    auto other = *rt.listen(host_port{"::1", 8080});
    settings.origin = host_port{"::1", 8080};
    client by(rt, settings);
    auto what = get("/");
    auto one = begin(by, what);
    auto peer = *run(other->accept());
    BOOST_TEST(run(read_until(*peer, "\r\n\r\n")) == "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
    peer->close();
    rt.poll();
    what.headers.add("host", "mine");
    auto second = begin(by, what);
    peer = *run(other->accept());
    BOOST_TEST(run(read_until(*peer, "\r\n\r\n")) == "GET / HTTP/1.1\r\nhost: mine\r\n\r\n");
    peer->close();
    rt.poll();
}

BOOST_AUTO_TEST_CASE(a_request_that_would_break_its_lines_is_not_sent) {
    client by(rt, settings);
    request bad[5];
    bad[0].target = "/a b";
    bad[1].target = "/a\r\nX: y";
    bad[2].method = "GET /";
    bad[3].headers.add("X", "a\r\nY: z");
    bad[4].headers.add("X Y", "z");
    for (auto& what : bad)
        BOOST_TEST((begin(by, std::move(what)).value().error() == errc::malformed));
    BOOST_TEST(rt.network().dials() == 0u);
}

BOOST_AUTO_TEST_CASE(each_answer_is_read_by_its_framing) {
    struct row {
        std::string_view name;
        std::string method;
        std::string answer;
        unsigned status;
        std::string_view body;
        bool kept;
    };
    const row table[] = {
        {"length", "GET", ok, 200, "ok", true},
        {"no body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
        {"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x\r\nbc\r\n0\r\n\r\n", 200, "abc",
         true},
        {"interim answers", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok, 200, "ok",
         true},
        {"head", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 200, "", true},
        {"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
        {"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, "", true},
        {"connection close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
        {"http/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
        {"http/1.0 kept", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
        {"bytes after the end", "GET", ok + "HTTP/1.1 200", 200, "ok", false},
    };
    for (const auto& [name, method, answer, status, body, kept] : table) {
        BOOST_TEST_CONTEXT(name) {
            client by(rt, settings);
            auto what = get("/");
            what.method = method;
            auto one = begin(by, what);
            auto peer = accept();
            this->answer(*peer, answer);
            auto& first = one.value();
            BOOST_TEST_REQUIRE(first.has_value());
            BOOST_TEST(first->status == status);
            BOOST_TEST(first->body == body);
            auto dials = rt.network().dials();
            auto second = begin(by, get("/"));
            BOOST_TEST((rt.network().dials() == dials) == kept);
            auto next = kept ? std::move(peer) : accept();
            this->answer(*next, ok);
            BOOST_TEST(second.value().has_value());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_body_without_a_length_ends_with_the_connection) {
    client by(rt, settings);
    auto one = begin(by, get("/"));
    auto peer = accept();
    answer(*peer, "HTTP/1.1 200 OK\r\n\r\nall of it");
    BOOST_TEST(!one.is_done());
    peer->close();
    rt.poll();
    BOOST_TEST(one.value()->body == "all of it");
}

BOOST_AUTO_TEST_CASE(a_bad_answer_has_its_error) {
    settings.header_size_max = 1024;
    settings.body_size_max = 10;
    struct row {
        std::string_view name;
        std::string answer;
        errc error;
    };
    const row table[] = {
        {"nothing", "", errc::closed},
        {"half a header", "HTTP/1.1 200 OK\r\nX:", errc::closed},
        {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", errc::closed},
        {"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", errc::closed},
        {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", errc::closed},
        {"garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", errc::malformed},
        {"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n", errc::malformed},
        {"switching protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n", errc::malformed},
        {"long header", "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'a') + "\r\n\r\n", errc::header_too_large},
        {"endless header", "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'a'), errc::header_too_large},
        {"long body", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", errc::body_too_large},
        {"long chunked body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nabcdefghijk\r\n", errc::body_too_large},
        {"long body to the end", "HTTP/1.1 200 OK\r\n\r\nabcdefghijk", errc::body_too_large},
    };
    for (const auto& [name, text, error] : table) {
        BOOST_TEST_CONTEXT(name) {
            client by(rt, settings);
            auto one = begin(by, get("/", true));
            auto peer = accept();
            answer(*peer, text);
            peer->close();
            rt.poll();
            BOOST_TEST((one.value().error() == error));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_replayable_request_survives_a_kept_connection_that_has_died) {
    client by(rt, settings);
    auto first = begin(by, get("/"));
    auto peer = accept();
    answer(*peer, ok);
    peer->close();
    rt.poll();
    auto second = begin(by, get("/", true));
    auto next = accept();
    answer(*next, ok);
    BOOST_TEST(second.value().has_value());
    next->close();
    rt.poll();
    BOOST_TEST((begin(by, get("/", false)).value().error() == errc::closed));
}

BOOST_AUTO_TEST_CASE(a_request_is_not_replayed_once_a_byte_of_the_answer_has_come) {
    client by(rt, settings);
    auto first = begin(by, get("/"));
    auto peer = accept();
    answer(*peer, ok);
    auto second = begin(by, get("/", true));
    answer(*peer, "H");
    peer->close();
    rt.poll();
    BOOST_TEST((second.value().error() == errc::closed));
    BOOST_TEST(rt.network().dials() == 1u);
}

BOOST_AUTO_TEST_CASE(an_early_answer_to_a_body_that_is_not_read_is_the_answer) {
    client by(rt, settings);
    auto one = begin(by, post("/", std::string(1'000'000, 'x')));
    auto peer = accept();
    answer(*peer, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    peer->close();
    rt.poll();
    BOOST_TEST_REQUIRE(one.value().has_value());
    BOOST_TEST(one.value()->status == 413u);
}

BOOST_AUTO_TEST_CASE(exchanges_beyond_the_limit_wait_their_turn) {
    settings.connections_max = 1;
    client by(rt, settings);
    auto first = begin(by, get("/1"));
    auto second = begin(by, get("/2"));
    auto given_up = begin(by, get("/3"), 1s);
    auto cancelled = begin(by, get("/4"));
    auto last = begin(by, get("/5"));
    rt.run_for(2s);
    BOOST_TEST((given_up.value().error() == errc::timed_out));
    cancelled.cancel();
    rt.poll();
    BOOST_TEST((cancelled.value().error() == errc::cancelled));
    auto peer = accept();
    for (auto* one : {&first, &second, &last}) {
        BOOST_TEST(!one->is_done());
        answer(*peer, ok);
        BOOST_TEST(one->value().has_value());
    }
    BOOST_TEST(rt.network().dials() == 1u);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_above_its_age_is_not_used) {
    client by(rt, settings);
    auto first = begin(by, get("/"));
    auto peer = accept();
    answer(*peer, ok);
    rt.run_for(settings.idle_connection_age_max + 1s);
    auto second = begin(by, get("/"));
    auto next = accept();
    answer(*next, ok);
    BOOST_TEST(second.value().has_value());
    BOOST_TEST(run(read_to_end(*peer)).empty());
}

BOOST_AUTO_TEST_CASE(forgotten_connections_are_closed_and_those_in_use_do_not_return) {
    client by(rt, settings);
    auto first = begin(by, get("/"));
    auto idle = accept();
    answer(*idle, ok);
    auto second = begin(by, get("/"));
    by.forget_connections();
    answer(*idle, ok);
    BOOST_TEST(second.value().has_value());
    BOOST_TEST(run(read_to_end(*idle)).empty());
    auto third = begin(by, get("/"));
    BOOST_TEST(rt.network().dials() == 2u);
    auto peer = accept();
    answer(*peer, ok);
}

BOOST_AUTO_TEST_CASE(plain_http_over_a_proxy_has_an_absolute_target) {
    auto proxying = *rt.listen(host_port{"proxy", 3128});
    settings.via = proxy{{"proxy", 3128}, "Basic eDp5"};
    client by(rt, settings);
    auto one = begin(by, get("/a?b"));
    auto peer = *run(proxying->accept());
    BOOST_TEST(run(read_until(*peer, "\r\n\r\n")) ==
               "GET http://api/a?b HTTP/1.1\r\nHost: api\r\nProxy-Authorization: Basic eDp5\r\n\r\n");
    run(write_all(*peer, ok));
    rt.poll();
    BOOST_TEST(one.value().has_value());
}

// Each phase that can hang, ended by its own limit, by the overall deadline and by a cancel.
BOOST_AUTO_TEST_CASE(each_phase_ends_by_its_limit_by_the_deadline_and_by_a_cancel) {
    const std::string big(1'000'000, 'x');
    struct row {
        std::string_view name;
        bool dial_hangs;
        std::string body;
        std::string answer;
        duration limit;
    };
    const phase_limits limits;
    const row table[] = {
        {"dial", true, "", "", limits.connect},
        {"write", false, big, "", limits.write},
        {"header", false, "", "", limits.first_byte},
        {"half a header", false, "", "HTTP/1.1 200 OK\r\n", limits.first_byte},
        {"body", false, "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", limits.body_idle},
    };
    for (const auto& [name, dial_hangs, body, text, limit] : table) {
        BOOST_TEST_CONTEXT(name) {
            dial_plan plan;
            plan.hangs = dial_hangs;
            rt.network().on_dial = [plan](const host_port&) { return plan; };
            client by(rt, settings);
            enum class end { by_limit, by_deadline, by_cancel };
            for (auto how : {end::by_limit, end::by_deadline, end::by_cancel}) {
                auto before = rt.now();
                auto one = begin(by, post("/", body), how == end::by_deadline ? duration(2s) : duration(1h));
                std::unique_ptr<stream> peer;
                if (!dial_hangs)
                    peer = accept();
                if (peer)
                    run(write_all(*peer, text));
                rt.poll();
                BOOST_TEST(!one.is_done());
                if (how == end::by_cancel)
                    one.cancel();
                finish(one);
                BOOST_TEST((one.value().error() == (how == end::by_cancel ? errc::cancelled : errc::timed_out)));
                auto took = how == end::by_limit ? limit : how == end::by_deadline ? duration(2s) : duration(0);
                BOOST_TEST((rt.now() - before == took));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_goes_on_coming_is_bounded_by_the_deadline_only) {
    client by(rt, settings);
    auto one = begin(by, get("/"), 5min);
    auto peer = accept();
    answer(*peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 8; ++i) {
        rt.run_for(20s);
        run(write_all(*peer, "x"));
    }
    BOOST_TEST(!one.is_done());
    finish(one);
    BOOST_TEST((one.value().error() == errc::timed_out));
}

BOOST_AUTO_TEST_CASE(a_stream_is_read_piece_by_piece_and_not_ahead) {
    client by(rt, settings);
    auto opening = start(by.open(get("/watch"), rt.now() + 10s));
    rt.poll();
    auto peer = accept();
    answer(*peer, "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n");
    auto body = std::move(*opening.value());
    BOOST_TEST(body->head().status == 200u);
    BOOST_TEST(body->head().headers.get("X") == "y");

    run(write_all(*peer, "4\r\none\n\r\n"));
    BOOST_TEST(run(body->read(never)).value() == "one\n");
    auto waiting = start(body->read(never));
    rt.poll();
    BOOST_TEST(!waiting.is_done());
    run(write_all(*peer, "1\r\n\n\r\n"));
    rt.poll();
    BOOST_TEST(waiting.value().value() == "\n");

    auto late = run(body->read(rt.now() + 3s));
    BOOST_TEST((late.error() == errc::timed_out));
    run(write_all(*peer, "2\r\nok\r\n0\r\n\r\n"));
    BOOST_TEST(run(body->read(never)).value() == "ok"); // a wait that timed out lost nothing
    BOOST_TEST(run(body->read(never)).value().empty());
    BOOST_TEST(run(body->read(never)).value().empty());
}

BOOST_AUTO_TEST_CASE(a_stream_holds_the_writer_back) {
    client by(rt, settings);
    auto opening = start(by.open(get("/watch"), rt.now() + 10s));
    rt.poll();
    auto peer = accept();
    answer(*peer, "HTTP/1.1 200 OK\r\n\r\n");
    auto body = std::move(*opening.value());
    auto writing = start(write_all(*peer, std::string(1'000'000, 'x')));
    rt.poll();
    BOOST_TEST(!writing.is_done());
    std::size_t size = 0;
    while (size < 1'000'000) {
        auto piece = run(body->read(never));
        BOOST_TEST_REQUIRE(piece.has_value());
        BOOST_TEST_REQUIRE(!piece->empty());
        BOOST_TEST_REQUIRE(piece->size() <= 64u * 1024);
        size += piece->size();
    }
    rt.poll();
    BOOST_TEST(writing.is_done());
}

BOOST_AUTO_TEST_CASE(a_stream_that_breaks_off_or_is_cancelled_says_so) {
    client by(rt, settings);
    for (bool cancels : {false, true}) {
        auto opening = start(by.open(get("/watch"), rt.now() + 10s));
        rt.poll();
        auto peer = accept();
        answer(*peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        auto body = std::move(*opening.value());
        auto reading = start(body->read(never));
        rt.poll();
        if (cancels)
            reading.cancel();
        else
            peer->close();
        rt.poll();
        BOOST_TEST((reading.value().error() == (cancels ? errc::cancelled : errc::closed)));
    }
}

BOOST_AUTO_TEST_CASE(a_stream_is_not_counted_and_its_end_closes_the_connection) {
    settings.connections_max = 1;
    client by(rt, settings);
    auto opening = start(by.open(get("/watch"), rt.now() + 10s));
    rt.poll();
    auto watched = accept();
    answer(*watched, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    auto one = begin(by, get("/"));
    auto peer = accept();
    answer(*peer, ok);
    BOOST_TEST(one.value().has_value());
    opening.value()->reset();
    BOOST_TEST(run(read_to_end(*watched)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
