#include "asio_k8s/error.hpp"

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

using k8s::api_error;
using k8s::errc;

BOOST_AUTO_TEST_SUITE(k8s_error)

BOOST_AUTO_TEST_CASE(every_code_has_a_message_of_its_own) {
    std::set<std::string> messages;
    for (int value = static_cast<int>(errc::bad_request); value <= static_cast<int>(errc::bad_configuration); ++value)
        messages.insert(make_error_code(static_cast<errc>(value)).message());
    BOOST_TEST(messages.size() == static_cast<std::size_t>(errc::bad_configuration));
}

BOOST_AUTO_TEST_CASE(an_answered_error_shows_status_reason_and_the_servers_words) {
    api_error error;
    error.code = errc::forbidden;
    error.http_status = 403;
    error.reason = "Forbidden";
    error.message = "pods is forbidden";
    BOOST_TEST(error.answered());
    BOOST_TEST(error.text() == "403 Forbidden: pods is forbidden");
}

BOOST_AUTO_TEST_CASE(an_answer_without_words_shows_what_to_check) {
    api_error error;
    error.code = errc::not_found;
    error.http_status = 404;
    BOOST_TEST(error.text() == "404: not found; check that the object exists and that its CRD is installed");
}

BOOST_AUTO_TEST_CASE(an_error_without_an_answer_shows_the_systems_words) {
    api_error error;
    error.code = boost::system::errc::make_error_code(boost::system::errc::connection_refused);
    BOOST_TEST(!error.answered());
    BOOST_TEST(error.text() == "Connection refused");
}

BOOST_AUTO_TEST_CASE(a_value_that_is_not_there_throws_the_error_with_its_text) {
    api_error error;
    error.code = errc::not_found;
    error.http_status = 404;
    error.message = "no such pod";
    k8s::api_result<int> failed = error;
    try {
        failed.value();
        BOOST_FAIL("nothing was thrown");
    } catch (const boost::system::system_error& thrown) {
        BOOST_TEST(thrown.code() == make_error_code(errc::not_found));
        BOOST_TEST(std::string(thrown.what()).find("no such pod") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
