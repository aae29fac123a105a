#include "fuzz/fuzz_input.hpp"
#include "proto_http/message_parser.hpp"

namespace {

constexpr std::size_t header_size_max = 4 * 1024;
constexpr std::size_t body_size_max = 16 * 1024;

/// Fed as the sessions do it: what the parser leaves comes again with what was read next. Pieces of so many bytes.
template <bool IsRequest>
std::string told(std::string_view stream, std::size_t piece_size) {
    proto_http::message_parser<IsRequest> parser(header_size_max, body_size_max);
    std::size_t begin = 0;
    std::size_t end = 0;
    proto_http::error_code error;
    while (!error && !parser.is_done()) {
        auto fed = parser.feed(stream.substr(begin, end - begin));
        if (!fed) {
            error = fed.error();
            break;
        }
        fuzz::require(*fed <= end - begin, "it takes no more than there is");
        begin += *fed;
        if (*fed > 0 && begin < end)
            continue; // the header, and then the body
        if (end == stream.size()) {
            if (auto ended = parser.feed_end(); !ended)
                error = ended.error();
            break;
        }
        end = std::min(end + piece_size, stream.size());
    }
    fuzz::require(parser.body.size() <= body_size_max, "a body is bounded");
    // Which one depends on the pieces: what is malformed can be told from a message that only ends too soon.
    if (error)
        return "an error";
    auto made = fmt::format("{} {} {} {}\n", parser.method, parser.target, parser.status, parser.version);
    for (const auto& header : parser.headers) {
        fuzz::require(header.value.find_first_of("\r\n") == std::string::npos, "a header ends with its line");
        made += fmt::format("{}: {}\n", header.name, header.value);
    }
    return fmt::format("{}\n{}\n{} bytes", made, parser.body, begin);
}

template <bool IsRequest>
void compare(std::string_view stream) {
    auto whole = told<IsRequest>(stream, std::max<std::size_t>(stream.size(), 1));
    for (std::size_t piece_size : {1U, 3U, 17U})
        fuzz::require_equal(told<IsRequest>(stream, piece_size), whole, "a message does not depend on its pieces");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto stream = fuzz::input(data, size).rest();
    compare<true>(stream);
    compare<false>(stream);
    return 0;
}
