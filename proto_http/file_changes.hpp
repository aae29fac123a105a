#pragma once

#include "proto_http/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace proto_http {

/// Tells when files are written, replaced, made or removed, or when a link or folder on the way to them is (inotify on every
/// folder of that way): an editor replaces a file by another, a ConfigMap volume swaps a link in front of it. Part of the system,
/// like system_runtime.
class file_changes {
public:
    /// Neither the files nor their folders need exist. Errors: the system's code.
    static result<std::unique_ptr<file_changes>> watch(boost::asio::io_context& context, const std::vector<std::string>& paths);
    virtual ~file_changes() = default;

    /// Waits for a change, a moment longer for those that belong to it, and until nobody has one of the files half written: one
    /// that is written in place is empty for a while. Which file it was is not told: read them. Errors: errc::cancelled, or the
    /// system's code.
    virtual boost::asio::awaitable<result<void>> next() = 0;
};

} // namespace proto_http
