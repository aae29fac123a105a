#include "proto_http/session.hpp"

#include "proto_http/ascii.hpp"
#include "proto_http/error.hpp"
#include "proto_http/first_of.hpp"
#include "proto_http/response_head.hpp"
#include "proto_http/tls.hpp"
#include "proto_http/with_deadline.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/error.hpp>

namespace proto_http {

namespace asio = boost::asio;

namespace {

constexpr unsigned http_10 = 10;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

std::size_t count_of(const header_list& headers, std::string_view name) {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(), [&](const header& one) { return ascii::equal(one.name, name); }));
}

/// The characters of a host and port (RFC 3986, 3.2.2), an empty one included.
bool is_host(std::string_view text) {
    constexpr std::string_view others = "-._~%!$&'()*+,;=:[]";
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

/// "HTTP/<digit>.<digit>" at the end of the first line: another version of the protocol rather than garbage.
bool names_another_version(std::string_view data) {
    auto line = data.substr(0, data.find_first_of("\r\n"));
    auto at = line.rfind(" HTTP/");
    if (at == std::string_view::npos)
        return false;
    auto version = line.substr(at + 6);
    auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    bool is_version = version.size() == 3 && is_digit(version[0]) && version[1] == '.' && is_digit(version[2]);
    return is_version && version != "1.0" && version != "1.1";
}

} // namespace

session::session(std::shared_ptr<session_host> host, std::unique_ptr<stream> over)
    : host_(std::move(host)), raw_(std::move(over)), awaited_(host_->awaited, this), holding_(host_->holding, this) {}

session::~session() {
    set_kept(0);
}

void session::close() noexcept {
    if (io_)
        io_->close();
    else if (raw_)
        raw_->close();
}

void session::give_way() noexcept {
    client_has_done();
    set_kept(0);
    gave_way_ = true;
    if (leaving_)
        leaving_->set();
    close();
}

void session::await_client() {
    if (gave_way_)
        return; // it only has not noticed yet
    awaited_.go_to_the_end();
    if (kept_size_ != 0)
        holding_.go_to_the_end();
}

void session::client_has_done() noexcept {
    awaited_.leave();
    holding_.leave();
}

/// More of a request has come. Where all sessions together keep too much, those that began first give way: this one too.
void session::keep(std::size_t received) {
    if (gave_way_)
        return;
    if (kept_size_ == 0)
        holding_.go_to_the_end();
    set_kept(kept_size_ + received);
    while (host_->received > host_->limits.received_size_max && !host_->holding.empty())
        host_->holding.front()->give_way();
}

void session::set_kept(std::size_t size) noexcept {
    host_->received += size - kept_size_;
    kept_size_ = size;
}

asio::awaitable<void> session::run() {
    bool is_open = co_await secure();
    while (is_open && !gave_way_) {
        is_open = co_await wait_for_request();
        if (is_open)
            is_open = co_await serve_one();
    }
    close();
}

asio::awaitable<bool> session::secure() {
    if (host_->tls) {
        leaving_.emplace(host_->rt);
        await_client();
        auto handshake = shake_hands();
        auto leaving = until_it_gives_way();
        co_await first_of(host_->rt, std::move(handshake), std::move(leaving));
        if (!raw_)
            co_return false;
    }
    io_.emplace(host_->rt, std::move(raw_));
    co_return true;
}

/// Takes raw_, and puts it back with TLS on it if all went well.
asio::awaitable<void> session::shake_hands() {
    auto handshake = host_->tls->accept(std::move(raw_));
    auto secured = co_await with_deadline<std::unique_ptr<stream>>(host_->rt, std::move(handshake),
                                                                   later(host_->rt.now(), host_->limits.tls_handshake_max));
    if (secured)
        raw_ = std::move(*secured);
}

asio::awaitable<void> session::until_it_gives_way() {
    co_await leaving_->wait();
}

