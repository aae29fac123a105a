#include "controller/influx_forwarder.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"
#include "support/scripted_peer.hpp"

using namespace std::chrono_literals;
using proto_http::host_port;
using test_support::read_until;
using test_support::write_all;

namespace {

kh::core::state_view result_of(std::string name) {
    kh::core::state_view state;
    state.key = {"default", std::move(name)};
    state.ok = true;
    state.run_duration = "1s";
    state.last_run = 1'700'000'000;
    return state;
}

std::string last_line_of(const std::string& name) {
    return "RunDuration." + name + ".default,Name=" + name + ",Namespace=default value=1 1700000000\n";
}

struct forwarder_fixture : test_support::manual_fixture {
    kh::capture_log log;
    std::unique_ptr<proto_http::acceptor> listening = *rt.listen(host_port{"influx", 8086});
    std::optional<kh::influx_forwarder> forwarder;
    std::optional<test_support::started<bool>> running;
    std::unique_ptr<proto_http::stream> peer;

    static kh::influx_settings to(std::string url) {
        kh::influx_settings wanted;
        wanted.enabled = true;
        wanted.url = std::move(url);
        wanted.database = "kuber healthy";
        return wanted;
    }

    void begin(const kh::influx_settings& wanted = to("http://influx:8086")) {
        forwarder.emplace(rt, log, wanted);
        running.emplace(start(forwarder->run()));
        rt.poll();
    }
    ~forwarder_fixture() {
        running->cancel();
        rt.poll();
        BOOST_TEST(running->is_done());
        forwarder.reset();
        peer.reset();
        rt.poll();
    }

