#include "proto_http/gzip.hpp"

#include "proto_http/ascii.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <zlib.h>

#include <cstdlib>

namespace proto_http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t slice_size = 128 * 1024; // about a millisecond at level 1
constexpr int window_bits_for_gzip = 15 + 16;  // zlib.h, deflateInit2

class deflater {
public:
    deflater() {
        is_ready_ = deflateInit2(&state_, Z_BEST_SPEED, Z_DEFLATED, window_bits_for_gzip, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    }
    ~deflater() {
        if (is_ready_)
            deflateEnd(&state_);
    }
    deflater(const deflater&) = delete;
    deflater& operator=(const deflater&) = delete;

    bool add(std::string_view text, bool is_last, std::string& to) {
        if (!is_ready_)
            return false;
        state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        state_.avail_in = static_cast<uInt>(text.size());
        int status = Z_OK;
        do {
            auto used = to.size();
            to.resize(used + deflateBound(&state_, state_.avail_in) + 64);
            state_.next_out = reinterpret_cast<Bytef*>(to.data() + used);
            state_.avail_out = static_cast<uInt>(to.size() - used);
            status = deflate(&state_, is_last ? Z_FINISH : Z_NO_FLUSH);
            to.resize(to.size() - state_.avail_out);
        } while (status == Z_OK && (state_.avail_in != 0 || is_last));
        return status == (is_last ? Z_STREAM_END : Z_OK);
    }

private:
    z_stream state_{};
    bool is_ready_ = false;
};

/// q=0 in any of its spellings: "0", "0.", "0.000".
bool is_refused(std::string_view parameters) {
    bool refused = false;
    ascii::split(parameters, ';', [&](std::string_view item) {
        auto mark = item.find('=');
        if (mark == std::string_view::npos || !ascii::equal(ascii::trim(item.substr(0, mark)), "q"))
            return true;
        auto value = ascii::trim(item.substr(mark + 1));
        refused = value.empty() || value.find_first_not_of("0.") == std::string_view::npos;
        return false;
    });
    return refused;
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding) {
    bool by_star = false;
    bool by_name = false;
    bool is_named = false;
    ascii::split(accept_encoding, ',', [&](std::string_view item) {
        auto mark = item.find(';');
        auto coding = ascii::trim(item.substr(0, mark));
        bool allowed = mark == std::string_view::npos || !is_refused(item.substr(mark + 1));
        if (ascii::equal(coding, "gzip") || ascii::equal(coding, "x-gzip")) {
            is_named = true;
            by_name = allowed;
        } else if (coding == "*") {
            by_star = allowed;
        }
        return true;
    });
    return is_named ? by_name : by_star;
}

asio::awaitable<body_compressor::body> body_compressor::compress(body plain) {
    for (auto& known : recent_)
        if (known.compressed && known.plain.lock() == plain)
            co_return known.compressed;
    deflater with;
    std::string text;
    std::string_view rest(*plain);
    while (true) {
        auto slice = rest.substr(0, slice_size);
        rest.remove_prefix(slice.size());
        if (!with.add(slice, rest.empty(), text))
            co_return nullptr;
        if (rest.empty())
            break;
        co_await asio::post(rt_.executor(), asio::use_awaitable);
    }
    if (text.size() >= plain->size())
        co_return nullptr;
    text.shrink_to_fit();
    auto compressed = std::make_shared<const std::string>(std::move(text));
    // Bodies that have gone give their place, and their memory, first.
    for (auto& known : recent_)
        if (known.plain.expired())
            known.compressed.reset();
    auto& place = recent_[next_++ % recent_.size()];
    place.plain = plain;
    place.compressed = compressed;
    co_return compressed;
}

} // namespace proto_http
