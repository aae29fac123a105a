#pragma once

#include "controller/log.hpp"
#include "proto_http/file_changes.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace kh {

/// Calls `read_again` after each change that `changes` tells, until cancelled. If nothing more can be told, it says `lost` in the
/// log and ends. The logger, and what `lost` refers to, must outlive it.
boost::asio::awaitable<void> follow_files(std::unique_ptr<proto_http::file_changes> changes, logger& log, std::string_view lost,
                                          std::function<void()> read_again);

} // namespace kh
