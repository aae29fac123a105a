#include "controller/server_certificate.hpp"

#include "support/fake_runtime.hpp"
#include "support/test_data.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using test_support::read_test_data;

namespace {

struct certificate_fixture {
    test_support::fake_runtime rt;
    kh::capture_log log;
    kh::server_certificate one{rt, log, {"/tls.crt", "/tls.key", ""}};
    int taken = 0;

    certificate_fixture() {
        one.on_change = [this](const std::shared_ptr<proto_http::tls_context>&) { ++taken; };
    }

    std::string load(const std::string& name) {
        rt.files["/tls.crt"] = read_test_data("tls/" + name + ".pem");
        rt.files["/tls.key"] = read_test_data("tls/" + name + ".key");
        return one.load();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(server_certificate)

BOOST_AUTO_TEST_CASE(a_certificate_with_its_key_is_taken) {
    certificate_fixture f;
    BOOST_TEST(f.load("server") == "");
    BOOST_TEST(f.taken == 1);
    BOOST_TEST((f.one.context() != nullptr));
    BOOST_TEST(f.one.in_use().subject == "CN=server");
    BOOST_TEST(f.one.complaint() == "");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_names_the_file_and_leaves_the_old_one) {
    struct {
        const char* file;
        std::string content; ///< empty: the file is gone
        const char* complaint;
    } const table[] = {
        {"/tls.crt", "", "/tls.crt: "},
        {"/tls.key", "", "/tls.key: "},
        {"/tls.crt", "nonsense", "/tls.crt: no certificate in PEM"},
        {"/tls.key", "nonsense", "/tls.crt, /tls.key: not a certificate with its key"},
        {"/tls.key", read_test_data("tls/other-server.key"), "/tls.crt, /tls.key: not a certificate with its key"},
    };
    for (const auto& row : table) {
        certificate_fixture f;
        f.load("server");
        const auto before = f.one.context();
        if (row.content.empty())
            f.rt.files.erase(row.file);
        else
            f.rt.files[row.file] = row.content;
        BOOST_TEST(f.one.load().starts_with(row.complaint), row.complaint);
        BOOST_TEST(f.one.complaint().starts_with(row.complaint));
        BOOST_TEST((f.one.context() == before));
        BOOST_TEST(f.taken == 1);
        BOOST_TEST(f.load("other-server") == "");
        BOOST_TEST(f.one.complaint() == "");
        BOOST_TEST(f.one.in_use().subject == "CN=other-server");
        BOOST_TEST(f.taken == 2);
    }
}

BOOST_AUTO_TEST_CASE(one_that_has_run_out_replaces_nothing) {
    certificate_fixture f;
    f.load("server");
    BOOST_TEST(f.load("expired") == "/tls.crt: ended on 2021-01-01T00:00:00Z");
    BOOST_TEST(f.one.in_use().subject == "CN=server");
}

BOOST_AUTO_TEST_CASE(one_that_has_run_out_is_better_than_none_and_warns) {
    certificate_fixture f;
    BOOST_TEST(f.load("expired") == "");
    BOOST_TEST(f.log.count("the certificate of the HTTP server has run out") == 1u);
}

BOOST_AUTO_TEST_CASE(authorities_of_clients_that_are_none_are_said) {
    certificate_fixture f;
    kh::server_certificate one(f.rt, f.log, {"/tls.crt", "/tls.key", "/ca.crt"});
    f.load("server");
    BOOST_TEST(one.load().starts_with("/ca.crt: "));
    f.rt.files["/ca.crt"] = "nonsense";
    BOOST_TEST(one.load().ends_with("/ca.crt has no certificate"));
    f.rt.files["/ca.crt"] = read_test_data("tls/ca.pem");
    BOOST_TEST(one.load() == "");
}

BOOST_AUTO_TEST_SUITE_END()
