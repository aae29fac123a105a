#include "tools/devcluster/dev/access.hpp"

#include "asio_k8s/client.hpp"
#include "asio_k8s/request.hpp"
#include "proto_http/server.hpp"
#include "support/loop_fixture.hpp"
#include "tools/devcluster/dev/private_file.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace devcluster;
namespace asio = boost::asio;

namespace {

struct fixture : test_support::system_fixture {
    std::filesystem::path folder;

    fixture() {
        std::string pattern = "/tmp/devcluster-access-XXXXXX";
        folder = ::mkdtemp(pattern.data());
    }
    ~fixture() { std::filesystem::remove_all(folder); }

    static asio::awaitable<proto_http::server_response> show_token(proto_http::server_request request) {
        co_return proto_http::make_response(200, "application/json",
                                            "\"" + std::string(request.headers.get("Authorization")) + "\"");
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(access_suite, fixture)

BOOST_AUTO_TEST_CASE(our_own_client_trusts_the_certificate_and_sends_the_token) {
    auto access = make_access(*rt, {}, {"127.0.0.1", 1});
    BOOST_TEST_REQUIRE(access.has_value());
    auto tls = proto_http::tls_context::server(access->tls);
    BOOST_TEST_REQUIRE(tls.has_value());
    proto_http::route any;
    any.path = "*";
    any.handler = show_token;
    proto_http::server server(*rt, {any}, {}, *tls);
    auto listener = rt->listen({"127.0.0.1", 0});
    BOOST_TEST_REQUIRE(listener.has_value());
    access->at.port = (*listener)->port();
    auto serving = start(server.run(std::move(*listener)));
    {
        auto client = k8s::client::make(*rt, client_config(*access));
        BOOST_TEST_REQUIRE(client.has_value());
        k8s::resource pods{"", "v1", "pods"};
        auto answer = run((*client)->call(k8s::get_request(pods, {"a", "b"})));
        BOOST_TEST_REQUIRE(answer.has_value());
        BOOST_TEST(answer->value() == boost::json::value("Bearer " + access->token));
    }
    server.drain(rt->now());
    run_until([&] { return serving.is_done(); });
}

BOOST_AUTO_TEST_CASE(what_a_folder_keeps_is_the_same_after_a_restart) {
    auto first = make_access(*rt, folder, {"127.0.0.1", 6444});
    auto second = make_access(*rt, folder, {"127.0.0.1", 6444});
    BOOST_TEST_REQUIRE((first && second));
    BOOST_TEST(kubeconfig_text(*first, "team") == kubeconfig_text(*second, "team"));
    auto without = make_access(*rt, {}, {"127.0.0.1", 6444});
    BOOST_TEST(without->token != first->token);
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        BOOST_TEST(((entry.status().permissions() & std::filesystem::perms::others_all) == std::filesystem::perms::none));
}

BOOST_AUTO_TEST_CASE(a_private_file_is_replaced_as_a_whole) {
    auto path = (folder / "f").string();
    std::ofstream(path) << "before";
    ::chmod(path.c_str(), 0644);
    BOOST_TEST(write_private_file(path, "after") == "");
    struct stat found {};
    ::stat(path.c_str(), &found);
    BOOST_TEST((found.st_mode & 0777) == 0600u);
    BOOST_TEST(*rt->read_file(path, 100) == "after");
    BOOST_TEST(write_private_file((folder / "no" / "f").string(), "x").find("No such file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_a_link_or_a_file_is_not_taken) {
    std::ofstream(folder / "file") << "x";
    std::filesystem::create_directory_symlink("/tmp", folder / "link");
    BOOST_TEST(make_private_folder((folder / "file").string()) != "");
    BOOST_TEST(make_private_folder((folder / "link").string()) != "");
    BOOST_TEST(make_private_folder((folder / "new" / "deeper").string()) == "");
}

BOOST_AUTO_TEST_CASE(addresses_are_written_as_urls_have_them) {
    BOOST_TEST(address_text({"127.0.0.1", 80}) == "127.0.0.1:80");
    BOOST_TEST(address_text({"::1", 80}) == "[::1]:80");
}

BOOST_AUTO_TEST_SUITE_END()
