#include "fuzz/fuzz_loop.hpp"
#include "proto_http/message_parser.hpp"
#include "proto_http/server.hpp"
#include "support/scripted_peer.hpp"

#include <vector>

namespace {

namespace asio = boost::asio;
using namespace proto_http;

struct seen {
    std::vector<std::string> methods; ///< of the requests that came to a handler, in order
    std::vector<std::string> errors;
};

asio::awaitable<server_response> echo(server_request request, seen& all) {
    all.methods.push_back(request.method);
    auto answer = make_response(200, "text/plain", std::move(request.body));
    co_return answer;
}

asio::awaitable<void> write_twice(body_writer& to) {
    for (int i = 0; i < 2; ++i)
        co_await to.write("piece");
}

asio::awaitable<server_response> streamed(server_request request, seen& all) {
    all.methods.push_back(request.method);
    server_response answer;
    answer.stream = write_twice;
    co_return answer;
}

std::vector<route> routes_to(seen& all) {
    std::vector<route> made(3);
    made[0].methods = {"GET", "POST"};
    made[0].path = "/echo";
    made[0].body_size_max = 2 * 1024;
    made[0].handler = [&all](server_request request) { return echo(std::move(request), all); };
    made[1].methods = {"GET"};
    made[1].path = "/stream";
    made[1].handler = [&all](server_request request) { return streamed(std::move(request), all); };
    made[2].path = "*";
    made[2].handler = [&all](server_request request) { return echo(std::move(request), all); };
    return made;
}

/// Sends each text when the one before has been taken, and reads all that comes back.
asio::awaitable<void> send_all(stream& to, fuzz::input pieces, runtime& rt) {
    while (!pieces.empty()) {
        co_await test_support::write_all(to, std::string(pieces.next()));
        co_await wait_until(rt, rt.now() + std::chrono::milliseconds(1));
    }
    co_await to.shutdown();
}

/// Every byte that the server sends belongs to an answer; a client of HTTP/1.0 may see a stream cut off by the end.
std::size_t count_answers(std::string_view text) {
    std::size_t count = 0;
    while (!text.empty()) {
        response_parser parser(16 * 1024);
        auto header = parser.feed(text);
        fuzz::require(header.has_value() && parser.is_header_done(), "answers are HTTP");
        text.remove_prefix(*header);
        auto body = parser.feed(text);
        fuzz::require(body.has_value(), "bodies are framed");
        text.remove_prefix(*body);
        fuzz::require(parser.is_done() || parser.feed_end().has_value(), "an answer is whole");
        count += parser.status >= 200 ? 1 : 0;
    }
    return count;
}

} // namespace

// What a client sends, piece by piece.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::loop on;
    seen all;
    server_limits limits;
    limits.header_size_max = 2 * 1024;
    server under_test(on.rt, routes_to(all), limits);
    under_test.on_error = [&all](std::string_view text) { all.errors.emplace_back(text); };
    auto listening = on.rt.listen(host_port{"", 80});
    auto serving = on.start(under_test.run(std::move(*listening)));

    auto connection = on.run(on.rt.dial(host_port{"server", 80}));
    auto sending = on.start(send_all(**connection, fuzz::input(data, size), on.rt));
    auto answers = on.run(test_support::read_to_end(**connection));
    (*connection)->close();
    under_test.drain(on.rt.now());
    on.rt.run_until([&] { return *serving && *sending; });

    fuzz::require(*serving && *sending && under_test.connections() == 0, "the server ends");
    fuzz::require(on.rt.time().size() == 0, "no wait is left behind");
    fuzz::require(all.errors.empty(), "nothing unexpected happened");
    std::string sent;
    for (fuzz::input pieces(data, size); !pieces.empty();)
        sent += pieces.next();
    bool asks_for_no_body = sent.find("HEAD") != std::string::npos;
    if (!asks_for_no_body)
        fuzz::require(count_answers(answers) >= all.methods.size(), "every handled request is answered");
    return 0;
}
