#include "tools/devcluster/node/log_stream.hpp"

#include <algorithm>
#include <limits>

namespace devcluster {

namespace asio = boost::asio;

namespace {

container_log::position start_of(const container_log& log, const log_request& what, proto_http::wall_time now) {
    auto at = log.begin();
    if (what.tail_lines)
        at = log.end() -
             std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(*what.tail_lines, 0)), log.end() - log.begin());
    if (what.since)
        at = std::max(at, log.since(now - *what.since));
    return at;
}

asio::awaitable<void> write_log(std::shared_ptr<container_log> log, log_request what, container_log::position at,
                                proto_http::body_writer& to) {
    // Whoever does not follow gets what there is now, not what a busy container writes meanwhile.
    auto end = what.follow ? std::numeric_limits<container_log::position>::max() : log->end();
    auto left = static_cast<std::size_t>(what.limit_bytes.value_or(std::numeric_limits<std::int64_t>::max()));
    while (left != 0) {
        auto piece = log->read(at, what.timestamps, end);
        if (piece.empty() && (!what.follow || log->is_closed()))
            co_return;
        if (piece.empty()) {
            if (auto error = co_await log->changed(); error)
                co_return;
            continue;
        }
        piece.resize(std::min(piece.size(), left));
        left -= piece.size();
        if (auto sent = co_await to.write(piece); !sent)
            co_return;
    }
}

} // namespace

proto_http::body_stream stream_log(proto_http::runtime& rt, std::shared_ptr<container_log> log, log_request what) {
    auto at = start_of(*log, what, rt.wall_now());
    return
        [log = std::move(log), what = std::move(what), at](proto_http::body_writer& to) { return write_log(log, what, at, to); };
}

} // namespace devcluster
