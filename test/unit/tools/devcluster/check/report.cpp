#include "tools/devcluster/check/report.hpp"

#include "proto_http/error.hpp"
#include "support/http_server_fixture.hpp"

using namespace devcluster;
using namespace proto_http;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// Kuberhealthy on the virtual network, which gives the answers that it is told to give, the last one for ever.
struct fixture : test_support::http_server_fixture {
    struct scripted {
        unsigned status;
        std::string body;
        std::string retry_after;
    };
    std::vector<scripted> answers;
    std::vector<server_request> requests;
    std::vector<time_point> times;
    run_contract contract;

    fixture() {
        contract.reporting_url = "http://server/externalCheckStatus?x=y";
        contract.run_uuid = "secret";
        contract.deadline = rt.now() + 60s;
        add({}, "*", [this](server_request got) { return answer(std::move(got)); });
    }

    asio::awaitable<server_response> answer(server_request got) {
        auto& next = answers[std::min(requests.size(), answers.size() - 1)];
        requests.push_back(std::move(got));
        times.push_back(rt.now());
        auto made = make_response(next.status, "text/plain", next.body);
        if (!next.retry_after.empty())
            made.headers.set("Retry-After", next.retry_after);
        co_return made;
    }

    std::string send(std::vector<std::string> found = {}) { return run(send_report(rt, contract, std::move(found))); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(report, fixture)

BOOST_AUTO_TEST_CASE(a_report_is_what_the_api_asks_for) {
    answers = {{200, "", ""}};
    serve();
    BOOST_TEST(send({"it said \"no\""}) == "");
    BOOST_TEST_REQUIRE(requests.size() == 1u);
    BOOST_TEST(requests[0].method == "POST");
    BOOST_TEST(requests[0].path == "/externalCheckStatus");
    BOOST_TEST(requests[0].query == "x=y");
    BOOST_TEST(requests[0].headers.get("kh-run-uuid") == "secret");
    BOOST_TEST(requests[0].headers.get("Content-Type") == "application/json");
    BOOST_TEST(requests[0].body == R"({"OK":false,"Errors":["it said \"no\""]})");
    BOOST_TEST(report_body({}) == R"({"OK":true,"Errors":[]})");
}

BOOST_AUTO_TEST_CASE(no_error_is_blank_or_no_utf8_or_huge) {
    BOOST_TEST(report_body({" \n", "\xff", "\x01"}) ==
               "{\"OK\":false,\"Errors\":[\"the check failed and did not say why\",\"\xef\xbf\xbd\",\"\\u0001\"]}");
    BOOST_TEST(report_body({std::string(100'000, 'x')}).size() < 5000u);
}

BOOST_AUTO_TEST_CASE(a_400_is_final_and_its_words_are_told) {
    answers = {{400, "{\"error\":\"the run has ended\"}", ""}};
    serve();
    BOOST_TEST(send() ==
               "http://server/externalCheckStatus?x=y refused the report for good: status 400: {\"error\":\"the run has "
               "ended\"}");
    BOOST_TEST(requests.size() == 1u);
}

BOOST_AUTO_TEST_CASE(anything_else_is_sent_again_until_it_is_taken) {
    for (unsigned status : {201u, 302u, 401u, 404u, 429u, 500u, 503u}) {
        answers.push_back({status, "", ""});
    }
    answers.push_back({200, "", ""});
    serve();
    BOOST_TEST(send({"e"}) == "");
    BOOST_TEST(requests.size() == answers.size());
    for (const auto& one : requests)
        BOOST_TEST(one.body == requests[0].body);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_yet_is_waited_for) {
    answers = {{200, "", ""}};
    auto sending = start(send_report(rt, contract, {}));
    rt.run_for(20s);
    BOOST_TEST(!sending.is_done());
    BOOST_TEST(rt.network().dials() > 3u);
    serve();
    finish(sending);
    BOOST_TEST(sending.value() == "");
    BOOST_TEST(requests.size() == 1u);
}

BOOST_AUTO_TEST_CASE(it_is_tried_later_each_time_and_until_the_deadline) {
    answers = {{503, "", ""}};
    serve();
    auto began = rt.now();
    auto problem = send();
    BOOST_TEST(problem.starts_with("http://server/externalCheckStatus?x=y did not take the report until the deadline; attempt "));
    BOOST_TEST(problem.ends_with(" ended with: status 503"));
    BOOST_TEST((rt.now() <= contract.deadline));
    BOOST_TEST((rt.now() >= contract.deadline - 200ms));
    BOOST_TEST_REQUIRE(times.size() > 6u);
    BOOST_TEST((times[1] - times[0] < 1s));
    BOOST_TEST((times[6] - times[5] > 4s));
    BOOST_TEST((times.back() > began + 55s));
}

BOOST_AUTO_TEST_CASE(a_server_that_asks_for_patience_gets_it) {
    answers = {{503, "", "20"}, {200, "", ""}};
    serve();
    BOOST_TEST(send() == "");
    BOOST_TEST((times.at(1) - times.at(0) >= 20s));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_is_over_leaves_one_attempt) {
    answers = {{200, "", ""}};
    contract.deadline = rt.now() - 10s;
    serve();
    BOOST_TEST(send() == "");
    stop();
    BOOST_TEST(send().find("attempt 1 ended with: no address of the host took the connection") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_connection_that_hangs_is_given_up_and_made_anew) {
    answers = {{200, "", ""}};
    serve();
    rt.network().on_dial = [this](const host_port&) {
        test_support::dial_plan plan;
        plan.hangs = rt.network().dials() == 1;
        return plan;
    };
    BOOST_TEST(send() == "");
    BOOST_TEST(rt.network().dials() == 2u);
}

BOOST_AUTO_TEST_CASE(no_proxy_sees_a_report) {
    answers = {{200, "", ""}};
    for (const char* name : {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"})
        rt.variables[name] = "http://proxy:3128";
    std::vector<host_port> dialled;
    rt.network().on_dial = [&](const host_port& to) {
        dialled.push_back(to);
        return test_support::dial_plan();
    };
    serve();
    BOOST_TEST(send() == "");
    BOOST_TEST((dialled == std::vector{host_port{"server", 80}}));
    BOOST_TEST(requests.at(0).headers.get("Host") == "server");
}

BOOST_AUTO_TEST_CASE(without_a_good_url_or_a_secret_nothing_is_sent) {
    contract.run_uuid.clear();
    BOOST_TEST(send() == "KH_RUN_UUID is not set: without it a report is nobody's");
    contract.reporting_url = "kuberhealthy";
    BOOST_TEST(send() == "KH_REPORTING_URL is not an http or https URL: \"kuberhealthy\"");
    BOOST_TEST(rt.network().dials() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
