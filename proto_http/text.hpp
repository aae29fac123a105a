#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Small decisions about text that came from outside. Pure.

namespace proto_http {

/// The longest prefix of at most `size_max` bytes that does not end inside a UTF-8 sequence.
std::string_view cut_utf8(std::string_view text, std::size_t size_max);

/// `cut_utf8` to `size_max` bytes, marker included, where the text is longer: "a very long te… (cut)". Idempotent.
std::string cut_and_mark(std::string_view text, std::size_t size_max);

/// One line of at most `size_max` bytes: runs of white space and control characters become one space.
std::string one_line(std::string_view text, std::size_t size_max);

/// Without white space (as Go's strings.TrimSpace of ASCII) at both ends.
std::string_view trim(std::string_view text);

/// The length of the well-formed UTF-8 sequence that `text` starts with; 0 where there is none.
std::size_t utf8_sequence_size(std::string_view text);

/// Whether all of it is well-formed.
bool is_utf8(std::string_view text);

/// Bytes that are not UTF-8 become U+FFFD, one each, as Go's encoding/json writes them.
std::string valid_utf8(std::string_view text);

} // namespace proto_http
