#include "controller/follow_files.hpp"

#include "proto_http/error.hpp"

namespace kh {

boost::asio::awaitable<void> follow_files(std::unique_ptr<proto_http::file_changes> changes, logger& log, std::string_view lost,
                                          std::function<void()> read_again) {
    for (;;) {
        const proto_http::result<void> changed = co_await changes->next();
        if (!changed && changed.error() == proto_http::errc::cancelled)
            co_return;
        if (!changed) {
            log.error(lost, {{"error", changed.error().message()}});
            co_return;
        }
        read_again();
    }
}

} // namespace kh
