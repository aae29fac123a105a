#include "asio_k8s/line_splitter.hpp"

namespace k8s {
namespace {

/// One huge object must not pin its memory for the life of the watch.
constexpr std::size_t kept_capacity_max = 64 * 1024;

} // namespace

void line_splitter::feed(std::string_view piece) {
    piece_ = piece;
}

std::optional<std::string_view> line_splitter::next() {
    if (begun_was_told_) {
        begun_was_told_ = false;
        begun_.clear();
        if (begun_.capacity() > kept_capacity_max)
            begun_.shrink_to_fit();
    }
    while (!too_long_ && !piece_.empty()) {
        auto end = piece_.find('\n');
        auto part = piece_.substr(0, end);
        if (begun_.size() + part.size() > line_size_max_) {
            too_long_ = true;
            break;
        }
        piece_.remove_prefix(end == std::string_view::npos ? piece_.size() : end + 1);
        if (end == std::string_view::npos) {
            begun_.append(part);
            break;
        }
        if (begun_.empty()) {
            if (part.empty())
                continue;
            return part;
        }
        begun_.append(part);
        begun_was_told_ = true;
        return std::string_view(begun_);
    }
    return std::nullopt;
}

} // namespace k8s
