#pragma once

#include "tools/devcluster/api/store.hpp"

#include <functional>
#include <memory>
#include <string>

// Objects that survive a restart: a store's content in one SQLite file. Without it the same server forgets everything.

namespace devcluster {

class database {
public:
    /// Opens or makes the file, which only this user may read. Errors: a text with the path and SQLite's reason (another process
    /// has it open, it is no database, the disk is full).
    static boost::system::result<std::unique_ptr<database>, std::string> open(const std::string& path);
    virtual ~database() = default;

    /// Puts what was kept into an empty store. Errors: a text.
    virtual std::string restore(store& into) = 0;

    /// Keeps every change of the store from now on, each before its writer is answered: what was acknowledged survives the end of
    /// the process (not that of the machine). The store must not outlive the database.
    virtual void follow(store& from) = 0;

    /// Told when a change could not be kept.
    std::function<void(const std::string&)> on_error;
};

} // namespace devcluster
