#include "proto_http/message_parser.hpp"

#include "proto_http/error.hpp"

#include <boost/beast/http/error.hpp>

namespace proto_http {

namespace beast_http = boost::beast::http;

namespace {

// The line before each chunk: a size and extensions that nobody uses.
constexpr std::size_t chunk_header_size_max = 4 * 1024;
// A peer that announces much and sends nothing gets no more memory than this.
constexpr std::size_t reserve_max = 64 * 1024;
// "0\r\n\r\n": no shorter rest of a chunked message can end it.
constexpr std::size_t chunk_header_size_min = 5;
// Each costs 64 bytes and more, however short it is.
constexpr std::size_t header_count_max = 128;

/// RFC 9112, 5.2: whoever does not unfold it like us would see other headers.
bool has_folded_line(std::string_view header) {
    return header.find("\r\n ") != std::string_view::npos || header.find("\r\n\t") != std::string_view::npos;
}

} // namespace

template <bool IsRequest>
message_parser<IsRequest>::message_parser(std::size_t header_size_max, std::size_t body_size_max)
    : header_size_max_(header_size_max), body_size_max_(body_size_max) {
    // Beast's limits look at one buffer, ours at the whole header and body.
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(boost::none);
}

template <bool IsRequest>
result<std::size_t> message_parser<IsRequest>::feed(std::string_view data) {
    std::size_t used = 0;
    while (!this->is_done()) {
        auto rest = data.substr(used);
        if (rest.empty() || lacks_chunk_header(rest))
            break;
        bool had_header = this->is_header_done();
        error_code error;
        auto size = this->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
        used += size;
        if (!had_header) {
            header_size_ += size;
            if (IsRequest && has_folded_line(rest.substr(0, size)))
                return errc::malformed;
        }
        auto pending = rest.size() - size;
        bool needs_more = error == beast_http::error::need_more;
        if (!had_header && header_size_ + (needs_more ? pending : 0) > header_size_max_)
            return errc::header_too_large;
        if (needs_more) {
            if (had_header && pending > chunk_header_size_max)
                return errc::malformed;
            break;
        }
        if (error)
            return meaning_of(error);
        if (!had_header)
            break;
    }
    return used;
}

// Beast asserts that it gets at least the five bytes when it comes back to a last chunk.
template <bool IsRequest>
bool message_parser<IsRequest>::lacks_chunk_header(std::string_view rest) const {
    return this->is_header_done() && this->chunked() && chunk_left_ == 0 && rest.size() < chunk_header_size_min;
}

template <bool IsRequest>
result<void> message_parser<IsRequest>::feed_end() {
    if (this->is_done())
        return {};
    if (!this->got_some())
        return errc::closed;
    error_code error;
    this->put_eof(error);
    if (error)
        return errc::closed;
    return {};
}

template <bool IsRequest>
error_code message_parser<IsRequest>::meaning_of(error_code error) {
    cause = error;
    if (error == beast_http::error::body_limit)
        return errc::body_too_large;
    if (error == beast_http::error::header_limit)
        return errc::header_too_large;
    return errc::malformed;
}

template <bool IsRequest>
error_code message_parser<IsRequest>::take_body(text piece) {
    if (piece.size() > body_size_max_ - body_size_)
        return beast_http::error::body_limit;
    body_size_ += piece.size();
    body.append(piece.data(), piece.size());
    return {};
}

template <bool IsRequest>
void message_parser<IsRequest>::on_request_impl(beast_http::verb, text method_text, text target_text, int version_number,
                                                error_code&) {
    method = std::string_view(method_text);
    target = std::string_view(target_text);
    version = static_cast<unsigned>(version_number);
}

template <bool IsRequest>
void message_parser<IsRequest>::on_response_impl(int code, text, int version_number, error_code&) {
    status = static_cast<unsigned>(code);
    version = static_cast<unsigned>(version_number);
}

template <bool IsRequest>
void message_parser<IsRequest>::on_field_impl(beast_http::field, text name, text value, error_code& error) {
    // Trailers come this way too: nothing of ours reads one, and none may pass for a header.
    if (this->is_header_done())
        return;
    if (headers.size() == header_count_max)
        error = beast_http::error::header_limit;
    else
        headers.add(std::string(std::string_view(name)), std::string(std::string_view(value)));
}

template <bool IsRequest>
void message_parser<IsRequest>::on_header_impl(error_code&) {}

template <bool IsRequest>
void message_parser<IsRequest>::on_body_init_impl(const boost::optional<std::uint64_t>& content_length, error_code& error) {
    if (content_length && *content_length > body_size_max_)
        error = beast_http::error::body_limit;
    else if (content_length && body_size_max_ != unlimited)
        body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*content_length, reserve_max)));
}

template <bool IsRequest>
std::size_t message_parser<IsRequest>::on_body_impl(text piece, error_code& error) {
    error = take_body(piece);
    return piece.size();
}

template <bool IsRequest>
void message_parser<IsRequest>::on_chunk_header_impl(std::uint64_t size, text, error_code& error) {
    if (size > body_size_max_ - body_size_)
        error = beast_http::error::body_limit;
    chunk_left_ = size;
}

template <bool IsRequest>
std::size_t message_parser<IsRequest>::on_chunk_body_impl(std::uint64_t, text piece, error_code& error) {
    error = take_body(piece);
    chunk_left_ -= piece.size();
    return piece.size();
}

template <bool IsRequest>
void message_parser<IsRequest>::on_finish_impl(error_code&) {}

template class message_parser<true>;
template class message_parser<false>;

} // namespace proto_http
