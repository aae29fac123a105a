#include "controller/log.hpp"

#include "controller/exposition.hpp"
#include "proto_http/text.hpp"

#include <fmt/format.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

namespace kh {

namespace {

constexpr std::array<std::pair<log_level, std::string_view>, 7> level_names{{
    {log_level::panic, "panic"},
    {log_level::fatal, "fatal"},
    {log_level::error, "error"},
    {log_level::warning, "warning"},
    {log_level::info, "info"},
    {log_level::debug, "debug"},
    {log_level::trace, "trace"},
}};

constexpr std::size_t text_value_size_max = 4096;

// Milliseconds are enough to order lines and short enough to read.
std::string timestamp(proto_http::wall_time time) {
    using namespace std::chrono;
    const auto midnight = floor<days>(time);
    const year_month_day date{midnight};
    const hh_mm_ss clock{floor<milliseconds>(time - midnight)};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string plain(const log_value& value) {
    return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

void append_json_value(std::string& out, const log_value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value))
        append_go_json_string(out, *text);
    else if (const auto* number = std::get_if<double>(&value); number != nullptr && !std::isfinite(*number))
        out += "null";
    else
        out += plain(value);
}

// logrus leaves simple values bare.
bool is_bare(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._/@^+:").find(c) != std::string_view::npos;
    });
}

void append_text_value(std::string& out, std::string_view text) {
    if (is_bare(text))
        out += text;
    else
        append_go_json_string(out, text);
}

class stderr_logger final : public logger {
public:
    stderr_logger(log_format format, std::function<proto_http::wall_time()> clock)
        : format_(format), clock_(std::move(clock)), out_("kuberhealthy", std::make_shared<spdlog::sinks::stderr_sink_st>()) {
        out_.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
        out_.set_level(spdlog::level::trace); // the level is decided before
        out_.flush_on(spdlog::level::trace);
    }

private:
    void write(log_level value, std::string_view message, std::span<const log_field> fields) override {
        const auto time = clock_();
        const auto line = format_log_line(format_, time, value, message, fields);
        // The time is given along, so that spdlog reads no clock of its own.
        out_.log(std::chrono::time_point_cast<spdlog::log_clock::duration>(time), spdlog::source_loc{}, spdlog::level::info,
                 spdlog::string_view_t(line.data(), line.size()));
    }

    log_format format_;
    std::function<proto_http::wall_time()> clock_;
    spdlog::logger out_;
};

} // namespace

std::string_view to_text(log_level value) {
    for (const auto& [known, name] : level_names)
        if (known == value)
            return name;
    return "unknown";
}

std::optional<log_level> log_level_from_text(std::string_view text) {
    std::string lower(text);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    if (lower == "warn")
        return log_level::warning;
    for (const auto& [known, name] : level_names)
        if (name == lower)
            return known;
    return std::nullopt;
}

std::string format_log_line(log_format format, proto_http::wall_time time, log_level value, std::string_view message,
                            std::span<const log_field> fields) {
    std::string out;
    if (format == log_format::json) {
        out = fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"msg\":", timestamp(time), to_text(value));
        append_go_json_string(out, message);
        for (const auto& field : fields) {
            out += ',';
            append_go_json_string(out, field.key);
            out += ':';
            append_json_value(out, field.value);
        }
        return out += '}';
    }
    out = fmt::format("time=\"{}\" level={} msg=", timestamp(time), to_text(value));
    append_go_json_string(out, message);
    for (const auto& field : fields) {
        out.append(" ").append(field.key).append("=");
        append_text_value(out, proto_http::cut_and_mark(plain(field.value), text_value_size_max));
    }
    return out;
}

std::unique_ptr<logger> make_stderr_logger(log_format format, std::function<proto_http::wall_time()> clock) {
    return std::make_unique<stderr_logger>(format, std::move(clock));
}

std::size_t capture_log::count(std::string_view message) const {
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(), [message](const line& item) { return item.message == message; }));
}

void capture_log::write(log_level value, std::string_view message, std::span<const log_field> fields) {
    line item{value, std::string(message), {}};
    for (const auto& field : fields)
        item.fields[std::string(field.key)] = plain(field.value);
    lines_.push_back(std::move(item));
}

std::optional<std::uint64_t> log_limiter::allow(std::string_view key, proto_http::time_point now) {
    auto at = records_.find(key);
    if (at == records_.end()) {
        forget_idle(now);
        // A flood of new keys must not cost memory, nor lines.
        const auto shared = records_.size() < keys_max_ ? key : std::string_view();
        at = records_.find(shared);
        if (at == records_.end()) {
            records_.emplace(shared, record{now + period_, 0});
            return 0;
        }
    }
    auto& found = at->second;
    if (now < found.next) {
        ++found.suppressed;
        return std::nullopt;
    }
    found.next = now + period_;
    return std::exchange(found.suppressed, 0);
}

void log_limiter::forget_idle(proto_http::time_point now) {
    if (records_.size() >= keys_max_)
        std::erase_if(records_, [this, now](const auto& item) { return now >= item.second.next + period_; });
}

} // namespace kh
