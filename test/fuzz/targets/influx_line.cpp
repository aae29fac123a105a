#include "controller/influx_line.hpp"
#include "fuzz/fuzz_input.hpp"
#include "proto_http/text.hpp"

#include <algorithm>
#include <vector>

namespace {

/// As InfluxDB reads: what stands behind a backslash ends nothing.
std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == at && (i == 0 || text[i - 1] != '\\')) {
            parts.push_back(text.substr(start, i - start));
            start = i + 1;
        }
    parts.push_back(text.substr(start));
    return parts;
}

void check_line(std::string_view line) {
    const auto parts = split(line, ' ');
    fuzz::require(parts.size() == 3, "series, field and time");
    const auto series = split(parts[0], ',');
    fuzz::require(!series[0].empty(), "a measurement");
    std::string_view before;
    for (std::size_t i = 1; i < series.size(); ++i) {
        const auto tag = split(series[i], '=');
        fuzz::require(tag.size() == 2 && !tag[0].empty() && !tag[1].empty(), "a tag has a name and a value");
        fuzz::require(before < tag[0], "tags in order, each once");
        before = tag[0];
    }
    fuzz::require(parts[1].starts_with("value=") && parts[1].size() > 6, "one field");
    fuzz::require(parts[2] == "1700000000", "the time");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input input(data, size);
    kh::core::state_view state;
    state.key.ns = input.next();
    state.key.name = input.next();
    state.run_duration = input.next();
    while (!input.empty())
        state.errors.emplace_back(input.next());
    state.ok = state.errors.empty();
    state.last_run = 1'700'000'000;

    const std::string lines = kh::influx_lines(state);
    fuzz::require(std::count(lines.begin(), lines.end(), '\n') == 2 && lines.back() == '\n', "two lines");
    fuzz::require(proto_http::is_utf8(lines), "UTF-8");
    const auto middle = lines.find('\n');
    check_line(std::string_view(lines).substr(0, middle));
    check_line(std::string_view(lines).substr(middle + 1, lines.size() - middle - 2));
    return 0;
}
