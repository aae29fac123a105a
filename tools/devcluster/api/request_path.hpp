#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a request asks for, by its path and query (Kubernetes API concepts, "Resource URIs"). Pure.

namespace devcluster {

struct request_path {
    std::string group;
    std::string version;
    std::string ns; ///< empty: cluster-wide, or all namespaces
    std::string plural;
    std::string name; ///< empty: the collection
    std::string subresource;
};

/// "/api/v1/namespaces/NS/pods/NAME/log", "/apis/G/V/PLURAL". Nothing for any other path.
std::optional<request_path> parse_request_path(std::string_view path);

/// A query string's parameters, percent-decoded.
class query_values {
public:
    explicit query_values(std::string_view query) : query_(query) {}

    std::string get(std::string_view name) const;
    bool has(std::string_view name) const;
    /// "", "true", "1": Go's strconv.ParseBool, as far as clients use it.
    bool is_true(std::string_view name) const;
    std::optional<long long> integer(std::string_view name) const;

private:
    std::string query_;
};

} // namespace devcluster
