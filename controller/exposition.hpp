#pragma once

#include <string>
#include <string_view>

// Escaping for the two texts that the status board writes. Pure.

namespace kh {

/// Appends `text` as Go's encoding/json writes a string, quotes included: <, > and & and U+2028/9 as \u escapes, invalid UTF-8 as
/// \ufffd.
void append_go_json_string(std::string& out, std::string_view text);

/// Appends the value of a label for the Prometheus text format: backslash, quote and line end escaped, invalid UTF-8 replaced.
void append_label_value(std::string& out, std::string_view text);

/// Appends a HELP text: backslash and line end escaped.
void append_help_text(std::string& out, std::string_view text);

} // namespace kh
