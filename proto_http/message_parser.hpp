#pragma once

#include "proto_http/message.hpp"
#include "proto_http/result.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

// Beast's sans-I/O parser, filling our own values. Internal to this floor, for .cpp files only.

namespace proto_http {

/// One message. Feed it what was read; look at the header when it is there; go on feeding for the body.
template <bool IsRequest>
class message_parser final : public boost::beast::http::basic_parser<IsRequest> {
public:
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    explicit message_parser(std::size_t header_size_max, std::size_t body_size_max = unlimited);

    /// Takes what it can and returns its size: never beyond the header in the call that completes it, never beyond the message.
    /// Errors: errc::header_too_large (also for more than 128 headers), errc::body_too_large, errc::malformed. `cause` then has
    /// Beast's own word.
    result<std::size_t> feed(std::string_view data);

    /// The stream has ended. Errors: errc::closed in the middle of a message.
    result<void> feed_end();

    void limit_body(std::size_t size_max) noexcept { body_size_max_ = size_max; }

    std::string method;
    std::string target;
    unsigned version = 0; ///< 10 or 11; 0 until the first line has been read
    unsigned status = 0;
    header_list headers;
    std::string body; ///< what has come of it and has not been taken away
    error_code cause;

private:
    using base = boost::beast::http::basic_parser<IsRequest>;
    using text = boost::beast::string_view;

    error_code meaning_of(error_code error);
    error_code take_body(text piece);
    bool lacks_chunk_header(std::string_view rest) const;

    void on_request_impl(boost::beast::http::verb, text method_text, text target_text, int version_number,
                         error_code& error) override;
    void on_response_impl(int code, text reason, int version_number, error_code& error) override;
    void on_field_impl(boost::beast::http::field, text name, text value, error_code& error) override;
    void on_header_impl(error_code& error) override;
    void on_body_init_impl(const boost::optional<std::uint64_t>& content_length, error_code& error) override;
    std::size_t on_body_impl(text piece, error_code& error) override;
    void on_chunk_header_impl(std::uint64_t size, text extensions, error_code& error) override;
    std::size_t on_chunk_body_impl(std::uint64_t remain, text piece, error_code& error) override;
    void on_finish_impl(error_code& error) override;

    std::size_t header_size_max_;
    std::size_t header_size_ = 0;
    std::size_t body_size_max_;
    std::size_t body_size_ = 0;
    std::uint64_t chunk_left_ = 0;
};

using request_parser = message_parser<true>;
using response_parser = message_parser<false>;

extern template class message_parser<true>;
extern template class message_parser<false>;

} // namespace proto_http
