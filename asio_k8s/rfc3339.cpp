#include "asio_k8s/rfc3339.hpp"

#include <fmt/compile.h>

#include <algorithm>
#include <chrono>

namespace k8s {

namespace {

constexpr std::int64_t year_1 = -62'135'596'800;      // 0001-01-01T00:00:00Z
constexpr std::int64_t end_of_9999 = 253'402'300'799; // 9999-12-31T23:59:59Z

// Reads from the front; after the first thing that does not fit, everything fails.
struct reader {
    std::string_view rest;
    bool good = true;

    int number(std::size_t digits, int low, int high) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            const char c = rest.size() > i ? rest[i] : '\0';
            if (c < '0' || c > '9') {
                good = false;
                return low;
            }
            value = value * 10 + (c - '0');
        }
        rest.remove_prefix(digits);
        good = good && value >= low && value <= high;
        return value;
    }

    bool take(char c) {
        if (rest.empty() || rest.front() != c)
            return false;
        rest.remove_prefix(1);
        return true;
    }

    void expect(char c) { good = take(c) && good; }

    void skip_fraction() {
        if (!take('.'))
            return;
        const auto size = std::min(rest.find_first_not_of("0123456789"), rest.size());
        good = good && size > 0;
        rest.remove_prefix(size);
    }

    /// Seconds east of UTC.
    int offset() {
        if (take('Z'))
            return 0;
        const int sign = take('-') ? -1 : (expect('+'), 1);
        const int hours = number(2, 0, 23);
        expect(':');
        return sign * (hours * 3600 + number(2, 0, 59) * 60);
    }
};

} // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    reader in{text};
    const int year_number = in.number(4, 1, 9999);
    in.expect('-');
    const int month_number = in.number(2, 1, 12);
    in.expect('-');
    const int day_number = in.number(2, 1, 31);
    in.expect('T');
    const int hour = in.number(2, 0, 23);
    in.expect(':');
    const int minute = in.number(2, 0, 59);
    in.expect(':');
    const int second = in.number(2, 0, 59);
    in.skip_fraction();
    const int offset = in.offset();
    const year_month_day date{year(year_number), month(static_cast<unsigned>(month_number)),
                              day(static_cast<unsigned>(day_number))};
    if (!in.good || !in.rest.empty() || !date.ok())
        return std::nullopt;
    const std::int64_t midnight = sys_days(date).time_since_epoch() / seconds(1);
    return midnight + hour * 3600 + minute * 60 + second - offset;
}

std::string format_rfc3339(std::int64_t value) {
    using namespace std::chrono;
    const sys_seconds moment{seconds(std::clamp(value, year_1, end_of_9999))};
    const auto midnight = floor<days>(moment);
    const year_month_day date{midnight};
    const hh_mm_ss time{moment - midnight};
    return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z"), static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count());
}

} // namespace k8s
