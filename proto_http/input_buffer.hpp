#pragma once

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace proto_http {

/// Bytes that were read and not yet consumed, in one piece. Memory is taken with the first read and can be given back while
/// nothing is in it. Internal to this floor.
class input_buffer {
public:
    static constexpr std::size_t first_size = 4 * 1024;
    static constexpr std::size_t read_size_max = 32 * 1024;

    std::string_view data() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
    bool empty() const noexcept { return begin_ == end_; }

    /// Room for the next read; grows when full.
    boost::asio::mutable_buffer prepare() {
        if (begin_ == end_)
            begin_ = end_ = 0;
        if (end_ == size_)
            make_room();
        return {data_.get() + end_, std::min(size_ - end_, read_size_max)};
    }

    /// A read that filled all the room is the sign of more to come: the next one gets more room.
    void commit(std::size_t count) noexcept { end_ += count; }
    void consume(std::size_t count) noexcept { begin_ += count; }

    void append(std::string_view text) {
        while (size_ - end_ < text.size())
            make_room();
        std::memcpy(data_.get() + end_, text.data(), text.size());
        end_ += text.size();
    }

    /// Gives the memory back if nothing is in it.
    void release() noexcept {
        if (!empty())
            return;
        data_.reset();
        begin_ = end_ = size_ = 0;
    }

private:
    void make_room() {
        auto count = end_ - begin_;
        auto size = begin_ > size_ / 2 ? size_ : std::max(first_size, size_ * 2);
        // Not value-initialised: it is about to be read into.
        std::unique_ptr<char[]> moved(new char[size]);
        if (count != 0)
            std::memcpy(moved.get(), data_.get() + begin_, count);
        data_ = std::move(moved);
        size_ = size;
        begin_ = 0;
        end_ = count;
    }

    std::unique_ptr<char[]> data_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t size_ = 0;
};

} // namespace proto_http
