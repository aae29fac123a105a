#include "simulation/trace.hpp"

#include <cstdio>

namespace simulation {

namespace {

/// Every timeline begins at one hour.
constexpr auto origin = std::chrono::hours(1);

} // namespace

void trace::take() {
    auto add = [this](std::uint64_t value) { hash_ = (hash_ ^ value) * 1099511628211u; };
    add(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    for (char c : text_)
        add(static_cast<unsigned char>(c));
    if (prints())
        print(text_);
}

void trace::note(std::string_view text) {
    if (prints())
        print(text);
}

void trace::print(std::string_view text) const {
    auto since = std::chrono::duration<double>(now_.time_since_epoch() - origin).count();
    fmt::print(stdout, "{:>10.3f}  {}\n", since, text);
}

} // namespace simulation
