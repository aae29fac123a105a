#pragma once

#include "proto_http/server.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// From a request line to a route. Internal to this floor; no I/O.

namespace proto_http {

struct target_parts {
    std::string path; ///< percent-decoded
    std::string query;
};

/// Splits a target in origin form ("/a?b"), absolute form ("http://host/a?b") or "*". Nothing for anything else, for a bad
/// percent-encoding and for a NUL in the path.
std::optional<target_parts> split_target(std::string_view target);

class router {
public:
    struct match {
        const route* by_path = nullptr; ///< a route that has the path, whatever its methods
        const route* found = nullptr;   ///< the route that has the method as well
        std::string allow;              ///< the methods of the path; set where only the method does not match
    };

    explicit router(std::vector<route> routes) : routes_(std::move(routes)) {}

    /// A route for GET takes HEAD as well.
    match find(std::string_view method, std::string_view path) const;

private:
    match find_listed(std::string_view method, std::string_view listed_path) const;

    std::vector<route> routes_;
};

} // namespace proto_http
