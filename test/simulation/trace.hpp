#pragma once

#include "proto_http/time.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

// What happened, a line an event, with the virtual time: for readers, for the hash by which two runs of one seed are compared, or
// for nobody, who gets them for nothing.

namespace simulation {

enum class trace_for { nobody, hash, reader };

class trace {
public:
    explicit trace(trace_for whom) : whom_(whom) {}

    void set_time(proto_http::time_point now) { now_ = now; }
    bool prints() const { return whom_ == trace_for::reader; }
    bool is_on() const { return whom_ != trace_for::nobody; }

    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        if (!is_on())
            return;
        text_.clear();
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        take();
    }

    /// Only for readers: not hashed.
    void note(std::string_view text);

    std::uint64_t hash() const { return hash_; }

private:
    void take();
    void print(std::string_view text) const;

    trace_for whom_;
    proto_http::time_point now_{};
    std::string text_;
    std::uint64_t hash_ = 14695981039346656037u;
};

} // namespace simulation