    void forward(const std::string& name) {
        forwarder->forward(result_of(name));
        rt.poll();
    }
    /// What comes next, up to that text.
    std::string receive(const std::string& text) {
        if (!peer)
            peer = *run(listening->accept());
        return run(read_until(*peer, text));
    }
    void answer(const std::string& status, const std::string& more = {}, const std::string& body = {}) {
        run(write_all(*peer, "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more +
                                 "\r\n" + body));
        rt.poll();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(influx_forwarder, forwarder_fixture)

BOOST_AUTO_TEST_CASE(a_result_is_posted_as_the_server_s_documentation_says) {
    auto wanted = to("http://influx:8086/prefix/");
    wanted.username = "me";
    wanted.password = "secret";
    begin(wanted);
    forward("a");
    const std::string got = receive(last_line_of("a"));
    BOOST_TEST(got.starts_with("POST /prefix/write?db=kuber%20healthy&precision=s HTTP/1.1\r\nHost: influx:8086\r\n"), got);
    BOOST_TEST(got.find("Authorization: Basic bWU6c2VjcmV0\r\n") != std::string::npos);
    BOOST_TEST(got.find("\r\n\r\na.default,Name=a,Namespace=default value=1i 1700000000\n") != std::string::npos);
    BOOST_TEST(forwarder->waiting() == 1u);
    answer("204 No Content");
    BOOST_TEST(forwarder->waiting() == 0u);
    BOOST_TEST(forwarder->results().written == 1u);
    BOOST_TEST(log.lines().empty());
}

BOOST_AUTO_TEST_CASE(the_user_may_stand_in_the_url_and_in_no_line_of_the_log) {
    begin(to("http://me:secret@influx:8086"));
    forward("a");
    BOOST_TEST(receive(last_line_of("a")).find("Authorization: Basic bWU6c2VjcmV0\r\n") != std::string::npos);
    answer("401 Unauthorized", {}, "{\"error\":\"authorization failed\"}");
    BOOST_TEST_REQUIRE(log.lines().size() == 1u);
    BOOST_TEST(log.lines()[0].fields.at("server") == "influx:8086");
    for (const auto& [name, value] : log.lines()[0].fields)
        BOOST_TEST(value.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_comes_while_a_batch_is_under_way_is_the_next_batch) {
    begin();
    forward("a");
    receive(last_line_of("a"));
    for (const char* name : {"b", "c", "d"})
        forward(name);
    answer("204 No Content");
    const std::string got = receive(last_line_of("d"));
    BOOST_TEST(got.find(last_line_of("b")) != std::string::npos);
    BOOST_TEST(got.find(last_line_of("c")) != std::string::npos);
    answer("204 No Content");
    BOOST_TEST(forwarder->results().written == 4u);
}

BOOST_AUTO_TEST_CASE(what_is_refused_for_good_is_dropped_and_said_once_a_minute) {
    begin();
    for (const char* status : {"400 Bad Request", "413 Payload Too Large", "422 Unprocessable Entity"}) {
        forward("a");
        receive(last_line_of("a"));
        answer(status, {}, "{\"error\":\"partial write\"}");
    }
    BOOST_TEST(forwarder->results().refused == 3u);
    BOOST_TEST(forwarder->waiting() == 0u);
    BOOST_TEST(log.count("InfluxDB refused results") == 1u);
    BOOST_TEST(log.lines()[0].fields.at("answer") == "400 {\"error\":\"partial write\"}");
}

BOOST_AUTO_TEST_CASE(what_may_pass_is_sent_again_and_said_once) {
    for (const char* status : {"500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests",
                               "401 Unauthorized", "404 Not Found", "302 Found"}) {
        if (running) {
            running->cancel();
            rt.poll();
            peer.reset();
            log.clear();
        }
        begin();
        forward("a");
        for (int i = 0; i < 3; ++i) {
            receive(last_line_of("a"));
            answer(status);
            BOOST_TEST(forwarder->waiting() == 1u, status);
        }
        receive(last_line_of("a"));
        answer("204 No Content");
        BOOST_TEST(forwarder->results().written == 1u, status);
        BOOST_TEST(log.count("InfluxDB does not take results; they wait") == 1u, status);
        BOOST_TEST(log.count("InfluxDB takes results again") == 1u, status);
    }
}

BOOST_AUTO_TEST_CASE(the_server_s_wish_to_wait_is_honoured) {
    begin();
    forward("a");
    receive(last_line_of("a"));
    answer("429 Too Many Requests", "Retry-After: 90\r\n");
    const auto refused_at = rt.now();
    receive(last_line_of("a"));
    BOOST_TEST((rt.now() - refused_at >= 90s));
    answer("204 No Content");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_away_is_asked_ever_more_slowly) {
    rt.network().on_dial = [](const host_port&) {
        test_support::dial_plan plan;
        plan.error = proto_http::errc::connect_failed;
        return plan;
    };
    begin();
    forward("a");
    rt.run_for(1h);
    BOOST_TEST(rt.network().dials() > 50u);
    BOOST_TEST(rt.network().dials() < 150u);
    BOOST_TEST(log.lines().size() == 1u);
    rt.network().on_dial = nullptr;
    receive(last_line_of("a"));
    answer("204 No Content");
    BOOST_TEST(forwarder->results().written == 1u);
}

BOOST_AUTO_TEST_CASE(a_full_queue_drops_its_oldest_and_counts_them) {
    begin();
    forward("first");
    receive(last_line_of("first"));
    for (int i = 0; i < 10'100; ++i)
        forwarder->forward(result_of("c" + std::to_string(i)));
    BOOST_TEST(forwarder->waiting() == 10'000u);
    BOOST_TEST(forwarder->results().dropped == 101u);
    answer("204 No Content");
    const std::string got = receive(last_line_of("c101"));
    BOOST_TEST(got.find("Name=c100,") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(long_errors_are_bounded_by_their_bytes) {
    begin();
    auto state = result_of("a");
    state.errors = {std::string(4000, 'x')};
    for (int i = 0; i < 2000; ++i)
        forwarder->forward(state);
    BOOST_TEST(forwarder->waiting() < 600u);
    BOOST_TEST(forwarder->results().dropped + forwarder->waiting() == 2000u);
}

BOOST_AUTO_TEST_CASE(a_server_that_never_answers_is_given_up_and_asked_again) {
    begin();
    forward("a");
    receive(last_line_of("a"));
    rt.run_for(31s);
    BOOST_TEST(log.count("InfluxDB does not take results; they wait") == 1u);
    BOOST_TEST(forwarder->waiting() == 1u);
    peer.reset();
    receive(last_line_of("a"));
    answer("204 No Content");
    BOOST_TEST(forwarder->results().written == 1u);
}

BOOST_AUTO_TEST_CASE(other_settings_hold_at_once_and_for_what_waits) {
    begin();
    forward("a");
    receive(last_line_of("a"));
    answer("503 Service Unavailable", "Retry-After: 300\r\n");
    auto other = *rt.listen(host_port{"other", 8086});
    forwarder->use(to("http://other:8086"));
    const auto before = rt.now();
    listening = std::move(other);
    peer.reset();
    receive(last_line_of("a"));
    BOOST_TEST((rt.now() == before));
    answer("204 No Content");
    BOOST_TEST(forwarder->results().written == 1u);
}

BOOST_AUTO_TEST_CASE(other_settings_in_the_middle_of_an_exchange_do_not_lose_what_it_carries) {
    begin();
    forward("a");
    receive(last_line_of("a"));
    auto other = *rt.listen(host_port{"other", 8086});
    forwarder->use(to("http://other:8086"));
    answer("400 Bad Request");
    BOOST_TEST(forwarder->waiting() == 1u);
    listening = std::move(other);
    peer.reset();
    receive(last_line_of("a"));
    answer("204 No Content");
    BOOST_TEST(forwarder->results().written == 1u);
    BOOST_TEST(forwarder->results().refused == 0u);
}

BOOST_AUTO_TEST_CASE(turned_off_it_forgets_and_takes_nothing) {
    begin();
    forward("a");
    receive(last_line_of("a"));
    forward("b");
    forwarder->use({});
    answer("503 Service Unavailable");
    forward("c");
    BOOST_TEST(forwarder->waiting() == 0u);
    BOOST_TEST(forwarder->results().dropped == 2u);
    forwarder->use(to("http://influx:8086"));
    peer.reset();
    forward("d");
    receive(last_line_of("d"));
    answer("204 No Content");
    BOOST_TEST(forwarder->results().written == 1u);
}

BOOST_AUTO_TEST_CASE(a_flush_waits_for_the_last_answer_but_not_for_a_server_that_fails) {
    begin();
    forward("a");
    receive(last_line_of("a"));
    auto flush = start(forwarder->flushed(rt.now() + 2s));
    rt.poll();
    BOOST_TEST(!flush.is_done());
    answer("204 No Content");
    BOOST_TEST(flush.is_done());
    forward("b");
    receive(last_line_of("b"));
    answer("500 Internal Server Error");
    auto second = start(forwarder->flushed(rt.now() + 2s));
    rt.poll();
    BOOST_TEST(second.is_done());
}

BOOST_AUTO_TEST_SUITE_END()
