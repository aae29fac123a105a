#include "proto_http/resolver.hpp"

#include "proto_http/error.hpp"
#include "support/loop_fixture.hpp"

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <map>
#include <string>

using namespace proto_http;
namespace asio = boost::asio;
using asio::ip::udp;

// c-ares against a DNS server on loopback that answers from a table.

namespace {

constexpr unsigned char no_error = 0, server_failure = 2, no_such_name = 3, refused = 5;
constexpr std::size_t header_size = 12;

/// RFC 1035, 4.1: one question in, its answer out. Only A records; other types have no data.
class name_server {
public:
    explicit name_server(asio::io_context& context) : socket_(context, udp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        read();
    }

    std::string address() const { return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port()); }

    std::map<std::string, asio::ip::address_v4> addresses;
    unsigned char code_of_others = no_such_name;
    bool is_silent = false;
    int questions = 0;

private:
    void read() {
        socket_.async_receive_from(asio::buffer(packet_), from_, [this](error_code error, std::size_t size) {
            if (error)
                return;
            ++questions;
            if (!is_silent)
                socket_.send_to(asio::buffer(answer_to(std::string(packet_.data(), size))), from_);
            read();
        });
    }

    std::string answer_to(std::string question) const {
        std::string name;
        auto at = header_size;
        for (; question[at] != 0; at += static_cast<std::size_t>(question[at]) + 1)
            name += (name.empty() ? "" : ".") + question.substr(at + 1, static_cast<std::size_t>(question[at]));
        bool wants_a = question[at + 2] == 1;
        auto answer = question.substr(0, at + 5); // without what EDNS adds
        auto found = addresses.find(name);
        auto code = found == addresses.end() ? code_of_others : no_error;
        bool has_answer = found != addresses.end() && wants_a;
        answer[2] = static_cast<char>(0x85); // an authoritative answer
        answer[3] = static_cast<char>(code);
        answer[7] = has_answer ? 1 : 0;
        answer[11] = 0;
        if (has_answer) {
            answer.append("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04", 12);
            for (auto byte : found->second.to_bytes())
                answer += static_cast<char>(byte);
        }
        return answer;
    }

    udp::socket socket_;
    udp::endpoint from_;
    std::array<char, 512> packet_{};
};

struct fixture : test_support::system_fixture {
    std::optional<name_server> server{context};

    ~fixture() { server.reset(); }

    result<std::vector<asio::ip::address>> ask(std::string name) {
        name_query what;
        what.name = std::move(name);
        what.server = server->address();
        return run(rt->resolve(std::move(what)));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(resolver, fixture)

BOOST_AUTO_TEST_CASE(the_server_that_is_named_is_asked) {
    server->addresses["a.example"] = asio::ip::make_address_v4("192.0.2.7");
    auto got = ask("a.example");
    BOOST_TEST_REQUIRE(got.has_value());
    BOOST_TEST_REQUIRE(got->size() == 1u);
    BOOST_TEST(got->front().to_string() == "192.0.2.7");
    BOOST_TEST(server->questions > 0);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_there_is_told_from_a_server_that_cannot_say) {
    for (auto [code, expected] : {std::pair(no_such_name, errc::host_not_found),
                                  {no_error, errc::host_not_found},
                                  {server_failure, errc::name_server_failed},
                                  {refused, errc::name_server_failed}}) {
        BOOST_TEST_CONTEXT(int(code)) {
            server->code_of_others = code;
            BOOST_TEST((ask("b.example.").error() == expected));
        }
    }
}

BOOST_AUTO_TEST_CASE(addresses_and_localhost_are_not_asked_for) {
    BOOST_TEST(ask("192.0.2.1")->front().to_string() == "192.0.2.1");
    BOOST_TEST(server->questions == 0);
    name_query what;
    what.name = "localhost";
    BOOST_TEST(run(rt->resolve(what))->front().to_string() == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_no_address_is_an_error) {
    name_query what;
    what.name = "a.example";
    what.server = "not an address";
    BOOST_TEST((run(rt->resolve(what)).error() == errc::name_server_failed));
}

BOOST_AUTO_TEST_CASE(a_server_that_is_silent_can_be_left) {
    server->is_silent = true;
    name_query what;
    what.name = "a.example";
    what.server = server->address();
    auto asking = start(rt->resolve(what));
    BOOST_TEST(run_until([&] { return server->questions > 0; }));
    asking.cancel();
    BOOST_TEST(run_until([&] { return asking.is_done(); }));
    BOOST_TEST(asking.value().has_error());
}

BOOST_AUTO_TEST_SUITE_END()
