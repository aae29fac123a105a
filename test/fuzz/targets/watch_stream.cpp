#include "asio_k8s/error.hpp"
#include "asio_k8s/line_splitter.hpp"
#include "asio_k8s/seen_objects.hpp"
#include "asio_k8s/status.hpp"
#include "asio_k8s/watch_event.hpp"
#include "fuzz/fuzz_input.hpp"
#include "fuzz/json_doubles.hpp"

#include <cmath>
#include <vector>

namespace {

constexpr std::size_t line_size_max = 512; // inputs are short

struct lines {
    std::vector<std::string> found;
    bool too_long = false;

    bool operator==(const lines&) const = default;
};

void take(k8s::line_splitter& from, std::string_view piece, lines& into) {
    from.feed(piece);
    while (auto line = from.next())
        into.found.emplace_back(*line);
}

/// In pieces of so many bytes.
lines split(std::string_view stream, std::size_t piece_size) {
    k8s::line_splitter splitter(line_size_max);
    lines made;
    for (std::size_t at = 0; at < stream.size(); at += piece_size)
        take(splitter, stream.substr(at, piece_size), made);
    made.too_long = splitter.too_long();
    return made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto stream = fuzz::input(data, size).rest();
    auto whole = split(stream, std::max<std::size_t>(size, 1));
    for (std::size_t piece_size : {1U, 7U})
        fuzz::require(split(stream, piece_size) == whole, "the lines do not depend on the pieces");

    k8s::watch_event_parser parser;
    for (const auto& line : whole.found) {
        fuzz::require(!line.empty() && line.size() <= line_size_max && line.find('\n') == std::string::npos, "a line is a line");
        auto event = parser.parse(line);
        if (event.has_error()) {
            fuzz::require(event.error() == k8s::errc::malformed, "what is no event is malformed");
            continue;
        }
        if (event->kind == k8s::watch_event_kind::error)
            fuzz::require(k8s::error_from_status(*event->object).http_status != 0, "a Status is an answer");
        // Infinity cannot be written as JSON; nobody does with an object as a whole.
        if (!fuzz::has_double(*event->object, [](double number) { return !std::isfinite(number); }))
            fuzz::require_json(boost::json::serialize(*event->object), "an event's object is JSON");
    }
    return 0;
}
