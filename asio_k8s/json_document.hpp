#pragma once

#include "proto_http/error.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace k8s {

/// A JSON value that was parsed as a whole, to be read. All of it lies in one block of memory of its own, which goes at once with
/// the document: nothing in it is counted or freed one by one. Copy what is to live longer: a copy of a boost::json value is made
/// where the original lies unless it is told otherwise, `json::value(copied, json::storage_ptr())`.
class json_document {
public:
    json_document() = default; ///< null
    /// A value that is there already, wherever it lies.
    json_document(boost::json::value value) noexcept : value_(std::move(value)) {}
    json_document(json_document&& other) noexcept : memory_(std::move(other.memory_)), value_(std::move(other.value_)) {}
    json_document& operator=(json_document&& other) noexcept;
    ~json_document() = default;

    /// At most `nesting_max` levels. What is wrong with the text comes as an error of Boost.JSON.
    static json_document parse(std::string_view text, proto_http::error_code& failure);

    const boost::json::value& value() const noexcept { return value_; }
    operator const boost::json::value&() const noexcept { return value_; }

private:
    std::unique_ptr<boost::json::monotonic_resource> memory_;
    boost::json::value value_; ///< lies in the memory
};

} // namespace k8s
