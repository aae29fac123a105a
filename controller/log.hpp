#pragma once

#include "proto_http/time.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Log lines are a constant message and key/value fields. Decisions log through this interface, so that tests can assert the
// lines. Never log a secret: KH_RUN_UUID, tokens and report bodies have no place in a field.

namespace kh {

/// The levels of logrus, which v2's `logLevel` names; the worst first.
enum class log_level { panic, fatal, error, warning, info, debug, trace };

/// "panic", "fatal", "error", "warning", "info", "debug", "trace".
std::string_view to_text(log_level value);
/// Also "warn", and any case, as logrus.
std::optional<log_level> log_level_from_text(std::string_view text);

enum class log_format { text, json };

/// A value of a field; a view: it must outlive the call only.
using log_value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

struct log_field {
    std::string_view key;
    log_value value;

    log_field(std::string_view k, std::string_view v) : key(k), value(v) {}
    log_field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
    log_field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
    log_field(std::string_view k, bool v) : key(k), value(v) {}
    template <std::signed_integral T>
    log_field(std::string_view k, T v) : key(k), value(std::int64_t{v}) {}
    template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>) log_field(std::string_view k, T v) : key(k), value(std::uint64_t{v}) {}
    template <std::floating_point T>
    log_field(std::string_view k, T v) : key(k), value(double{v}) {}
};

class logger {
public:
    virtual ~logger() = default;

    log_level level() const { return level_; }
    void set_level(log_level value) { level_ = value; }
    bool enabled(log_level value) const { return value <= level_; }

    void log(log_level value, std::string_view message, std::initializer_list<log_field> fields = {}) {
        if (enabled(value))
            write(value, message, std::span(fields.begin(), fields.size()));
    }
    void log(log_level value, std::string_view message, std::span<const log_field> fields) {
        if (enabled(value))
            write(value, message, fields);
    }
    void error(std::string_view message, std::initializer_list<log_field> fields = {}) { log(log_level::error, message, fields); }
    void warning(std::string_view message, std::initializer_list<log_field> fields = {}) {
        log(log_level::warning, message, fields);
    }
    void info(std::string_view message, std::initializer_list<log_field> fields = {}) { log(log_level::info, message, fields); }
    void debug(std::string_view message, std::initializer_list<log_field> fields = {}) { log(log_level::debug, message, fields); }

private:
    virtual void write(log_level value, std::string_view message, std::span<const log_field> fields) = 0;

    log_level level_ = log_level::info;
};

/// Logs lines to standard error. `clock` gives the time of a line (the runtime's wall clock); it must outlive the logger.
std::unique_ptr<logger> make_stderr_logger(log_format format, std::function<proto_http::wall_time()> clock);

/// One line without its end: `time="2026-11-23T13:54:43.123Z" level=info msg="run started" check=ns/name`, or the same as a JSON
/// object.
std::string format_log_line(log_format format, proto_http::wall_time time, log_level value, std::string_view message,
                            std::span<const log_field> fields);

/// Keeps the lines; for tests.
class capture_log final : public logger {
public:
    struct line {
        log_level level;
        std::string message;
        std::map<std::string, std::string> fields; ///< values as text
    };

    capture_log() { set_level(log_level::trace); }
    const std::vector<line>& lines() const { return lines_; }
    std::size_t count(std::string_view message) const;
    void clear() { lines_.clear(); }

private:
    void write(log_level value, std::string_view message, std::span<const log_field> fields) override;

    std::vector<line> lines_;
};

/// Lets one line per key and period through and counts the others. Pure. Beyond `keys_max` keys, new ones share one budget.
class log_limiter {
public:
    explicit log_limiter(proto_http::duration period, std::size_t keys_max = 1024) : period_(period), keys_max_(keys_max) {}

    /// How many lines of this key were held back since the last one let through; no value: hold this one back as well.
    std::optional<std::uint64_t> allow(std::string_view key, proto_http::time_point now);

private:
    struct record {
        proto_http::time_point next;
        std::uint64_t suppressed = 0;
    };

    void forget_idle(proto_http::time_point now);

    proto_http::duration period_;
    std::size_t keys_max_;
    std::map<std::string, record, std::less<>> records_;
};

} // namespace kh
