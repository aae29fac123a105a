#pragma once

#include "tools/devcluster/api/body.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

// What the fuzz targets have in common. A target is one function; libFuzzer calls it with inputs that it invents, the replay
// program (replay.cpp) with the files of the corpus. A finding is a crash, a report of a sanitizer, or an exception that escapes.

namespace fuzz {

/// Several texts in one input, apart by a line "%%", so that corpus files can be read and written by hand.
class input {
public:
    input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

    /// The next text; empty where there is none.
    std::string_view next() {
        constexpr std::string_view mark = "\n%%\n";
        auto end = rest_.find(mark);
        auto text = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + mark.size());
        return text;
    }

    bool empty() const noexcept { return rest_.empty(); }
    /// All that is left, marks included.
    std::string_view rest() const noexcept { return rest_; }

private:
    std::string_view rest_;
};

/// An invariant that must hold for every input.
inline void require(bool holds, std::string_view what) {
    if (!holds)
        throw std::logic_error(fmt::format("not so: {}", what));
}

/// ... with what is to be seen in the report.
inline void require_equal(std::string_view left, std::string_view right, std::string_view what) {
    if (left != right)
        throw std::logic_error(fmt::format("not so: {}\n  left:  {}\n  right: {}", what, left, right));
}

/// As the embedded API server reads bodies.
inline std::optional<boost::json::value> parse_json(std::string_view text) {
    auto value = devcluster::parse_json(text);
    return value ? std::optional(std::move(*value)) : std::nullopt;
}

inline std::optional<boost::json::object> parse_object(std::string_view text) {
    auto value = parse_json(text);
    return value && value->is_object() ? std::optional(std::move(value->get_object())) : std::nullopt;
}

/// Other programs read it: JSON, and so UTF-8.
inline void require_json(std::string_view text, std::string_view what) {
    boost::json::parse_options options;
    options.max_depth = 2'000;
    boost::system::error_code failure;
    boost::json::parse(text, failure, {}, options);
    if (failure)
        throw std::logic_error(fmt::format("not JSON ({}): {}: {}", failure.message(), what, text));
}

} // namespace fuzz