asio::awaitable<bool> session::wait_for_request() {
    route_ = nullptr;
    parser_.reset();
    set_kept(in_.data().size());
    if (!in_.empty())
        co_return true;
    if (host_->is_closing && !is_first_)
        co_return false;
    in_.release();
    auto limit = is_first_ ? host_->limits.header_time_max : host_->limits.idle_time_max;
    io_->expires_at(later(host_->rt.now(), limit));
    is_idle_ = true;
    await_client();
    auto got = co_await io_->read_some(asio::buffer(first_bytes_));
    is_idle_ = false;
    if (!got)
        co_return false;
    in_.append(std::string_view(first_bytes_.data(), *got));
    keep(*got);
    co_return true;
}

asio::awaitable<bool> session::serve_one() {
    is_first_ = false;
    target_ = target_parts();
    allow_.clear();
    is_head_request_ = wants_gzip_ = false;

    await_client();
    auto header = co_await read_header();
    if (header.is_over)
        co_return false;
    if (header.refused)
        co_return co_await refuse(header);
    auto body = co_await read_body();
    if (body.is_over)
        co_return false;
    if (body.refused)
        co_return co_await refuse(body);

    client_has_done();
    set_kept(in_.data().size()); // the request is the handler's now; what is left is the beginning of the next
    in_.release();
    io_->expires_at(never);
    auto answer = co_await call_handler();
    if (answer.aborts)
        co_return false;
    if (answer.stream && has_body(answer.status))
        co_return co_await reply_streamed(std::move(answer));
    co_return co_await reply(std::move(answer), true);
}

asio::awaitable<error_code> session::fill() {
    auto got = co_await io_->read_some(in_.prepare());
    if (!got)
        co_return got.error();
    in_.commit(*got);
    keep(*got);
    co_return error_code();
}

asio::awaitable<session::verdict> session::read_header() {
    io_->expires_at(later(host_->rt.now(), host_->limits.header_time_max));
    parser_.emplace(host_->limits.header_size_max);
    while (true) {
        // Empty lines before a request are skipped (RFC 9112, 2.2).
        while (!parser_->got_some() && in_.data().starts_with("\r\n"))
            in_.consume(2);
        if (in_.data() != "\r") {
            auto fed = parser_->feed(in_.data());
            if (!fed)
                co_return broken(fed.error(), false);
            in_.consume(*fed);
        }
        if (parser_->is_header_done())
            co_return judge_header();
        auto error = co_await fill();
        if (error)
            co_return broken(error, false);
    }
}

session::verdict session::judge_header() {
    auto framing = judge_framing();
    is_head_request_ = parser_->method == "HEAD";
    wants_gzip_ = accepts_gzip(parser_->headers.get("Accept-Encoding"));
    auto target = split_target(parser_->target);
    bool is_for_options = parser_->target == "*"; // RFC 9112, 3.2.4
    if (target && (!is_for_options || parser_->method == "OPTIONS")) {
        target_ = std::move(*target);
        auto match = host_->routes.find(parser_->method, target_.path);
        route_ = match.by_path;
        allow_ = std::move(match.allow);
        if (!framing.refused && match.found == nullptr)
            framing.refused = route_ == nullptr ? refusal{404, "no such path"} : refusal{405, "method not allowed here"};
    } else if (!framing.refused) {
        framing.refused = refusal{400, "malformed request target"};
    }
    if (framing.refused)
        return framing;

    auto size_max = route_->body_size_max != 0 ? route_->body_size_max : host_->limits.body_size_max;
    if (parser_->content_length() && *parser_->content_length() > size_max) {
        framing.refused = refusal{413, "body too large"};
        return framing;
    }
    parser_->limit_body(size_max);
    return framing;
}

