#include "tools/devcluster/check/status_set.hpp"

#include "proto_http/ascii.hpp"

#include <algorithm>
#include <charconv>

namespace devcluster {

namespace ascii = proto_http::ascii;

namespace {

std::optional<unsigned> read_status(std::string_view text) {
    text = ascii::trim(text);
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 100 || value > 599)
        return std::nullopt;
    return value;
}

} // namespace

std::optional<status_set> status_set::parse(std::string_view text) {
    status_set made;
    made.text_ = text;
    bool is_good = true;
    ascii::split(text, ',', [&](std::string_view item) {
        auto dash = item.find('-');
        auto first = read_status(item.substr(0, dash));
        auto last = dash == std::string_view::npos ? first : read_status(item.substr(dash + 1));
        is_good = first && last && *first <= *last;
        if (is_good)
            made.ranges_.emplace_back(*first, *last);
        return is_good;
    });
    return is_good ? std::optional(std::move(made)) : std::nullopt;
}

bool status_set::contains(unsigned status) const noexcept {
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [&](const auto& range) { return range.first <= status && status <= range.second; });
}

} // namespace devcluster
