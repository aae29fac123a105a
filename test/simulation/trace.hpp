#pragma once

#include "proto_http/time.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

// What happened, a line an event, with the virtual time. The lines are always hashed (two runs of one seed must have the same
// hash) and printed where somebody wants to read them.

namespace simulation {

class trace {
public:
    explicit trace(bool prints) : prints_(prints) {}

    void set_time(proto_http::time_point now) { now_ = now; }
    bool prints() const { return prints_; }

    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        text_.clear();
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        take();
    }

    /// Only for readers: not hashed.
    void note(std::string_view text);

    std::uint64_t hash() const { return hash_; }
    std::uint64_t lines() const { return lines_; }

private:
    void take();
    void print(std::string_view text) const;

    bool prints_;
    proto_http::time_point now_{};
    std::string text_;
    std::uint64_t hash_ = 14695981039346656037u;
    std::uint64_t lines_ = 0;
};

} // namespace simulation
