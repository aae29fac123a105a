#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace k8s {

/// Cuts a streamed body into lines, whatever the pieces are. A line that lies within one piece is not copied. What follows the
/// last newline is kept for the next piece, and forgotten with the splitter: half a line is never a line.
class line_splitter {
public:
    explicit line_splitter(std::size_t line_size_max) : line_size_max_(line_size_max) {}

    /// The piece must stay valid until the last `next` on it; every line of the piece before must have been taken.
    void feed(std::string_view piece);

    /// The next whole line without its newline, empty lines left out. The view is valid until the next call of either function.
    std::optional<std::string_view> next();

    /// A line went over the limit: nothing more comes.
    bool too_long() const noexcept { return too_long_; }

private:
    std::size_t line_size_max_;
    std::string begun_; ///< the beginning of a line, from earlier pieces
    std::string_view piece_;
    bool begun_was_told_ = false;
    bool too_long_ = false;
};

} // namespace k8s
