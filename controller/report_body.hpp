#pragma once

#include "controller/core/types.hpp"

#include <optional>
#include <string>
#include <string_view>

// The body of a report (v2's /externalCheckStatus): {"OK":false,"Errors":["…"]}. Pure.

namespace kh {

struct report_parse {
    std::optional<core::report_content> content;
    std::string reason; ///< without content: one sentence for people, which never quotes the body
};

/// Reads a report by the rules of Go's encoding/json: one JSON object, OK and Errors in any case, the last of several counts,
/// other members are ignored, null is as if absent. Refused: data after the object, wrong types, invalid UTF-8, nesting deeper
/// than 32, OK=false without errors, blank errors, OK=true with errors.
report_parse parse_report(std::string_view body);

/// Sizes in bytes of what is stored of a report.
inline constexpr std::size_t report_errors_size_max = 64 * 1024; ///< all errors, with 3 bytes each for quotes and comma
inline constexpr std::size_t report_error_size_max = 4 * 1024;   ///< one error

/// What is stored of it: each error cut on a UTF-8 boundary and marked "… (cut)"; a list that is too long ends with an element
/// that says how many errors are missing. Idempotent.
core::report_content bound_report(core::report_content content);

} // namespace kh
