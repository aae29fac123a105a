#include "tools/devcluster/api/api_server.hpp"
#include "fuzz/fuzz_loop.hpp"
#include "proto_http/router.hpp"
#include "proto_http/with_deadline.hpp"
#include "tools/devcluster/api/api_call.hpp"
#include "tools/devcluster/node/log_stream.hpp"

#include <charconv>

namespace {

namespace asio = boost::asio;
using namespace proto_http;

/// Kubernetes' own schemas are the same in every server, whatever was asked before, and as much work as hundreds of other
/// requests.
bool is_worth_asking(std::string_view path) {
    return !path.starts_with("/openapi/") || path.starts_with("/openapi/v3/apis/two.io/");
}

/// Every container has the same log.
class one_log final : public devcluster::log_source {
public:
    explicit one_log(runtime& rt) : rt_(rt), log_(std::make_shared<devcluster::container_log>(rt)) {
        log_->append("one\ntwo\n\xFF");
        log_->close();
    }

    asio::awaitable<devcluster::outcome<body_stream>> open_log(devcluster::log_request what) override {
        auto stream = devcluster::stream_log(rt_, log_, std::move(what));
        co_return stream;
    }

private:
    runtime& rt_;
    std::shared_ptr<devcluster::container_log> log_;
};

/// Takes a stream's beginning; then the client goes away.
class short_reader final : public body_writer {
public:
    std::string text;

    asio::awaitable<result<void>> write(std::string_view piece) override {
        text += piece;
        if (text.size() > 16 * 1024)
            co_return make_error_code(boost::system::errc::broken_pipe);
        co_return result<void>();
    }
};

/// "METHOD TARGET", header lines, an empty line, the body.
std::optional<server_request> request_of(std::string_view text) {
    auto line = [&] {
        auto end = text.find('\n');
        auto found = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        return found;
    };
    auto first = line();
    auto space = first.find(' ');
    if (space == std::string_view::npos)
        return std::nullopt;
    auto target = split_target(first.substr(space + 1));
    if (!target)
        return std::nullopt;
    server_request made;
    made.method = first.substr(0, space);
    made.path = target->path;
    made.query = target->query;
    for (auto one = line(); !one.empty(); one = line())
        if (auto colon = one.find(": "); colon != std::string_view::npos)
            made.headers.add(std::string(one.substr(0, colon)), std::string(one.substr(colon + 2)));
    made.body = text;
    return made;
}

/// Until it ends, but not for longer than an hour: the client of a watch without an end goes away.
asio::awaitable<void> read_for_an_hour(runtime& rt, body_stream from, body_writer& to) {
    auto all = [](body_stream& stream, body_writer& reader) -> asio::awaitable<result<bool>> {
        co_await stream(reader);
        co_return true;
    };
    auto reading = all(from, to);
    co_await with_deadline(rt, std::move(reading), rt.now() + std::chrono::hours(1));
}

void check_lines(std::string_view stream) {
    while (!stream.empty()) {
        auto end = stream.find('\n');
        if (end == std::string_view::npos)
            return; // cut off by the reader
        fuzz::require_json(stream.substr(0, end), "a watched event");
        stream.remove_prefix(end + 1);
    }
}

void check_answer(fuzz::loop& on, const server_response& answer) {
    fuzz::require(answer.status >= 200 && answer.status < 600, "an answer has a status");
    for (const auto& header : answer.headers)
        fuzz::require(header.value.find_first_of("\r\n") == std::string::npos, "a header is one line");
    bool is_json = answer.headers.get("Content-Type").starts_with("application/json");
    if (answer.stream) {
        short_reader reader;
        on.run(read_for_an_hour(on.rt, answer.stream, reader));
        if (is_json)
            check_lines(reader.text);
    } else if (is_json && answer.body) {
        fuzz::require_json(*answer.body, "an answer");
    }
}

/// The namespaces that every server has from the start. Stored once: that costs as much as a request.
const std::vector<devcluster::object_ptr>& first_namespaces() {
    static const auto stored = [] {
        fuzz::loop on;
        devcluster::api_server api(on.rt, {});
        api.load();
        return api.all().stored().in("namespaces").list({});
    }();
    return stored;
}

} // namespace

// Requests to the embedded API server, one after the other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::loop on;
    one_log logs(on.rt);
    devcluster::api_server_options options;
    options.logs = &logs;
    devcluster::api_server api(on.rt, options);
    auto& stored = api.all().stored();
    for (const auto& each : first_namespaces())
        stored.restore(stored.in("namespaces"), devcluster::key_of(each->value), each);
    api.load();
    auto serve = api.routes().front().handler;
    fuzz::input in(data, size);
    for (int i = 0; i < 8 && !in.empty(); ++i)
        if (auto request = request_of(in.next()); request && is_worth_asking(request->path))
            check_answer(on, on.run(serve(std::move(*request))));
    return 0;
}
