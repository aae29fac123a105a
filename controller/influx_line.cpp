#include "controller/influx_line.hpp"

#include "proto_http/go_duration.hpp"
#include "proto_http/text.hpp"

#include <fmt/format.h>

#include <chrono>

namespace kh {

namespace {

/// The key of a series may have 64 KiB in all.
constexpr std::size_t errors_size_max = 4096;

/// A backslash is itself unless it stands before what it escapes, and nothing escapes it: at the end it would take what follows.
std::string_view without_last_backslashes(std::string_view text) {
    while (text.ends_with('\\'))
        text.remove_suffix(1);
    return text;
}

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
    for (const char c : without_last_backslashes(text)) {
        if (special.find(c) != std::string_view::npos)
            out += '\\';
        out += c;
    }
}

void append_tag(std::string& out, std::string_view name, std::string_view value) {
    const auto start = out.size();
    out.append(",").append(name).append("=");
    const auto empty = out.size();
    append_influx_tag_value(out, value);
    if (out.size() == empty) // the protocol has no empty tag
        out.resize(start);
}

/// Tags in the order of their bytes, as InfluxDB wants them.
void append_tags(std::string& out, const core::state_view& stored) {
    append_tag(out, "Errors", proto_http::cut_utf8(fmt::format("{}", fmt::join(stored.errors, ",")), errors_size_max));
    append_tag(out, "Name", stored.key.name);
    append_tag(out, "Namespace", stored.key.ns);
}

} // namespace

void append_influx_measurement(std::string& out, std::string_view text) {
    std::string name(proto_http::valid_utf8(text));
    for (char& c : name)
        if (static_cast<unsigned char>(c) <= ' ')
            c = '_';
    append_escaped(out, name, ",");
}

void append_influx_tag_value(std::string& out, std::string_view text) {
    append_escaped(out, proto_http::trim(proto_http::one_line(proto_http::valid_utf8(text), text.size() * 3)), ", =");
}

std::string influx_lines(const core::state_view& stored) {
    const std::string name = fmt::format("{}.{}", stored.key.name, stored.key.ns);
    const std::string time = stored.last_run ? fmt::format(" {}", *stored.last_run) : "";
    const auto duration = proto_http::parse_go_duration(stored.run_duration).value_or(std::chrono::nanoseconds{});
    std::string out;
    append_influx_measurement(out, name);
    append_tags(out, stored);
    out.append(stored.ok ? " value=1i" : " value=0i").append(time).append("\n");
    append_influx_measurement(out, "RunDuration." + name);
    append_tags(out, stored);
    out.append(fmt::format(" value={}", std::chrono::duration<double>(duration).count())).append(time).append("\n");
    return out;
}

} // namespace kh
