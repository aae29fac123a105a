#include "controller/ready_condition.hpp"

#include "controller/check_object.hpp"
#include "controller/condition_support.hpp"
#include "proto_http/task_group.hpp"
#include "support/scripted_client.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

kh::core::check_view read(const std::string& object) {
    return kh::v1::parse_check(json::parse(object).as_object(), kh::core::workload::check).view;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ready_condition)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back_beside_what_others_wrote) {
    kh::core::ready_condition ready;
    ready.status = "False";
    ready.reason = "Failed";
    ready.message = "no";
    ready.observed_generation = 3;
    ready.since = 1'700'000'000;
    const std::string others = R"([{"type":"Approved","status":"True","by":"somebody"}])";
    const json::value patch = json::parse(kh::v1::condition_patch_body(ready, others, "70"));
    BOOST_TEST(patch.at("metadata").at("resourceVersion").as_string() == "70");
    BOOST_TEST(patch.at("status").at("observedGeneration").to_number<int>() == 3);
    BOOST_TEST(patch.at("status").at("conditions").as_array().size() == 2u);
    const auto view = read(json::serialize(patch));
    BOOST_TEST((view.ready == ready));
    BOOST_TEST(view.other_conditions == others);
}

BOOST_AUTO_TEST_CASE(what_others_wrote_is_kept_however_deep_it_is) {
    const std::string others = R"([{"type":"Other","deep":)" + std::string(200, '[') + std::string(200, ']') + "}]";
    const std::string patch = kh::v1::condition_patch_body({}, others, "1");
    BOOST_TEST(patch.find(others.substr(1, others.size() - 2)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_status_of_any_shape_is_survived) {
    for (const char* status : {"null", "7", "{}", R"({"conditions":7})", R"({"conditions":[7,{"type":3}]})"}) {
        const auto view = read(std::string(R"({"metadata":{},"status":)") + status + "}");
        BOOST_TEST(!view.ready.has_value());
    }
    BOOST_TEST(read(R"({"status":{"conditions":[{"type":"Ready"}]}})").ready.value().status == "");
}

BOOST_AUTO_TEST_CASE(without_others_it_stands_alone) {
    const json::value patch = json::parse(kh::v1::condition_patch_body({}, "", "1"));
    BOOST_TEST(patch.at("status").at("conditions").as_array().size() == 1u);
}

// No kube-apiserver stores it, and so the write is refused; but a list without the others would be taken.
BOOST_AUTO_TEST_CASE(what_others_wrote_is_not_dropped_where_a_number_in_it_is_beyond_all_measure) {
    const auto view = read(R"({"status":{"conditions":[{"type":"Other","at":1e400}]}})");
    const std::string patch = kh::v1::condition_patch_body({}, view.other_conditions, "1");
    BOOST_TEST(patch.find(R"("conditions":[{"type":"Other")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(discovery_is_asked_until_it_answers_and_says_whether_there_is_a_status) {
    const struct {
        const char* resources;
        bool served;
    } cases[] = {{R"({"resources":[{"name":"khchecks"},{"name":"khchecks/status"}]})", true},
                 {R"({"resources":[{"name":"khchecks"},{"name":"khjobs/status"}]})", false},
                 {R"({})", false},
                 {R"([])", false}};
    for (const auto& c : cases) {
        test_support::fake_runtime rt;
        test_support::scripted_client api{rt};
        k8s::api_error not_found;
        not_found.code = k8s::errc::not_found;
        not_found.http_status = 404;
        api.fails("/apis/comcast.github.io/v1", not_found).answers("/apis/comcast.github.io/v1", c.resources);
        proto_http::task_group tasks{rt, [](const std::string&, std::exception_ptr) { BOOST_ERROR("an exception"); }};
        std::vector<bool> told;
        tasks.spawn("discovery", kh::learn_condition_support(api, [&told](bool served) { told.push_back(served); }));
        rt.drive();
        BOOST_TEST(api.verdict() == "");
        BOOST_TEST(told == std::vector<bool>{c.served});
        BOOST_TEST(tasks.size() == 0u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