/// What can be said without a route. Two messages that another parser would cut elsewhere must not be told apart by luck:
/// whatever is not plainly framed is refused and the connection closed.
session::verdict session::judge_framing() const {
    verdict result;
    const auto& headers = parser_->headers;
    bool is_10 = parser_->version == http_10;
    auto hosts = count_of(headers, "Host");
    bool is_coded = headers.has("Transfer-Encoding");
    bool is_chunked = ascii::equal(headers.get("Transfer-Encoding"), "chunked") && count_of(headers, "Transfer-Encoding") == 1;
    if (is_coded && is_10)
        result.refused = refusal{400, "Transfer-Encoding in HTTP/1.0"};
    else if (is_coded && !is_chunked)
        result.refused = refusal{501, "transfer coding not supported"};
    else if (is_coded && headers.has("Content-Length"))
        result.refused = refusal{400, "both Content-Length and Transfer-Encoding"};
    else if (hosts > 1 || (hosts == 0 && !is_10))
        result.refused = refusal{400, "exactly one Host header is needed"};
    else if (!is_host(headers.get("Host")))
        result.refused = refusal{400, "malformed Host header"};
    else if (headers.has("Expect") && !ascii::equal(headers.get("Expect"), "100-continue"))
        result.refused = refusal{417, "expectation not supported"};
    else
        result.keeps_framing = parser_->is_done();
    return result;
}

session::verdict session::broken(error_code error, bool in_body) {
    verdict result;
    if (!in_body)
        find_route_of_broken_header();
    bool is_first_line = parser_->version == 0 || parser_->target.size() >= host_->limits.header_size_max;
    if (error == errc::timed_out)
        result.refused = refusal{408, in_body ? "body took too long" : "header took too long"};
    else if (error == errc::header_too_large)
        result.refused = is_first_line ? refusal{414, "request target too long"} : refusal{431, "header too large"};
    else if (error == errc::body_too_large)
        result.refused = refusal{413, "body too large"};
    else if (error == errc::malformed && parser_->cause == boost::beast::http::error::bad_version &&
             names_another_version(in_.data()))
        result.refused = refusal{505, "HTTP version not supported"};
    else if (error == errc::malformed)
        result.refused = refusal{400, in_body ? "malformed body" : "malformed request"};
    else
        result.is_over = true;
    return result;
}

/// A path may word its refusals, also of a first line that is too long or of another version: then the parser has not taken it.
void session::find_route_of_broken_header() {
    std::string_view method = parser_->method;
    std::string_view line = parser_->target;
    if (parser_->version == 0) {
        line = in_.data();
        method = line.substr(0, line.find(' '));
        line.remove_prefix(std::min(line.size(), method.size() + 1));
        line = line.substr(0, line.find_first_of(" \r\n"));
    }
    if (auto target = split_target(line))
        route_ = host_->routes.find(method, target->path).by_path;
}

asio::awaitable<session::verdict> session::read_body() {
    verdict good;
    if (parser_->is_done())
        co_return good;
    io_->expires_at(later(host_->rt.now(), host_->limits.body_time_max));
    bool asks = parser_->version != http_10 && parser_->headers.has("Expect");
    if (asks && in_.empty()) {
        auto sent = co_await io_->write(continue_line, std::string_view());
        if (!sent)
            co_return broken(sent.error(), true);
    }
    while (true) {
        auto fed = parser_->feed(in_.data());
        if (!fed)
            co_return broken(fed.error(), true);
        in_.consume(*fed);
        if (parser_->is_done())
            co_return good;
        auto error = co_await fill();
        if (error)
            co_return broken(error, true);
    }
}

server_request session::take_request() {
    server_request request;
    request.method = std::move(parser_->method);
    request.path = std::move(target_.path);
    request.query = std::move(target_.query);
    request.headers = std::move(parser_->headers);
    request.body = std::move(parser_->body);
    request.remote_address = io_->next_layer().remote_address();
    request.is_client_trusted = io_->next_layer().is_peer_trusted();
    return request;
}

asio::awaitable<server_response> session::call_handler() {
    std::exception_ptr failed;
    try {
        auto handling = route_->handler(take_request());
        co_return co_await std::move(handling);
    } catch (...) {
        failed = std::current_exception();
    }
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        std::rethrow_exception(failed);
    if (host_->report)
        host_->report("handler of " + route_->path + " failed: " + what_of(failed));
    co_return make_response(500, "application/json", "{\"error\":\"internal error\"}\n");
}

} // namespace proto_http
