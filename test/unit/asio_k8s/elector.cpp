#include "asio_k8s/elector.hpp"

#include "proto_http/task_group.hpp"

#include "support/scripted_client.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

// What is sent, and what is told; the rules are tested with lease_election.

using namespace std::chrono_literals;
using ending = test_support::scripted_client::ending;

namespace {

const std::string absent = R"({"kind":"LeaseList","metadata":{"resourceVersion":"5"},"items":[]})";

std::string lease(std::string_view holder, std::string_view version) {
    return R"({"metadata":{"name":"kuberhealthy","namespace":"n","uid":"u","resourceVersion":")" + std::string(version) +
           R"("},"spec":{"holderIdentity":")" + std::string(holder) + R"(","leaseDurationSeconds":15,"renewTime":"x"}})";
}

std::string listed(const std::string& item) {
    return R"({"kind":"LeaseList","metadata":{"resourceVersion":"5"},"items":[)" + item + "]}";
}

k8s::api_error refused(k8s::errc code, unsigned status) {
    k8s::api_error error;
    error.code = code;
    error.http_status = status;
    error.message = "as told";
    return error;
}

struct fixture {
    test_support::fake_runtime rt;
    test_support::scripted_client api{rt};
    proto_http::task_group tasks{rt, [](const std::string& name, std::exception_ptr) { BOOST_ERROR("exception in " + name); }};
    k8s::elector one{api, settings()};
    std::vector<std::string> troubles;

    fixture() {
        one.on_trouble = [this](std::string_view verb, const k8s::api_error& error) {
            troubles.push_back(std::string(verb) + ": " + error.text());
        };
    }

    static k8s::elector_settings settings() {
        k8s::elector_settings s;
        s.lease = {"n", "kuberhealthy"};
        s.rules.identity = "me";
        return s;
    }

    void until(const std::function<bool()>& is_done) {
        rt.drive(is_done);
        BOOST_TEST_REQUIRE(is_done());
    }

    ~fixture() {
        tasks.cancel();
        rt.drive();
        BOOST_TEST(!one.takes_part());
        BOOST_TEST(api.streams_alive == 0u);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(k8s_elector)

BOOST_AUTO_TEST_CASE(it_creates_the_lease_and_leads) {
    fixture f;
    f.api.answers("/apis/coordination.k8s.io/v1/namespaces/n/leases?fieldSelector=metadata.name%3Dkuberhealthy&limit=500", absent)
        .streams("watch=true", "", ending::silence)
        .answers("/apis/coordination.k8s.io/v1/namespaces/n/leases", lease("me", "6"));
    f.tasks.spawn("elector", f.one.run());
    f.until([&] { return f.one.leads(); });
    BOOST_TEST(f.one.holder() == "me");
    BOOST_TEST(f.one.takes_part());
}

BOOST_AUTO_TEST_CASE(a_right_that_is_missing_is_told_with_its_verb_and_tried_again) {
    fixture f;
    f.api.answers("leases?", absent)
        .streams("watch=true", "", ending::silence)
        .fails("/namespaces/n/leases", refused(k8s::errc::forbidden, 403))
        .answers("/namespaces/n/leases", lease("me", "6"));
    f.tasks.spawn("elector", f.one.run());
    f.until([&] { return f.one.leads(); });
    BOOST_TEST_REQUIRE(f.troubles.size() == 1u);
    BOOST_TEST(f.troubles.front().starts_with("create: "));
}

BOOST_AUTO_TEST_CASE(another_holder_is_shown_and_waited_for) {
    fixture f;
    f.api.answers("leases?", listed(lease("other", "4")))
        .streams("watch=true", R"({"type":"MODIFIED","object":)" + lease("", "7") + "}\n", ending::silence, 64 * 1024, 3s)
        .answers("leases/kuberhealthy", lease("me", "8"));
    f.tasks.spawn("elector", f.one.run());
    f.until([&] { return f.one.holder() == "other"; });
    BOOST_TEST(!f.one.leads());
    f.until([&] { return f.one.leads(); });
    BOOST_TEST(f.one.holder() == "me");
}

BOOST_AUTO_TEST_CASE(a_released_lease_is_written_and_the_run_ends) {
    fixture f;
    f.api.answers("leases?", absent)
        .streams("watch=true", "", ending::silence)
        .answers("/namespaces/n/leases", lease("me", "6"))
        .answers("leases/kuberhealthy", lease("", "7"));
    f.tasks.spawn("elector", f.one.run());
    f.until([&] { return f.one.leads(); });
    f.one.release();
    f.until([&] { return f.tasks.size() == 0; });
    BOOST_TEST(!f.one.leads());
    BOOST_TEST(f.troubles.empty());
    BOOST_TEST(f.api.verdict() == "");
}

BOOST_AUTO_TEST_CASE(a_renewal_that_is_not_answered_ends_by_itself_and_leadership_after_it) {
    fixture f;
    f.api.answers("leases?", absent).streams("watch=true", "", ending::silence).answers("/namespaces/n/leases", lease("me", "6"));
    f.tasks.spawn("elector", f.one.run());
    f.until([&] { return f.one.leads(); });
    f.until([&] { return !f.troubles.empty(); }); // the script is over: the API server answers nothing any more
    BOOST_TEST(f.troubles.front().starts_with("patch: "));
    BOOST_TEST(f.one.leads());
    f.until([&] { return !f.one.leads(); });
    BOOST_TEST(f.one.takes_part());
}

BOOST_AUTO_TEST_SUITE_END()
