#pragma once

#include <string>
#include <string_view>
#include <vector>

// Requests and responses as values, above Beast.

namespace proto_http {

struct header {
    std::string name;
    std::string value;

    bool operator==(const header&) const = default;
};

class header_list {
public:
    header_list() = default;
    header_list(std::initializer_list<header> items) : items_(items) {}

    /// The value of the first header of that name (in any case), or an empty text.
    std::string_view get(std::string_view name) const noexcept;
    bool has(std::string_view name) const noexcept;

    void add(std::string name, std::string value);
    /// Replaces every header of that name by one.
    void set(std::string name, std::string value);

    auto begin() const noexcept { return items_.begin(); }
    auto end() const noexcept { return items_.end(); }
    std::size_t size() const noexcept { return items_.size(); }

    bool operator==(const header_list&) const = default;

private:
    std::vector<header> items_;
};

struct request {
    std::string method = "GET";
    std::string target = "/"; ///< origin form: path and query
    header_list headers;
    std::string body;
    /// A request that may be sent again if a kept connection turns out to be dead before a byte of the answer.
    bool replayable = false;
};

struct response {
    unsigned status = 0;
    header_list headers;
    std::string body;
};

} // namespace proto_http
