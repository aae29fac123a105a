#pragma once

#include <string>
#include <string_view>
#include <vector>

// The `format` of a schema, as apiextensions-apiserver checks it: unknown ones are no constraint.

namespace devcluster {

/// Whether the format says something of values of these types ("date-time" of a string, "int32" of an integer). Of those that
/// kube-apiserver 1.36 knows some count as unknown: bsonobjectid, creditcard, hexcolor, isbn, mac, rgbcolor, ssn.
bool is_known_format(const std::vector<std::string>& types, std::string_view format);

/// Whether the text has the format; true for formats of numbers. Knowingly lenient: the rarer forms of email.
bool has_format(std::string_view format, std::string_view text);

} // namespace devcluster
