#include "controller/driver.hpp"
#include "proto_http/task_group.hpp"

#include "support/fake_runtime.hpp"
#include "unit/controller/core/bench.hpp"

#include <boost/asio/co_spawn.hpp>

using namespace core_test;

namespace {

struct driver_fixture {
    test_support::fake_runtime rt;
    std::vector<action> actions;
    kh::driver driver{rt, decider_settings(), [this](action what) { actions.push_back(std::move(what)); }};
    proto_http::task_group tasks{rt, [](const std::string&, std::exception_ptr) { BOOST_ERROR("exception"); }};

    driver_fixture() { tasks.spawn("driver", driver.run()); }
    ~driver_fixture() {
        tasks.cancel();
        rt.drive();
        BOOST_TEST(tasks.size() == 0u);
    }

    unix_seconds wall() { return std::chrono::floor<std::chrono::seconds>(rt.wall_now()).time_since_epoch().count(); }

    template <class T>
    bool has() const {
        return std::any_of(actions.begin(), actions.end(), [](const action& a) { return std::holds_alternative<T>(a); });
    }

    template <class T>
    void drive_until() {
        rt.drive([this] { return has<T>(); });
        BOOST_TEST_REQUIRE(has<T>());
    }

    template <class T>
    T take() {
        auto found = std::find_if(actions.begin(), actions.end(), [](const action& a) { return std::holds_alternative<T>(a); });
        T what = std::get<T>(*found);
        actions.erase(found);
        return what;
    }

    /// A check is applied, and driven to its running pod's report.
    pod_view report_of_first_run() {
        check_view check = make_check();
        check.created = wall();
        driver.post(check_applied{check});
        for (watched what : {watched::checks, watched::jobs, watched::states, watched::pods})
            driver.post(watch_synced{what});
        drive_until<create_pod>();
        bench values;
        const create_pod order = take<create_pod>();
        pod_view pod = values.pod_of(order);
        pod.created = wall();
        create_done done;
        done.key = order.key;
        done.id = order.id;
        done.answer = create_answer::created;
        done.pod = pod;
        driver.post(done);
        report_received report;
        report.id = 1;
        report.secret = pod.secret;
        report.content.ok = true;
        driver.post(report);
        drive_until<write_result>();
        return pod;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(driver)

BOOST_AUTO_TEST_CASE(it_sleeps_until_the_core_is_due_and_no_longer) {
    driver_fixture f;
    check_view check = make_check();
    check.created = f.wall();
    f.driver.post(check_applied{check});
    for (watched what : {watched::checks, watched::jobs, watched::states, watched::pods})
        f.driver.post(watch_synced{what});
    f.drive_until<create_pod>();
    const create_pod order = f.take<create_pod>();
    BOOST_TEST(f.wall() == order.slot);
    BOOST_TEST(order.slot < check.created + 10);
}

BOOST_AUTO_TEST_CASE(reports_are_settled_when_the_last_one_is_stored) {
    driver_fixture f;
    f.report_of_first_run();
    bool settled = false;
    boost::asio::co_spawn(f.rt.executor(), f.driver.reports_settled(proto_http::never),
                          [&](std::exception_ptr) { settled = true; });
    const write_result order = f.take<write_result>();
    f.rt.drive([&] { return f.rt.now() > time_point(); });
    BOOST_TEST(!settled);
    bench values;
    write_done done;
    done.key = order.result.key;
    done.id = order.id;
    done.answer = write_answer::written;
    done.state = values.state_of(order.result);
    f.driver.post(done);
    f.rt.drive([&] { return settled; });
    BOOST_TEST(settled);
    BOOST_TEST(f.has<answer_report>());
}

BOOST_AUTO_TEST_CASE(reports_that_cannot_be_stored_are_not_waited_for_beyond_the_deadline) {
    driver_fixture f;
    f.report_of_first_run();
    const time_point deadline = f.rt.now() + 5s;
    bool settled = false;
    boost::asio::co_spawn(f.rt.executor(), f.driver.reports_settled(deadline), [&](std::exception_ptr) { settled = true; });
    f.rt.drive([&] { return settled; });
    BOOST_TEST(settled);
    BOOST_TEST((f.rt.now() == deadline));
}

BOOST_AUTO_TEST_SUITE_END()
