#include "tools/devcluster/node/container_log.hpp"

#include "asio_k8s/rfc3339.hpp"
#include "proto_http/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace devcluster {

namespace {

constexpr std::size_t piece_size = 64 * 1024;

/// RFC 3339 with nanoseconds, as kubelet writes them.
std::string stamp(proto_http::wall_time at) {
    auto second = std::chrono::floor<std::chrono::seconds>(at);
    auto text = k8s::format_rfc3339(second.time_since_epoch().count());
    text.pop_back();
    return fmt::format("{}.{:09}Z ", text, (at - second).count());
}

} // namespace

container_log::container_log(proto_http::runtime& rt, std::size_t size_max) : rt_(rt), size_max_(size_max), changed_(rt) {}

void container_log::append(std::string_view bytes) {
    while (!bytes.empty()) {
        auto newline = bytes.find('\n');
        auto size = std::min(newline == std::string_view::npos ? bytes.size() : newline + 1, line_size_max - open_.size());
        open_ += bytes.substr(0, size);
        bytes.remove_prefix(size);
        if (open_.back() == '\n' || open_.size() == line_size_max)
            add(std::exchange(open_, {}));
    }
    tell();
}

void container_log::close() {
    if (!open_.empty())
        add(std::exchange(open_, {}) + '\n');
    is_closed_ = true;
    tell();
}

void container_log::add(std::string text) {
    size_ += text.size() + sizeof(line);
    lines_.push_back(line{rt_.wall_now(), std::move(text)});
    while (size_ > size_max_ && lines_.size() > 1) {
        size_ -= lines_.front().text.size() + sizeof(line);
        lines_.pop_front();
        ++dropped_;
    }
}

// Whoever waits is woken, and the next wait waits again: readers look for lines before they wait.
void container_log::tell() {
    changed_.set();
    changed_.reset();
}

container_log::position container_log::since(proto_http::wall_time at) const {
    auto first = std::partition_point(lines_.begin(), lines_.end(), [at](const line& each) { return each.at < at; });
    return dropped_ + static_cast<position>(first - lines_.begin());
}

std::string container_log::read(position& at, bool timestamps, position until) const {
    std::string text;
    at = std::max(at, dropped_);
    for (; at < std::min(end(), until) && text.size() < piece_size; ++at) {
        auto index = static_cast<std::size_t>(at - dropped_);
        bool is_continued = index > 0 && lines_[index - 1].text.back() != '\n';
        if (timestamps && !is_continued)
            text += stamp(lines_[index].at);
        text += lines_[index].text;
    }
    return text;
}

std::string container_log::tail(std::size_t lines, std::size_t size_max) const {
    std::string text;
    for (auto at = lines_.size() - std::min(lines, lines_.size()); at < lines_.size(); ++at)
        text += lines_[at].text;
    return proto_http::valid_utf8(std::string_view(text).substr(text.size() - std::min(text.size(), size_max)));
}

boost::asio::awaitable<proto_http::error_code> container_log::changed(proto_http::time_point deadline) {
    return changed_.wait(deadline);
}

} // namespace devcluster
