#include "tools/devcluster/node/outbox.hpp"

#include "asio_k8s/status.hpp"
#include "support/scripted_client.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

using namespace devcluster;
using namespace std::chrono_literals;

namespace {

struct outbox_fixture {
    test_support::fake_runtime rt;
    test_support::scripted_client api{rt};
    std::vector<std::string> refused;
    outbox out{api, [this](const proto_http::request& what, const k8s::api_error&) { refused.push_back(what.target); }};
    boost::asio::cancellation_signal stop;
    bool ended = false;

    void send(std::string target, std::string key = {}) {
        proto_http::request what;
        what.target = std::move(target);
        out.send(std::move(what), std::move(key));
    }

    /// Until nothing can happen any more.
    void run() {
        boost::asio::co_spawn(rt.context, out.run(),
                              boost::asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr) { ended = true; }));
        rt.drive();
        BOOST_TEST(!ended);
        boost::asio::post(rt.context, [this] { stop.emit(boost::asio::cancellation_type::terminal); });
        rt.drive([this] { return ended; });
        BOOST_TEST(ended);
        BOOST_TEST(api.verdict() == "");
    }

    static k8s::api_error error_of(k8s::errc code, unsigned status) {
        k8s::api_error error;
        error.code = code;
        error.http_status = status;
        return error;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(outbox_, outbox_fixture)

BOOST_AUTO_TEST_CASE(calls_go_out_in_their_order_and_a_newer_one_takes_the_place_of_its_key) {
    send("/a", "a");
    send("/b");
    send("/a2", "a");
    send("/b");
    api.answers("/a2", "{}").answers("/b", "{}").answers("/b", "{}");
    run();
}

BOOST_AUTO_TEST_CASE(what_is_not_taken_now_is_sent_again) {
    send("/a");
    send("/b");
    k8s::api_error no_answer;
    no_answer.code = k8s::errc::malformed;
    auto throttled = error_of(k8s::errc::throttled, 429);
    throttled.retry_after = 7s;
    api.fails("/a", no_answer).fails("/a", throttled).fails("/a", error_of(k8s::errc::server_error, 500));
    api.answers("/a", "{}").answers("/b", "{}");
    auto before = rt.now();
    run();
    BOOST_TEST((rt.now() - before >= 7s));
    BOOST_TEST(refused.empty());
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_told_and_does_not_hold_up_the_rest) {
    send("/a");
    send("/b");
    api.fails("/a", error_of(k8s::errc::invalid, 422)).answers("/b", "{}");
    run();
    BOOST_TEST(refused == std::vector<std::string>{"/a"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
